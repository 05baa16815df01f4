"""The guardian's files and sentences: pid files, the lock, the log of its own, what it tells the launcher."""

from __future__ import annotations

import os
import time

from controller.shim import journal, ownership, proc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 5.0
_STEADY_SECONDS = 10.0
_SHOWN_BYTES = 4000

MOST_FILES = 1 << 20
"""No descriptor has a higher number (fs.nr_open)."""


class Child:
    """A process that is started again when it ends, after a pause that grows while it keeps ending."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.pid = 0
        self._started_at = 0.0
        self._pause = 0.0

    def spawn(self, argv: list[str], env: dict[str, str], actions: Sequence[tuple[Any, ...]]) -> None:
        self.pid = os.posix_spawn(argv[0], argv, env, file_actions=actions, setsigmask=())
        self._started_at = time.monotonic()

    def pause(self) -> float:
        """Seconds to wait before the next start: none after a steady life."""
        if time.monotonic() - self._started_at >= _STEADY_SECONDS:
            self._pause = 0.0
            return 0.0
        pause, self._pause = self._pause, min(max(self._pause * 2, _FIRST_PAUSE), _LONGEST_PAUSE)
        return pause

    def send(self, number: int) -> None:
        if self.pid:
            proc.send(self.pid, number)


class Household:
    """Folders and files of one owned project. Raises `ownership.Taken`."""

    def __init__(self, root: str, state: str, run: str) -> None:
        self.root = root
        self.run = run
        self.logs = f"{state}/logs"
        self.own_log = f"{state}/controller.log"
        self._state = state
        self._pids: dict[str, int] = {}
        os.makedirs(state, mode=0o700, exist_ok=True)
        os.makedirs(run, mode=0o700, exist_ok=True)
        self.owner = ownership.take(root, state, run)
        self._write_ignore()
        self.write_pid("guardian", os.getpid())

    def write_pid(self, name: str, pid: int) -> None:
        """`.workerset/NAME.pid`: for people and scripts; nothing here reads it."""
        self._pids[name] = pid
        try:
            with open(f"{self._state}/{name}.pid", "w", encoding="ascii") as file:
                file.write(f"{pid}\n")
        except OSError as error:
            say(f"cannot write {name}.pid: {error.strerror}")

    def repair(self) -> None:
        """The state folder may have been deleted under us: put back what is the guardian's."""
        try:
            os.makedirs(self._state, mode=0o700, exist_ok=True)
            self._write_ignore()
            if not os.path.exists(self.own_log):
                fresh = os.open(self.own_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
                os.dup2(fresh, 1)
                os.dup2(fresh, 2)
                os.close(fresh)
            if not ownership.has_lock(self._state, self.owner.lock):
                self.owner.lock = ownership.take_lock(self._state, self.run)
        except (OSError, ownership.Taken) as error:
            say(f"cannot repair {self._state}: {error}")
        for name, pid in self._pids.items():
            self.write_pid(name, pid)

    def _write_ignore(self) -> None:
        path = f"{self._state}/.gitignore"
        if not os.path.exists(path):
            with open(path, "w", encoding="ascii") as file:
                file.write("*\n")

    def close(self) -> None:
        """Nobody is left: the files say so."""
        for name in self._pids:
            try:
                os.unlink(f"{self._state}/{name}.pid")
            except OSError:
                continue


def soft_files() -> int:
    """The soft limit on open files that workers are started with."""
    import resource

    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def say(text: str) -> None:
    """One line in the project's own log."""
    journal.say("guardian", text)


def ending(code: int) -> str:
    """How a process ended, for people."""
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"


def owned(owner: ownership.Owner) -> bytes:
    return f'{{"owned": {owner.pid}, "run": {_quoted(owner.run)}}}\n'.encode()


def waiting(text: str) -> bytes:
    """What is done before the controller can be started."""
    return f'{{"waiting": {_quoted(text)}}}\n'.encode()


def failed(reason: str, log: str) -> bytes:
    """Why there will be no controller, with the end of its log."""
    tail = proc.read(log, 1 << 20)[-_SHOWN_BYTES:].decode(errors="replace") if log else ""
    return f'{{"failed": {_quoted(reason)}, "log": {_quoted(tail)}}}\n'.encode()


def _quoted(text: str) -> str:
    """A JSON string without the module: one short message in a life does not pay for it."""
    out = ['"']
    for character in text:
        code = ord(character)
        if character in '"\\':
            out.append("\\" + character)
        elif code < 32 or code > 126:
            out.append("".join(f"\\u{unit:04x}" for unit in _utf16(code)))
        else:
            out.append(character)
    return "".join([*out, '"'])


def _utf16(code: int) -> tuple[int, ...]:
    if code < 0x10000:
        return (code,)
    code -= 0x10000
    return (0xD800 + (code >> 10), 0xDC00 + (code & 0x3FF))
