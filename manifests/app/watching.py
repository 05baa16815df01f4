"""Folders that wake their reader: inotify(7) through ctypes, in forty lines.

A loop that looks every second is simpler, and costs a wake-up every second for ever. This one sleeps
in the kernel until somebody finishes writing a file.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

CLOSE_WRITE = 0x008
MOVED_FROM = 0x040
MOVED_TO = 0x080
DELETE = 0x200

_libc = ctypes.CDLL(None, use_errno=True)


class Folders:
    """`descriptor` becomes readable when a file in one of the folders was written, moved or removed."""

    def __init__(self, *folders: Path) -> None:
        self.descriptor = _checked(_libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK), "inotify_init1")
        for folder in folders:
            mask = CLOSE_WRITE | MOVED_FROM | MOVED_TO | DELETE
            _checked(_libc.inotify_add_watch(self.descriptor, os.fsencode(folder), mask), str(folder))

    def drain(self) -> None:
        """Forget what woke us. Which file it was does not matter: look at the folder, not at the news."""
        try:
            while os.read(self.descriptor, 65536):
                pass
        except BlockingIOError:
            pass


def _checked(result: int, what: str) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), what)
    return result
