"""`workerctl attach`: a debugger's prompt, keys to leave, and what cannot be attached to."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.e2e.project import DEADLINE_SECONDS, Project

DEBUGGED = "x = 6 * 7\nbreakpoint()\nprint('went on', x, flush=True)\nimport time\ntime.sleep(1000)\n"


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, project: Project, *words: str) -> None:
        self._end, far = pty.openpty()
        self.process = subprocess.Popen(
            project.command(*words), cwd=project.root, env=project.environ, stdin=far, stdout=far, stderr=far
        )
        os.close(far)

    def type(self, keys: bytes) -> None:
        os.write(self._end, keys)

    def until(self, words: bytes) -> bytes:
        deadline, shown = time.monotonic() + DEADLINE_SECONDS, b""
        while words not in shown:
            left = deadline - time.monotonic()
            ready = left > 0 and select.select([self._end], [], [], left)[0]
            assert ready, shown
            shown += os.read(self._end, 65536)
        return shown

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._end)


@contextlib.contextmanager
def on_a_terminal(project: Project, *words: str) -> Iterator[Terminal]:
    with contextlib.closing(Terminal(project, *words)) as terminal:
        yield terminal


def test_a_debuggers_prompt_works_and_leaving_leaves_it_running(project: Project) -> None:
    project.declare("web", command=[sys.executable, "-c", DEBUGGED], tty=True)
    project.apply()
    project.wait_state("web", "Ready")
    (pid,) = project.pids("web")
    with on_a_terminal(project, "attach", "web") as terminal:
        terminal.until(b"Ctrl-P Ctrl-Q leaves it")
        terminal.type(b"p x\n")
        terminal.until(b"42\r\n(Pdb) ")
        terminal.type(b"c\n")
        terminal.until(b"went on 42")
        terminal.type(b"\x10\x11")
        assert terminal.process.wait(DEADLINE_SECONDS) == 0
    assert project.pids("web") == [pid]


def test_it_ends_with_the_worker(project: Project) -> None:
    project.declare("web", command=["sh", "-c", "read word; exit 3"], tty=True, restart="never")
    project.apply()
    project.wait_state("web", "Ready")
    with on_a_terminal(project, "attach", "worker/web-0") as terminal:
        terminal.until(b"leaves it")
        terminal.type(b"go\n")
        assert terminal.process.wait(DEADLINE_SECONDS) == 0


def test_without_a_terminal_it_shows_what_comes(project: Project) -> None:
    project.declare("web", command=["sh", "-c", "while sleep 0.05; do echo tick; done"])
    project.apply()
    project.wait_state("web", "Ready")
    with on_a_terminal(project, "attach", "web") as terminal:
        terminal.until(b"it reads nothing")
        terminal.until(b"tick")


@pytest.mark.parametrize(
    ("target", "code", "words"),
    [
        ("web", 2, "web has 2 workers, attach takes one\nname one: worker/web-0, worker/web-1"),
        ("worker/gone", 1, "gone"),
        ("nothing", 1, "nothing"),
    ],
)
def test_what_cannot_be_attached_to(project: Project, target: str, code: int, words: str) -> None:
    project.declare("web", command=["sleep", "1000"], num=2)
    project.apply()
    project.wait_state("web", "Ready")
    assert words in project.ctl("attach", target, code=code).stderr
