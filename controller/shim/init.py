"""Process 1 of a container: `init.py SECONDS COMMAND…` runs one command, and what it leaves behind.

Passes signals on, reaps whatever becomes its child, and ends when nothing is left: the guardian outlives
the command for as long as workers stop. The kernel ends a container with its process 1 and gives that one
only the signals it handles (pid_namespaces(7)), which is why none of us but this should be it.
"""

from __future__ import annotations

import os
import sys
import time

sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from controller.shim import journal, lean
from controller.shim import loop as loops
from controller.shim.lean import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

_MARGIN_SECONDS = 1.0
"""The command kills at the end of its time and says so; this is for one that cannot any more."""

_PASSED = (
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
)
_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)


def become(command: Sequence[str], seconds: float) -> NoReturn:
    """Replace this process by one that runs `command`, and may take `seconds` from a signal to the end."""
    script = os.path.abspath(__file__)
    os.execv(sys.executable, [sys.executable, "-I", "-S", script, f"{seconds:g}", *command])


class Init:
    """One command, in a process group of its own, which has the terminal if there is one."""

    def __init__(self, command: list[str], seconds: float) -> None:
        self._command, self._seconds = command, seconds
        self._pid = 0
        self._code = 0
        self.loop = loops.Loop()

    def run(self) -> int:
        """Until nothing is left below; the command's exit code."""
        signals = lean.wake_on(signal.SIGCHLD, *_PASSED)
        self.loop.watch(signals, lambda _events: self._signalled(signals))
        self._pid = os.posix_spawn(self._command[0], self._command, os.environ, setpgroup=0)
        if os.isatty(0):
            os.tcsetpgrp(0, self._pid)
        self.loop.run()
        return self._code

    def _signalled(self, signals: int) -> None:
        for number in os.read(signals, 4096):
            if number in _ENDING:
                self._end_in_time()
            if number in _PASSED and self._pid:
                os.kill(self._pid, number)
        self._reap()

    def _reap(self) -> None:
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                if pid == self._pid:
                    code = os.waitstatus_to_exitcode(status)
                    self._code = code if code >= 0 else 128 - code
                    self._pid = 0
                    self._end_in_time()
        except ChildProcessError:
            self.loop.running = False

    def _end_in_time(self) -> None:
        """From the first signal on, or the end of the command."""
        if not self.loop.pending("end"):
            self.loop.at("end", time.monotonic() + self._seconds + _MARGIN_SECONDS, self._kill)

    def _kill(self) -> None:
        """What is left ends with process 1 anyway."""
        journal.say("init", f"not stopped within {self._seconds:g}s, killing what is left")
        self._code = self._code or 128 + signal.SIGKILL
        self.loop.running = False


if __name__ == "__main__":
    raise SystemExit(Init(sys.argv[2:], float(sys.argv[1])).run())
