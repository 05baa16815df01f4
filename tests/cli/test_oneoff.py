"""`run`: real commands, in the surroundings that a set's processes have, with no controller anywhere."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from controller.store import store

ROOT = Path(__file__).parents[2]


class Folder:
    """A project folder and how commands are typed in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.environ = {"PATH": os.environ["PATH"], "HOME": str(path.parent), "PYTHONPATH": str(ROOT)}

    def declare(self, **spec: object) -> None:
        self.write("workerset.yaml", json.dumps(manifest("web", {"command": ["sleep", "9"], **spec})))

    def write(self, name: str, text: str) -> None:
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        (self.path / name).write_text(text)

    def argv(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "controller", "run", *words]

    def __call__(self, *words: str, cwd: str = ".") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.argv(*words),
            cwd=self.path / cwd,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=30,
        )


def manifest(name: str, spec: dict[str, object]) -> dict[str, object]:
    return {
        "apiVersion": "workerset.dev/v1",
        "kind": "WorkerSet",
        "metadata": {"name": name},
        "spec": spec,
    }


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    path = tmp_path / "shop"
    path.mkdir()
    return Folder(path)


def test_it_gets_env_and_env_files_and_working_dir(folder: Folder) -> None:
    folder.write("jobs/.keep", "")
    folder.write(".env", "FROM_FILE=yes\nBOTH=file\n")
    folder.declare(env={"GIVEN": "1", "BOTH": "env"}, env_files=[".env"], working_dir="jobs")
    done = folder("--set", "web", "--", "sh", "-c", "echo $GIVEN $FROM_FILE $BOTH; pwd")
    assert done.stdout == f"1 yes env\n{folder.path}/jobs\n"
    assert not (folder.path / ".workerset").exists()


@pytest.mark.parametrize("kept", ["manifests/.keep", "manifests/sub/notes.txt"])
def test_an_empty_folder_of_manifests_declares_nothing(folder: Folder, kept: str) -> None:
    folder.write(kept, "")
    done = folder("--set", "web", "--", "true")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "no manifest declares a set web in namespace default\nthere are: none\n"
    assert folder("--", "true").returncode == 0
    named = folder("--set", "web", "-f", "manifests", "--", "true")
    assert named.stderr.startswith("manifests: error: no manifests in this folder")


def test_it_gets_umask_nice_and_limits(folder: Folder) -> None:
    folder.declare(umask="027", nice=5, resources={"files": 256, "memory": "512Mi", "cpu": "500m"})
    done = folder("--set", "web", "--", "sh", "-c", "umask; nice; ulimit -n; ulimit -d")
    assert done.stdout.split() == ["0027", "5", "256", "524288"]
    assert done.stderr == "resources.cpu does not hold here: only a controller can limit it\n"


def test_a_set_with_a_file_gives_its_surroundings_even_if_the_file_is_gone(folder: Folder) -> None:
    folder.write("workerset.yaml", json.dumps(manifest("web", {"file": "gone.py", "env": {"A": "b"}})))
    assert folder("--set", "web", "--", "sh", "-c", "echo $A").stdout == "b\n"


@pytest.mark.parametrize("code", [0, 3, 255])
def test_the_exit_code_is_the_commands(folder: Folder, code: int) -> None:
    assert folder("--", "sh", "-c", f"exit {code}").returncode == code


def test_signals_are_the_commands(folder: Folder) -> None:
    """The command has this very process id, so that whoever started `run` talks to it."""
    script = "trap 'echo caught; exit 7' TERM; echo $$; while :; do sleep 0.05; done"
    running = subprocess.Popen(
        folder.argv("--", "sh", "-c", script),
        cwd=folder.path,
        env=folder.environ,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    assert int(running.stdout.readline()) == running.pid
    running.send_signal(signal.SIGTERM)
    assert (running.stdout.read(), running.wait(30)) == ("caught\n", 7)
    running.stdout.close()


def test_a_killed_command_is_seen_as_killed(folder: Folder) -> None:
    assert folder("--", "sh", "-c", "kill -KILL $$").returncode == -signal.SIGKILL


def test_a_broken_pipe_ends_it_as_in_any_shell(folder: Folder) -> None:
    line = " ".join(folder.argv("--", "sh", "-c", "'while echo x; do :; done'"))
    done = subprocess.run(
        ["bash", "-c", f"{line} | head -1 >/dev/null; echo ${{PIPESTATUS[0]}}"],
        cwd=folder.path, env=folder.environ, capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert done.stdout == "141\n"


def test_it_is_no_worker(folder: Folder) -> None:
    folder.declare(background=True, name="web")
    program = (
        "import workerset, os; print(workerset.available(), [n for n in os.environ if 'WORKERSET_' in n])"
    )
    assert folder("--set", "web", "--", "python3", "-c", program).stdout == "False []\n"


def test_without_a_set_it_runs_here_in_the_base_environment(folder: Folder) -> None:
    (folder.path / ".workerset").mkdir()
    (folder.path / "sub").mkdir()
    kept = store.Store(str(folder.path / ".workerset" / "store.db"))
    kept.put_setting("base-environment", {"PATH": os.environ["PATH"], "FIRST": "then", "TERM": "old"})
    kept.close()
    folder.environ |= {"FIRST": "now", "TERM": "xterm"}
    done = folder("--", "sh", "-c", "echo $FIRST $TERM; pwd", cwd="sub")
    assert done.stdout == f"then xterm\n{folder.path}/sub\n"


def test_what_is_typed_is_not_expanded(folder: Folder) -> None:
    folder.declare(env={"A": "b"})
    assert folder("--set", "web", "--", "echo", "$(A)", "$$(A)").stdout == "$(A) $$(A)\n"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--set", "web"), 2, "no command"),
        (
            ("--set", "wbe", "--", "true"),
            1,
            "no manifest declares a set wbe in namespace default\nthere are: web\n",
        ),
        (("--set", "web", "--", "no-such-program"), 127, "command not found: no-such-program"),
        (("--set", "web", "--", "./workerset.yaml"), 126, "not executable, chmod +x makes it so"),
        (("--", "./nothing"), 127, "command not found"),
        (("--", "/tmp"), 126, "command is a folder: /tmp"),
    ],
)
def test_what_cannot_be_run(folder: Folder, words: tuple[str, ...], code: int, said: str) -> None:
    folder.declare()
    done = folder(*words)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr


def test_surroundings_that_cannot_be_made(folder: Folder) -> None:
    folder.declare(env_files=["missing.env"])
    done = folder("--set", "web", "--", "true")
    assert (done.returncode, "env file not found: missing.env" in done.stderr) == (126, True)
    folder.declare(working_dir="missing")
    done = folder("--set", "web", "--", "true")
    assert (done.returncode, "cannot enter working_dir" in done.stderr) == (126, True)


def test_a_broken_manifest_says_so_and_nothing_is_run(folder: Folder) -> None:
    folder.write("workerset.yaml", "kind: [")
    done = folder("--set", "web", "--", "touch", "made")
    assert (done.returncode, "nothing was run" in done.stderr) == (1, True)
    assert not (folder.path / "made").exists()
