"""Files that killed writers, and slots that are gone, left in the folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterable

from controller.sdk.workerset import layout, payload

NAMED, PRIVATE = "name", "new"
"""What follows the slot's name in a file of it, generations aside."""


def split(file: str) -> tuple[str, str]:
    """The slot that a file belongs to, and what of it it is."""
    slot, _, kind = file.partition(".")
    return slot, kind


def clean(path: str, files: Iterable[str], last: int) -> None:
    """Of a slot that lives: payloads no reader can be told of any more, and what a killed writer began."""
    for file in files:
        kind = split(file)[1]
        if kind.isdecimal() and int(kind) < last - 1:
            payload.remove(layout.payload_file(path, int(kind)))
        elif kind == PRIVATE:
            _drop_private(path)


def drop(path: str, last: int) -> None:
    """Everything of a slot: the header first, so that whoever publishes meanwhile notices."""
    payload.remove(path)
    payload.remove(layout.payload_file(path, last + 1))
    payload.tidy(path, last)
    for kind in (NAMED, PRIVATE):
        payload.remove(f"{path}.{kind}")


def _drop_private(path: str) -> None:
    """Unless somebody is publishing: the lock is never waited for here, its holder may be stopped."""
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            payload.remove(layout.private_file(path))
        finally:
            os.close(descriptor)
