"""Installed as `uv tool` and pipx do it: a wheel in an environment of its own, beside any project."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.e2e.project import Project

ROOT = Path(__file__).parents[2]
THEIRS = 'raise SystemExit("this is the controller of the project")\n'


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of an environment with our wheel; what that needs comes from the one of the tests."""
    folder = tmp_path_factory.mktemp("tool")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], cwd=ROOT, check=True
    )
    venv.create(folder / "venv", with_pip=True, symlinks=True)
    (wheel,) = folder.glob("*.whl")
    python = str(folder / "venv" / "bin" / "python")
    pip = [python, "-m", "pip", "--disable-pip-version-check", "-q"]
    subprocess.run([*pip, "install", "--no-deps", "--no-index", str(wheel)], check=True)
    (site,) = (folder / "venv" / "lib").glob("python*/site-packages")
    (site / "needed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "venv" / "bin"


@pytest.fixture
def beside(project: Project, installed: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with a `controller.py`, driven by the installed console script."""
    project.write("controller.py", THEIRS)
    project.write("manifests/job.yaml", MANIFEST)
    monkeypatch.setattr(project, "command", lambda *words: [str(installed / "workerctl"), *words])
    del project.environ["PYTHONPATH"]
    del project.environ["PYTHONWARNINGS"]  # of installed packages, which are not what is tested here
    return project


MANIFEST = """
apiVersion: workerset.dev/v1
kind: WorkerSet
metadata: {name: job}
spec: {command: [sh, -c, 'echo at work; exec sleep 1000']}
"""


TAKES_BOTH = """
import time, workerset
try:
    import controller
except SystemExit as said:
    print(said)
time.sleep(1000)
"""


@pytest.mark.parametrize("path", [None, "", ".", "{root}", ":{root}"])
def test_a_controller_of_the_projects_own_is_not_ours(beside: Project, path: str | None) -> None:
    """Neither the command nor the controller process it starts takes it, whatever PYTHONPATH says."""
    if path is not None:
        beside.environ["PYTHONPATH"] = path.format(root=beside.root)
    assert "0.1.0" in beside.ctl("--version").stdout
    beside.ctl("up", "-d")
    assert "job" in beside.ctl("status").stdout
    os.kill(beside.pid_of("controller"), 15)  # its guardian starts the next one from the same place
    assert "at work" in beside.ctl("logs", "job").stdout
    beside.ctl("down")


def test_a_folder_controller_is_not_ours_either(beside: Project) -> None:
    (beside.root / "controller.py").unlink()
    beside.write("controller/__init__.py", THEIRS)
    beside.environ["PYTHONPATH"] = str(beside.root)
    beside.ctl("up", "-d")
    beside.ctl("down")


def test_a_worker_gets_the_projects_own_controller_py(beside: Project) -> None:
    """What is installed for the command is not on the path of workers, but for the module `workerset`."""
    beside.write("job.py", TAKES_BOTH)
    beside.declare("job", file="job.py")
    beside.environ["PYTHONPATH"] = str(beside.root)
    beside.ctl("up", "-d")
    assert "this is the controller of the project" in beside.ctl("logs", "job").stdout
    beside.ctl("down")


def test_kubectl_finds_the_plugin(installed: Path, beside: Project) -> None:
    done = subprocess.run(
        [str(installed / "kubectl-ws"), "--version"], capture_output=True, text=True, env=beside.environ
    )
    assert (done.returncode, "0.1.0" in done.stdout) == (0, True)
