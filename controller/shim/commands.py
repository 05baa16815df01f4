"""Commands beside a running worker: in its environment and folder, with a timeout, their output kept.

They end with the run at the latest. Nothing of them is a worker's: no handle, no sockets, no log.
"""

from __future__ import annotations

import os
import time

from controller.sdk.workerset import contract
from controller.shim import finding, lean, proc, terminals
from controller.shim.lean import signal
from controller.shim.loop import HANGUP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from controller.shim.loop import Loop
    from controller.shim.records import Run
    from controller.shim.spawn import Spawner
    from controller.shim.survivors import Orphans

KEPT_BYTES = 4096
"""Of the output the end is kept: that is where it says why."""


class Command:
    """One command under way."""

    __slots__ = ("number", "output", "pid", "run", "timed_out", "why", "words")

    def __init__(self, number: int, run: Run, pid: int, output: int) -> None:
        self.number = number
        self.run = run
        self.pid = pid
        self.output = output
        self.words = b""
        self.timed_out = False
        self.why = ""


class Commands:
    """Those under way, by their number, which is the asker's."""

    def __init__(self, loop: Loop, spawner: Spawner, orphans: Orphans) -> None:
        self._loop, self._spawner, self._orphans = loop, spawner, orphans
        self._by_pid: dict[int, Command] = {}
        self.terminals = terminals.Terminals(loop)
        self.terminals.on_answer = lambda number, told: self.on_answer(number, told)
        self.on_answer: Callable[[int, list[Any] | None], None] = _ignore

    def apply(self, verb: list[Any], runs: dict[str, Run]) -> None:
        """What the controller asks of commands. Raises ValueError for what is no verb."""
        match verb:
            case ["exec", number, run, argv, timeout]:
                self.start(number, runs.get(run), argv, timeout)
            case ["wire", number, run, argv, ends]:
                self.wire(number, runs.get(run), argv, ends)
            case ["attach", number, run, ends]:
                self.attach(number, runs.get(run), ends)
            case ["exec_end", number]:
                self.end(number)
                self.terminals.leave(number)
            case ["watchdog", number, run]:
                self.watchdog(number, runs.get(run))
            case _:
                raise ValueError("unknown verb")

    def start(self, number: int, run: Run | None, argv: list[str], timeout: float) -> None:
        """Answers `[code, signal, error, output, timed out]`, or None where the run does not live."""
        one = self._begin(number, run, lambda run, path: self._spawner.beside(run, argv, path))
        if one is not None:
            os.set_blocking(one.output, False)
            self._loop.watch(one.output, lambda events: self._hear(one, events))
            self._loop.at(f"command {number}", time.monotonic() + timeout, lambda: self._expire(one))

    def wire(self, number: int, run: Run | None, argv: list[str], ends: dict[str, str]) -> None:
        """Answers the same once it has ended, less the output, which goes where the asker wants it."""
        self._begin(number, run, lambda run, path: (self._spawner.wired(run, argv, path, ends), -1))

    def attach(self, number: int, run: Run | None, ends: dict[str, str]) -> None:
        """Answers once the run has ended; None where it does not live."""
        if run is None or not run.pid or run.exit is not None:
            self.on_answer(number, None)
        else:
            self.terminals.attach(number, run, ends)

    def _begin(
        self, number: int, run: Run | None, start: Callable[[Run, str], tuple[int, int]]
    ) -> Command | None:
        if run is None or not run.pid or run.exit is not None or run.slot.notify is None:
            self.on_answer(number, None)
            return None
        try:
            pid, output = start(run, run.slot.notify.path)
        except finding.StartFailed as error:
            self.on_answer(number, [None, None, str(error), "", False])
            return None
        one = self._by_pid[pid] = Command(number, run, pid, output)
        self._orphans.adopt(pid)
        return one

    def watchdog(self, number: int, run: Run | None) -> None:
        """Answers `[seconds since it was heard of, seconds it may take]`; empty if it was not told to."""
        if run is None or not run.pid or run.exit is not None:
            self.on_answer(number, None)
            return
        if run.slot.notify is not None:
            run.slot.notify.hear(run)
        limit = run.spec.env.get(contract.WATCHDOG_USEC, "")
        age = time.monotonic() - max(run.started_at, run.watchdog_at)
        self.on_answer(number, [age, int(limit) / 1e6] if limit else [])

    def end(self, number: int) -> None:
        """Nobody waits for it any more."""
        for one in self._by_pid.values():
            if one.number == number:
                _kill(one)

    def end_of(self, run: Run) -> None:
        """The run has ended: what runs beside it ends with it."""
        self.terminals.end_of(run)
        for one in self._by_pid.values():
            if one.run is run:
                one.why = "the worker has ended, and with it what ran beside it"
                _kill(one)

    def end_all(self) -> None:
        """Whoever asked is gone."""
        self.terminals.detach_all()
        for one in self._by_pid.values():
            _kill(one)

    def reaped(self, pid: int, status: int) -> bool:
        """True if it was one of these. Who holds its output open still is not waited for."""
        one = self._by_pid.pop(pid, None)
        if one is None:
            return False
        self._loop.cancel(f"command {one.number}")
        self._read(one)
        self._close(one)
        code = os.waitstatus_to_exitcode(status)
        words = one.words.decode(errors="replace")
        ended = (code, None) if code >= 0 else (None, -code)
        self.on_answer(one.number, [*ended, one.why, words, one.timed_out])
        return True

    def _expire(self, one: Command) -> None:
        one.timed_out = True
        _kill(one)

    def _hear(self, one: Command, events: int) -> None:
        if self._read(one) or events & HANGUP:
            self._close(one)

    def _read(self, one: Command) -> bool:
        """What there is; True at its end."""
        while one.output >= 0:
            try:
                piece = os.read(one.output, 65536)
            except OSError:
                return False
            if not piece:
                return True
            one.words = (one.words + piece)[-KEPT_BYTES:]
        return False

    def _close(self, one: Command) -> None:
        if one.output >= 0:
            self._loop.unwatch(one.output)
            lean.close_quietly(one.output)
            one.output = -1


def _kill(one: Command) -> None:
    """It, and what it started that stayed in its session."""
    try:
        os.killpg(one.pid, signal.SIGKILL)
    except OSError:
        proc.send(one.pid, signal.SIGKILL)


def _ignore(_number: int, _answer: list[Any] | None) -> None:
    pass
