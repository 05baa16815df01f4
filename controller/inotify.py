"""inotify(7) as asyncio events. The one place where files are waited for; nothing polls while it works.

`ctypes` on the C library: Python has no binding of its own.
"""

from __future__ import annotations

import asyncio
import ctypes
import errno
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass

MODIFY = 0x2
ATTRIB = 0x4
CLOSE_WRITE = 0x8
MOVED_FROM = 0x40
MOVED_TO = 0x80
CREATE = 0x100
DELETE = 0x200
DELETE_SELF = 0x400
MOVE_SELF = 0x800
OVERFLOW = 0x4000
IGNORED = 0x8000
ISDIR = 0x40000000

MOVED = MOVED_FROM | MOVED_TO
GONE = DELETE_SELF | MOVE_SELF | IGNORED
"""The watched folder itself is not there any more."""

EXHAUSTED = {
    errno.ENOSPC: "no inotify watches are left (fs.inotify.max_user_watches)",
    errno.EMFILE: "no inotify instances are left (fs.inotify.max_user_instances)",
    errno.ENFILE: "no file descriptors are left on this machine (fs.file-max)",
    errno.ENOSYS: "this system has no inotify",
}
"""inotify(7), "Limits": nothing will be told, whoever wants to know has to look."""

_HEADER = struct.Struct("iIII")
"""struct inotify_event as this machine lays it out; the name follows, filled up with NUL."""

_LONGEST_READ = 65536
_CLOEXEC_NONBLOCK = os.O_CLOEXEC | os.O_NONBLOCK

_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.inotify_init1.argtypes = (ctypes.c_int,)
_LIBC.inotify_add_watch.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_uint32)
_LIBC.inotify_rm_watch.argtypes = (ctypes.c_int, ctypes.c_int)


@dataclass(frozen=True, slots=True)
class Change:
    """Something about `name` in `folder`; after an overflow both are empty: anything may have changed."""

    folder: str
    name: str
    mask: int


class Watcher:
    """Watches folders; `changes()` waits for the next batch.

    Where the kernel has nothing left for it, that is an error; or, with `look_every`, an overflow is told
    every so many seconds, so that those who handle one need nothing else.
    """

    def __init__(self, look_every: float | None = None) -> None:
        self._look_every = look_every
        self._is_blind = False
        self._loop = asyncio.get_running_loop()
        self._ready = asyncio.Event()
        self._folders: dict[int, str] = {}
        self._numbers: dict[str, int] = {}
        self._descriptor = _called(_LIBC.inotify_init1, _CLOEXEC_NONBLOCK)
        if self._descriptor < 0:
            self._refused("a new inotify instance")
            return
        self._loop.add_reader(self._descriptor, self._readable)

    def add(self, folder: str, mask: int) -> None:
        """Watch a folder (again, if it was made anew). Raises `OSError`.

        The kernel numbers folders, not their names: one that was renamed keeps its number, and goes by the
        name that it was given last.
        """
        if self._descriptor < 0:
            return
        number = _called(_LIBC.inotify_add_watch, self._descriptor, os.fsencode(folder), mask)
        if number < 0:
            self._refused(folder)
            return
        old = self._numbers.get(folder, number)
        if old != number:
            _LIBC.inotify_rm_watch(self._descriptor, old)  # what was called that before
            self._folders.pop(old, None)
        elsewhere = self._folders.get(number, folder)
        if elsewhere != folder:
            del self._numbers[elsewhere]
        self._folders[number], self._numbers[folder] = folder, number

    async def changes(self) -> list[Change]:
        """At least one change."""
        while True:
            found = self._read()
            if found:
                return found
            self._ready.clear()
            if self._descriptor >= 0:
                self._loop.add_reader(self._descriptor, self._readable)
            try:
                async with asyncio.timeout(self._look_every if self._is_blind else None):
                    await self._ready.wait()
            except TimeoutError:
                return [Change("", "", OVERFLOW)]

    def close(self) -> None:
        if self._descriptor >= 0:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1

    def _refused(self, what: str) -> None:
        number = ctypes.get_errno()
        if self._look_every is None or number not in EXHAUSTED:
            raise OSError(number, f"{EXHAUSTED.get(number, os.strerror(number))}: {what}")
        self._is_blind = True

    def _readable(self) -> None:
        self._loop.remove_reader(self._descriptor)  # until somebody asks for the next batch
        self._ready.set()

    def _read(self) -> list[Change]:
        if self._descriptor < 0:
            return []
        try:
            data = os.read(self._descriptor, _LONGEST_READ)
        except BlockingIOError:
            return []
        found: list[Change] = []
        at = 0
        while at < len(data):
            number, mask, _, length = _HEADER.unpack_from(data, at)
            at += _HEADER.size
            name = os.fsdecode(data[at : at + length].rstrip(b"\0"))
            at += length
            if number in self._folders or mask & OVERFLOW:
                found.append(Change(self._folders.get(number, ""), name, mask))
            if mask & IGNORED:
                self._numbers.pop(self._folders.pop(number, ""), None)
        return found


def _called(function: Callable[..., int], *given: object) -> int:
    """As Python does it for its own calls (PEP 475): again, where a signal came in between."""
    while (result := function(*given)) < 0 and ctypes.get_errno() == errno.EINTR:
        pass
    return result
