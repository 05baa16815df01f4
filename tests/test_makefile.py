"""`make` explains itself, and setting up needs only what it says, or says exactly what is missing.

The set-up script runs here against scripted `python3` and `uv` commands: nothing is installed.
"""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOOLS = ("sh", "cat", "cksum", "dirname", "rm", "tail", "mkdir", "chmod", "touch")
TARGETS = ("demo", "test", "check", "fix", "docs", "golden", "bench")

PYTHON = """#!{python}
import os, subprocess, sys
words = sys.argv[1:]
open({log!r}, "a").write("python " + " ".join(words) + chr(10))
if words[:1] == ["-c"]:
    if "version_info < (3, 11)" in words[1]:
        sys.exit({old})
    if "ensurepip" in words[1]:
        sys.exit({no_venv})
    if "version_info[:2]" in words[1]:
        print("3.11")
elif words[:1] == ["--version"]:
    print("Python 3.9.2")
elif words[:2] == ["-m", "venv"]:
    subprocess.run(["mkdir", "-p", ".venv/bin"])
    for name in ("python", "workerctl"):
        subprocess.run(["cp", sys.argv[0], ".venv/bin/" + name])
"""

UV = """#!{python}
import subprocess, sys
open({log!r}, "a").write("uv " + " ".join(sys.argv[1:]) + chr(10))
if sys.argv[1] == "venv":
    subprocess.run(["mkdir", "-p", ".venv/bin"])
    for name in ("python", "workerctl"):
        subprocess.run(["cp", {fake!r}, ".venv/bin/" + name])
sys.exit({code})
"""


class Machine:
    """A copy of the project's set-up files, and a PATH on which only scripted commands are."""

    def __init__(self, folder: Path) -> None:
        self.project = folder / "project"
        (self.project / ".ci").mkdir(parents=True)
        shutil.copy(ROOT / ".ci" / "setup", self.project / ".ci" / "setup")
        shutil.copy(ROOT / "pyproject.toml", self.project)
        self.bin = folder / "bin"
        self.bin.mkdir()
        for tool in (*TOOLS, "cp"):
            found = shutil.which(tool)
            assert found is not None
            (self.bin / tool).symlink_to(found)
        self.log = folder / "log"
        self.log.touch()

    def add_python(self, name: str = "python3", *, old: bool = False, no_venv: bool = False) -> Path:
        text = PYTHON.format(python=sys.executable, log=str(self.log), old=int(old), no_venv=int(no_venv))
        return self._script(name, text)

    def add_uv(self, code: int = 0) -> None:
        fake = str(self.add_python("python3"))
        self._script("uv", UV.format(python=sys.executable, log=str(self.log), fake=fake, code=code))

    def _script(self, name: str, text: str) -> Path:
        path = self.bin / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def set_up(self, **env: str) -> subprocess.CompletedProcess[str]:
        self.log.write_text("")
        return subprocess.run(
            [self.bin / "sh", ".ci/setup"],
            cwd=self.project,
            env={"PATH": str(self.bin), **env},
            capture_output=True,
            text=True,
            timeout=30,
        )

    @property
    def installed_with(self) -> list[str]:
        return [line.split(" ")[0] for line in self.log.read_text().splitlines() if "--editable" in line]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def make(*words: str) -> str:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(
        ["make", "--no-print-directory", *words],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return done.stdout


# ------------------------------------------------------------------------------------------ Makefile


def test_make_alone_lists_every_target_with_a_line() -> None:
    shown = make()
    declared = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert declared is not None
    assert set(TARGETS) <= set(declared[1].split())
    for target in declared[1].split():
        assert re.search(rf"^  make {target}\s+\S", shown, re.MULTILINE), f"no line for {target}"


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_sets_up_first(target: str) -> None:
    assert make("-n", target).splitlines()[0] == ".ci/setup"


def test_demo_is_up_itself_so_that_signals_reach_it() -> None:
    assert make("-n", "demo", "ARGS=-d").splitlines()[-1].strip() == "exec .venv/bin/python .ci/demo.py -d"


@pytest.mark.parametrize(("code", "shown"), [(130, 0), (0, 0), (1, 1), (143, 143)])
def test_a_demo_that_is_ended_by_ctrl_c_is_no_error(
    code: int, shown: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def up(words: list[str]) -> int:
        asked.append(words)
        return code

    monkeypatch.setattr("controller.cli.main.main", up)
    monkeypatch.setattr(sys, "argv", ["demo.py", "--strict"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(ROOT / ".ci" / "demo.py"), run_name="__main__")
    assert (ended.value.code, asked) == (shown, [["up", "--strict"]])


# -------------------------------------------------------------------------------------------- set-up


def test_with_uv_on_the_path_uv_installs(machine: Machine) -> None:
    machine.add_uv()
    assert machine.set_up().returncode == 0
    assert machine.installed_with == ["uv"]


def test_without_uv_venv_and_pip_do(machine: Machine) -> None:
    machine.add_python()
    done = machine.set_up()
    assert done.returncode == 0, done.stderr
    assert machine.installed_with == ["python"]


def test_where_uv_fails_pip_is_tried(machine: Machine) -> None:
    machine.add_uv(code=1)
    assert machine.set_up().returncode == 0
    assert machine.installed_with[-1] == "python"


def test_nothing_is_installed_twice(machine: Machine) -> None:
    machine.add_uv()
    machine.set_up()
    again = machine.set_up()
    assert (again.returncode, again.stderr, machine.installed_with) == (0, "", [])


def test_a_changed_pyproject_is_installed_again(machine: Machine) -> None:
    machine.add_uv()
    machine.set_up()
    with (machine.project / "pyproject.toml").open("a") as file:
        file.write("# one more line\n")
    machine.set_up()
    assert machine.installed_with == ["uv"]


def test_a_moved_folder_is_set_up_anew(machine: Machine) -> None:
    machine.add_uv()
    machine.set_up()
    machine.project = machine.project.rename(machine.project.with_name("elsewhere"))
    machine.set_up()
    assert machine.installed_with == ["uv"]


def test_a_newer_python_is_found_beside_an_old_one(machine: Machine) -> None:
    machine.add_python("python3", old=True)
    machine.add_python("python3.13")
    done = machine.set_up()
    assert done.returncode == 0, done.stderr
    assert "python3.13" in done.stderr


@pytest.mark.parametrize("old", [True, False])
def test_without_a_python_that_is_new_enough_it_says_what_to_install(machine: Machine, old: bool) -> None:
    if old:
        machine.add_python(old=True)
    done = machine.set_up()
    assert done.returncode == 1
    assert f"needs Python 3.11 or newer; found: {'Python 3.9.2' if old else 'none'}" in done.stderr
    assert "apt-get install python3 python3-venv" in done.stderr
    assert "make demo PYTHON=" in done.stderr


def test_without_ensurepip_it_names_the_debian_package(machine: Machine) -> None:
    machine.add_python(no_venv=True)
    done = machine.set_up()
    assert done.returncode == 1
    assert "apt-get install python3-venv" in done.stderr
    assert "python3.11-venv" in done.stderr


def test_a_python_that_was_named_is_the_one_or_an_error(machine: Machine) -> None:
    machine.add_python("python3")
    machine.add_python("oldpython", old=True)
    assert "no such Python: PYTHON=nowhere" in machine.set_up(PYTHON="nowhere").stderr
    assert "too old" in machine.set_up(PYTHON="oldpython").stderr


# ------------------------------------------------------------------------------------------------ CI


@pytest.mark.parametrize("script", ["setup", "run"])
def test_the_scripts_are_executable_and_parse(script: str) -> None:
    path = ROOT / ".ci" / script
    assert os.access(path, os.X_OK)
    shell = "bash" if path.read_text().startswith("#!/usr/bin/env bash") else "sh"
    subprocess.run([shell, "-n", path], check=True)


def test_ci_runs_every_check_and_check_runs_the_tests() -> None:
    assert (ROOT / ".ci" / "run").read_text().rstrip().endswith("exec make check")
    assert '"make", "--no-print-directory", "test"' in (ROOT / ".ci" / "check.py").read_text()
