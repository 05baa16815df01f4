"""A terminal in memory: a program that has one, and what it shows (pty(7), pyte)."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pyte

DEADLINE_SECONDS = 25


class Terminal:
    """Starts a program on a terminal of some size. `hang_up` takes the terminal away."""

    def __init__(
        self, argv: list[str], cwd: Path, environ: dict[str, str], size: tuple[int, int] = (80, 24)
    ) -> None:
        self._screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._screen)
        self.received = 0
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.chdir(cwd)
            os.execvpe(argv[0], argv, {**environ, "TERM": "xterm-256color"})
        self.resize(*size)

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self._screen.resize(lines, columns)

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self._screen.display)

    def until(self, holds: Callable[[str], bool]) -> str:
        """Read until the screen is as wanted."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not holds(self.text):
            left = deadline - time.monotonic()
            assert left > 0, f"the screen never got there:\n{self.text}"
            self._read(left)
        return self.text

    def shows(self, *words: str) -> str:
        return self.until(lambda text: all(word in text for word in words))

    def press(self, keys: str) -> None:
        os.write(self._fd, keys.encode())

    def quiet_for(self, seconds: float) -> int:
        """How many bytes came in this time."""
        before, end = self.received, time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._read(left)
        return self.received - before

    def hang_up(self) -> None:
        os.close(self._fd)
        self._fd = -1

    def wait(self) -> int:
        """The exit code, once it has ended; what it still shows is read."""
        while self._fd >= 0 and self._read(DEADLINE_SECONDS):
            pass
        _, status = os.waitpid(self.pid, 0)
        if self._fd >= 0:
            self.hang_up()
        return os.waitstatus_to_exitcode(status)

    def _read(self, seconds: float) -> bool:
        if not select.select([self._fd], [], [], max(0.0, seconds))[0]:
            return True
        try:
            data = os.read(self._fd, 65536)
        except OSError:
            return False
        self.received += len(data)
        self._stream.feed(data)
        return bool(data)
