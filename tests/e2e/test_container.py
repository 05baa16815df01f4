"""`workerctl up` as process 1: in a PID namespace, and on a root that nothing can be written to."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from controller.client import waiting
from tests.e2e.project import Project

SECONDS = 40
OWN_USERS = [] if os.getuid() == 0 else ["--user", "--map-root-user"]
UNSHARE = ["unshare", *OWN_USERS, "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && cd "$1" && shift && exec "$@"'
STUBBORN = "trap '' TERM; echo at work; while :; do sleep 0.05; done"
POLITE = "trap 'exit 0' TERM; echo at work; while :; do sleep 0.05; done"


class Container:
    """A command in namespaces of its own, what it prints, and its process 1 as seen from outside."""

    def __init__(self, project: Project, words: Sequence[str], *, read_only: bool = False) -> None:
        wrap = ["sh", "-c", READ_ONLY, "sh", str(project.root)] if read_only else []
        self.environ = dict(project.environ)
        self._process = subprocess.Popen(
            [*UNSHARE, *wrap, *project.command(*words)],
            cwd=project.root,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self._watchdog = threading.Timer(SECONDS, self._process.kill)
        self._watchdog.start()

    @property
    def first(self) -> int:
        """Its process 1."""
        pid = self._process.pid
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])

    def until(self, text: str, count: int = 1) -> None:
        """Read its output until a line has held `text` so often."""
        assert self._process.stdout is not None
        while sum(text in line for line in self.lines) < count:
            line = self._process.stdout.readline()
            assert line, "".join(self.lines)
            self.lines.append(line)

    def send(self, number: int) -> None:
        os.kill(self.first, number)

    def end(self) -> int:
        out, _ = self._process.communicate(timeout=SECONDS)
        self._watchdog.cancel()
        self.lines.append(out)
        return self._process.returncode

    def inside(self, *argv: str) -> str:
        """A command beside it, as container engines `exec` it."""
        enter = ["nsenter", "--target", str(self.first), "--mount", "--pid"]
        done = subprocess.run(
            [*enter, *argv], capture_output=True, text=True, env=self.environ, timeout=SECONDS
        )
        return done.stdout

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()
        self._watchdog.cancel()


@pytest.fixture(autouse=True)
def _namespaces() -> None:
    tried = subprocess.run([*UNSHARE, "true"], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"no namespaces can be made here: {tried.stderr.strip()}")


@pytest.fixture
def opened() -> Iterator[list[Container]]:
    found: list[Container] = []
    yield found
    for one in found:
        one.close()


def up(project: Project, opened: list[Container], *words: str, **options: bool) -> Container:
    opened.append(Container(project, ["up", *words], **options))
    return opened[-1]


def test_logs_are_plain_lines_on_stdout_and_sigterm_drains(project: Project, opened: list[Container]) -> None:
    project.declare("job", command=["sh", "-c", POLITE], num=2)
    container = up(project, opened)
    container.until("at work", 2)
    assert all(re.fullmatch(r"\d\d:\d\d:\d\d job-[01] +\| at work\n", line) for line in container.lines[-2:])
    container.send(signal.SIGTERM)
    assert container.end() == 143
    assert "stopped 2 in" in container.lines[-1]
    assert "killed 0" in container.lines[-1]
    assert "\x1b" not in "".join(container.lines)


def test_dev_steps_aside_too(project: Project, opened: list[Container]) -> None:
    project.declare("job", command=["sh", "-c", POLITE])
    opened.append(Container(project, ["dev"]))
    opened[-1].until("at work")
    assert "init.py" in opened[-1].inside("cat", "/proc/1/cmdline")
    opened[-1].send(signal.SIGTERM)
    assert opened[-1].end() == 143
    assert "killed 0" in opened[-1].lines[-1]


def test_a_stop_ends_within_its_budget(project: Project, opened: list[Container]) -> None:
    """Whatever `stop_grace` says: the engine would kill everything unasked."""
    project.declare("job", command=["sh", "-c", STUBBORN], stop_grace="10m")
    container = up(project, opened, "--stop-within", "1s")
    container.until("at work")
    container.send(signal.SIGTERM)
    assert container.end() == 143
    assert "killed 1" in container.lines[-1]


def test_a_signal_before_anything_runs_ends_it(project: Project, opened: list[Container]) -> None:
    """The kernel gives process 1 no signal that it does not handle; ours handles them from the start."""
    project.declare("slow", command=["sleep", "1000"], ready_when="notify")
    container = up(project, opened)
    container.until("controller")
    container.send(signal.SIGTERM)
    assert container.end() == 143


def test_orphans_that_fall_to_process_1_are_reaped(project: Project, opened: list[Container]) -> None:
    project.declare("job", command=["sh", "-c", POLITE])
    container = up(project, opened)
    container.until("at work")
    orphan = container.inside("sh", "-c", "sleep 0.2 >/dev/null & echo $!").strip()
    assert orphan.isdigit()
    for _ in range(400):
        states = container.inside("sh", "-c", "cat /proc/[0-9]*/stat")
        if f"{orphan} (sleep)" not in states:
            break
        waiting.pause(50)
    assert ") Z " not in states
    assert f"{orphan} (sleep)" not in states


def test_when_up_is_killed_process_1_waits_for_the_workers(project: Project, opened: list[Container]) -> None:
    project.declare(
        "job", command=["sh", "-c", "trap 'echo x >> ended; exit 0' TERM; echo at work; sleep 1000 & wait"]
    )
    container = up(project, opened)
    container.until("at work")
    (command,) = Path(f"/proc/{container.first}/task/{container.first}/children").read_text().split()
    os.kill(int(command), signal.SIGKILL)
    assert container.end() == 137
    assert (project.root / "ended").read_text() == "x\n"


def test_a_read_only_root_keeps_its_state_elsewhere_and_says_so(
    project: Project, opened: list[Container]
) -> None:
    project.declare("job", command=["sh", "-c", POLITE])
    container = up(project, opened, read_only=True)
    container.until("at work")
    said = "".join(container.lines)
    assert f"{project.root} is read-only: state is in {project.environ['XDG_STATE_HOME']}" in said
    status = [sys.executable, "-m", "controller", "-C", str(project.root), "status"]
    assert "job" in container.inside(*status)
    container.send(signal.SIGTERM)
    assert container.end() == 143
    assert sorted(os.listdir(project.root)) == ["manifests"]


def test_a_read_only_home_has_its_state_in_the_temp_dir(
    project: Project, opened: list[Container], tmp_path: Path
) -> None:
    temp = tmp_path / "temp"
    temp.mkdir()
    project.declare("job", command=["sh", "-c", POLITE])
    del project.environ["XDG_STATE_HOME"]
    project.environ |= {"HOME": str(project.root), "TMPDIR": str(temp)}
    container = up(project, opened, read_only=True)
    container.until("at work")
    assert f"state is in {temp}/workerset-{os.getuid()}/state/" in "".join(container.lines)
    container.send(signal.SIGTERM)
    assert container.end() == 143


def test_purging_a_read_only_project_leaves_nothing(project: Project, opened: list[Container]) -> None:
    project.declare("job", command=["sh", "-c", POLITE])
    container = up(project, opened, read_only=True)
    container.until("at work")
    container.inside(sys.executable, "-m", "controller", "-C", str(project.root), "down", "--purge")
    container.end()
    assert os.listdir(Path(project.environ["XDG_STATE_HOME"], "workerset")) in ([], ["projects"])


def test_up_in_the_background_makes_no_sense_as_process_1(project: Project, opened: list[Container]) -> None:
    project.declare("job", command=["sleep", "1000"])
    container = up(project, opened, "-d")
    assert container.end() == 2
    assert "in a container run workerctl up" in container.lines[-1]
