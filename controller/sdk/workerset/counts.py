"""Requests of a worker, read from outside the file in which its processes count them (`load.py`, S7.3)."""

from __future__ import annotations

import os
import struct

from . import layout

_WORDS = struct.Struct(f"<{layout.LOAD_SIZE // 8}Q")
_FLAGS = os.O_CLOEXEC | os.O_NOFOLLOW


def read(path: str) -> tuple[int, int] | None:
    """Begun so far and in flight now, of all processes; None where nobody counts.

    Words are read while they are written, so that an end may be seen before its beginning: never below zero.
    What a process had in flight when it was killed does not count.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | _FLAGS)
    except OSError:
        return None
    try:
        data = os.pread(descriptor, layout.LOAD_SIZE, 0)
    finally:
        os.close(descriptor)
    if len(data) < layout.LOAD_SIZE or not data.startswith(layout.LOAD_MAGIC):
        return None
    words = _WORDS.unpack(data)
    begun = flying = 0
    for start in range(layout.LOAD_LINE, len(words), layout.LOAD_LINE):
        process = words[start + layout.LOAD_PROCESS]
        if process:
            begun += words[start + layout.LOAD_BEGUN]
            under_way = words[start + layout.LOAD_BEGUN] - words[start + layout.LOAD_ENDED]
            if under_way > 0 and os.path.exists(f"/proc/{process}"):
                flying += under_way
    return begun, flying


def cease(path: str) -> None:
    """Nobody looks any more: the next request of the worker is to be told (`layout.LOAD_TOLD`)."""
    try:
        descriptor = os.open(path, os.O_WRONLY | _FLAGS)
    except OSError:
        return
    os.pwrite(descriptor, bytes(8), 8 * layout.LOAD_TOLD)
    os.close(descriptor)
