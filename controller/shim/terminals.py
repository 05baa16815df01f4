"""Terminals of workers (pty(7)): they print to the log and to whoever is attached, and read what those type.

Nobody who is attached can hold a worker up: who does not read misses something. The log can, as a pipe can.
"""

from __future__ import annotations

import os

from controller.shim import lean, wiring
from controller.shim.loop import WRITE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from controller.shim.loop import Loop
    from controller.shim.records import Run

_CHUNK = 65536
_TYPED = 1024
ENDED = [0, None, "", "", False]
NONE = [None, None, "it has no terminal: declare tty: true", "", False]


class Guest:
    """One who is attached: a pipe to read what is typed from, and one to print to; -1 where not wanted."""

    __slots__ = ("output", "run", "typed")

    def __init__(self, run: Run, ends: dict[str, str]) -> None:
        self.run = run
        self.typed = self.output = -1
        try:
            if wiring.STDIN in ends:
                self.typed = os.open(ends[wiring.STDIN], os.O_RDONLY | os.O_NONBLOCK)
            if wiring.STDOUT in ends:
                self.output = os.open(ends[wiring.STDOUT], os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            lean.close_quietly(self.typed)
            raise


class Terminals:
    """A run's `terminal` is the near end of its pair, `terminal_log` the end that its log is fed by."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._guests: dict[int, Guest] = {}
        self._owed: dict[int, bytes] = {}
        self.on_answer: Callable[[int, list[Any]], None] = lambda _number, _answer: None

    def add(self, run: Run) -> None:
        """It has been started."""
        if run.terminal >= 0:
            os.set_blocking(run.terminal, False)
            os.set_blocking(run.terminal_log, False)
            self._listen(run)

    def _listen(self, run: Run) -> None:
        def readable(_events: int) -> None:
            self._print(run)

        self._loop.watch(run.terminal, readable)

    def attach(self, number: int, run: Run, ends: dict[str, str]) -> None:
        """Answers once the run has ended, or what was wrong."""
        if run.terminal < 0:
            self.on_answer(number, NONE)
            return
        try:
            guest = self._guests[number] = Guest(run, ends)
        except OSError as error:
            self.on_answer(number, [None, None, f"whoever asked for it is gone, {error.strerror}", "", False])
            return
        if guest.typed >= 0:
            self._loop.watch(guest.typed, lambda _events: self._type(guest))

    def leave(self, number: int) -> None:
        """It does not want to hear any more; the worker goes on."""
        if number in self._guests:
            self._detach(number)
            self.on_answer(number, ENDED)

    def _detach(self, number: int) -> None:
        guest = self._guests.pop(number, None)
        if guest is not None:
            self._mute(guest)
            lean.close_quietly(guest.output)

    def detach_all(self) -> None:
        for number in list(self._guests):
            self._detach(number)

    def end_of(self, run: Run) -> None:
        """The worker has ended: those attached are told, once they have its last words."""
        while run.terminal >= 0 and run.terminal not in self._owed and self._print(run):
            pass
        for number, guest in list(self._guests.items()):
            if guest.run is run:
                self._detach(number)
                self.on_answer(number, ENDED)

    # ------------------------------------------------------------------ what flows

    def _print(self, run: Run) -> bool:
        """One piece; False if there is no more now or ever."""
        try:
            piece = os.read(run.terminal, _CHUNK)
        except BlockingIOError:
            return False
        except OSError:  # nobody has the far end open any more
            piece = b""
        if not piece:
            self._close(run)
            return False
        for guest in self._guests.values():
            if guest.run is run and guest.output >= 0:
                try:
                    os.write(guest.output, piece)
                except OSError:
                    continue
        self._log(run, piece.replace(b"\r\n", b"\n"))
        return True

    def _log(self, run: Run, piece: bytes) -> None:
        try:
            piece = piece[os.write(run.terminal_log, piece) :]
        except BlockingIOError:
            pass
        except OSError:
            piece = b""
        is_late = run.terminal in self._owed
        if piece and not is_late:
            self._loop.unwatch(run.terminal)
            self._loop.watch(run.terminal_log, lambda _events: self._log_more(run), WRITE)
        if piece or is_late:
            self._owed[run.terminal] = piece

    def _log_more(self, run: Run) -> None:
        self._log(run, self._owed[run.terminal])
        if not self._owed[run.terminal]:
            del self._owed[run.terminal]
            self._loop.unwatch(run.terminal_log)
            self._listen(run)

    def _type(self, guest: Guest) -> None:
        try:
            typed = os.read(guest.typed, _TYPED)
        except BlockingIOError:
            return
        except OSError:
            typed = b""
        if not typed or guest.run.terminal < 0:
            self._mute(guest)
            return
        try:
            os.write(guest.run.terminal, typed)
        except OSError:
            pass  # nothing reads it and its buffer is full, as on any terminal

    def _mute(self, guest: Guest) -> None:
        if guest.typed >= 0:
            self._loop.unwatch(guest.typed)
            lean.close_quietly(guest.typed)
            guest.typed = -1

    def _close(self, run: Run) -> None:
        self._loop.unwatch(run.terminal)
        lean.close_quietly(run.terminal)
        lean.close_quietly(run.terminal_log)
        run.terminal = run.terminal_log = -1
