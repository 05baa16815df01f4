"""The steps of a publish, in the one order in which a writer may be killed after any of them (S6.7).

| killed after | readers see | the next publisher |
| --- | --- | --- |
| the private file is begun | the old snapshot | writes over it |
| the payload has its name | the old snapshot | replaces it: no reader was told its name |
| GENERATION is stored | the new snapshot, of a first publish none; who waits sleeps on | wakes them |
| PUBLISHED is stored | the new snapshot; who waits sleeps on | wakes them |
| the wake-up | the new snapshot | removes the old payloads |
"""

from __future__ import annotations

import fcntl
import os
import time
from _thread import RLock

from . import layout, payload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .memory import Slot

_MOST = 2**63
"""Far above any generation there will be; a word above it is no generation."""

_READABLE = 0o044

_PATIENCE = 1.0
"""Seconds that a publish waits for a deleted run-time folder to be put back."""

_GONE = "the shared memory of this worker is gone: the controller makes it anew at the next ensure"

_held: set[int] = set()
"""Descriptors that hold a lock. A child that is forked meanwhile must not keep the lock alive, so it closes
them; `_opening` is held while they come and go, and for a fork."""

_opening = RLock()


def publish(slot: Slot, body: bytes) -> int:
    """Under the lock of the header that is at the slot's path now; the caller serialises its own threads."""
    while True:
        descriptor = _open(slot.path)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            found = os.fstat(descriptor)
            if found.st_nlink:
                if not slot.is_mapped(found):
                    slot.attach(descriptor)
                generation = _publish(slot, body, descriptor)
                if os.fstat(descriptor).st_nlink:
                    return generation
        finally:
            _let_go(descriptor)


def _publish(slot: Slot, body: bytes, header: int) -> int:
    words, size = slot.words, os.fstat(header).st_size
    if size < layout.HEADER_SIZE or words[layout.GENERATION] >= _MOST:
        text = "the header of shared memory is damaged: ensure() has it made anew"
        raise ValueError(f"{text}: {slot.path}")
    current: int = words[layout.GENERATION]
    seal = payload.seal(body)
    if words[layout.PUBLISHED] and _is_published(slot, current, seal, body):
        if slot.told[0] != current:  # its writer may have been killed before its last steps
            if words[layout.PUBLISHED] != current:
                words[layout.PUBLISHED] = current
            slot.wake()
            slot.told = current, seal
        return current
    generation = current + 1
    payload.store(slot.path, generation, payload.pack(generation, seal) + body)
    mode = os.fstat(header).st_mode & _READABLE
    if mode:  # S8.4: a worker of another user may read it
        os.chmod(layout.payload_file(slot.path, generation), 0o600 | mode)
    words[layout.GENERATION] = generation
    words[layout.PUBLISHED] = generation
    slot.wake()
    slot.told = generation, seal
    payload.tidy(slot.path, generation - 2)
    return generation


def _is_published(slot: Slot, generation: int, seal: tuple[int, int], body: bytes) -> bool:
    """S6.3; a file that is missing or damaged is not what is to be published.

    What this process published last needs no look at the file to be different, only to be the same.
    """
    if slot.told[0] == generation and slot.told[1] != seal:
        return False
    try:
        return payload.load(slot.path, generation) == payload.pack(generation, seal) + body
    except OSError:
        return False


def _open(path: str) -> int:
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            with _opening:
                descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NOCTTY)
                _held.add(descriptor)
                return descriptor
        except FileNotFoundError:
            if time.monotonic() > until:
                raise FileNotFoundError(f"{_GONE}: {path}") from None
        time.sleep(_PATIENCE / 100)


def _let_go(descriptor: int) -> None:
    """Unlock first: a forked child that has not closed its copy yet would hold the lock."""
    with _opening:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        finally:
            _held.discard(descriptor)
            os.close(descriptor)


def _in_child() -> None:
    global _opening
    _opening = RLock()
    for descriptor in _held:
        try:
            os.close(descriptor)
        except OSError:
            pass
    _held.clear()


os.register_at_fork(
    before=lambda: _opening.acquire(), after_in_parent=lambda: _opening.release(), after_in_child=_in_child
)
