"""Requests in flight, counted where they can be seen from outside and without a system call (S7.3).

Each process of a worker has a line of its own in a mapped file (`layout.py`) and alone writes to it. Where
there is no file, or no line left, it counts for itself.
"""

from __future__ import annotations

import os
from _thread import allocate_lock
from array import array

from . import contract, layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

_BEGUN, _ENDED, _DRAINED = layout.LOAD_BEGUN, layout.LOAD_ENDED, layout.LOAD_DRAINED
_LINES = range(layout.LOAD_LINE, layout.LOAD_SIZE // 8, layout.LOAD_LINE)


class Load:
    """The counts of this process. Threads may share it."""

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._lock = allocate_lock()
        self._begun = self._ended = 0
        self._line = memoryview(array("Q", bytes(8 * layout.LOAD_LINE)))
        self._head = memoryview(array("Q", [1] * layout.LOAD_LINE))
        if path:
            self._take(path)

    @property
    def in_flight(self) -> int:
        return self._begun - self._ended

    def begin(self) -> None:
        """A request has arrived."""
        with self._lock:
            self._begun += 1
            self._line[_BEGUN] = self._begun
        if not self._head[layout.LOAD_TOLD]:
            self._tell()

    def _tell(self) -> None:
        """Nobody looks at the counts at the moment: let them know that there is something to see."""
        import socket

        from . import errors, notify

        self._head[layout.LOAD_TOLD] = 1
        try:
            notify.send(contract.SAY_TRAFFIC, socket.MSG_DONTWAIT)
        except errors.NotAvailable:
            pass  # whoever looks next looks at the sockets, too

    def end(self) -> None:
        """It has been answered."""
        with self._lock:
            self._ended += 1
            self._line[_ENDED] = self._ended

    def mark_drained(self) -> bool:
        """Nobody waits for this process any more; true if that holds for every process of the worker."""
        self._line[_DRAINED] = 1
        if not self._path:
            return True
        try:
            with _locked(self._path) as words:
                return all(words[start + _DRAINED] or not _is_taken(words[start]) for start in _LINES)
        except OSError:
            return True

    def _take(self, path: str) -> None:
        try:
            with _locked(path) as words:
                start = next((start for start in _LINES if not _is_taken(words[start])), None)
                if start is None:
                    return
                self._head = words[: layout.LOAD_LINE]
                self._line = words[start : start + layout.LOAD_LINE]
                for word in range(1, layout.LOAD_LINE):
                    self._line[word] = 0
                self._line[layout.LOAD_PROCESS] = os.getpid()
        except OSError:
            self._path = None


def _is_taken(process: int) -> bool:
    return process != 0 and os.path.exists(f"/proc/{process}")


def _locked(path: str) -> AbstractContextManager[memoryview]:
    from contextlib import contextmanager

    return contextmanager(_mapped)(path)


def _mapped(path: str) -> Iterator[memoryview]:
    """The words of the file, made if it was not there, for as long as nobody else changes who has a line."""
    import fcntl
    import mmap

    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_size < layout.LOAD_SIZE:
            os.ftruncate(descriptor, layout.LOAD_SIZE)
            os.pwrite(descriptor, layout.LOAD_MAGIC, 0)
        yield memoryview(mmap.mmap(descriptor, layout.LOAD_SIZE)).cast("Q")
    finally:
        # The mapping keeps a descriptor of its own, and with it the lock.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


_current: Load | None = None


def current() -> Load:
    """The one of this process; a forked child begins anew."""
    global _current
    if _current is None:
        _current = Load(os.environ.get(contract.LOAD))
    return _current


def _forget() -> None:
    global _current
    _current = None


os.register_at_fork(after_in_child=_forget)
