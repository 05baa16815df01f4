"""A slot of shared memory in a worker: read, publish and wait (S6), after the layout in `layout.py`.

What callers compare on their hot path is `words`: while those are what they were, there is nothing to do.

Threads may share a slot, and a forked child may go on with it: the mapping is shared memory in the child
too, descriptors of locks live for one publish and are closed in a child, locks are made anew there.
Python 3.9 syntax, standard library only; what only a publish or a wait needs is imported then.
"""

from __future__ import annotations

import os
from _thread import RLock, get_ident  # `threading` costs a millisecond that nothing else here needs
from mmap import ACCESS_READ, mmap

from . import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .frozen import FrozenDict

_FUTEX = 8 * layout.GENERATION
"""Where the low half of the word is, in bytes."""

_FLAGS = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NOCTTY | os.O_NONBLOCK

_LOOKS = 4
"""So often a payload may be missing or damaged under one generation before a read gives up."""


_LONGEST_SLEEP = 2.0
"""Seconds: a writer may be killed before it wakes anybody, and PHP without FFI cannot."""


class Damaged(ValueError):
    """What is in the files is not what a publisher wrote; the text says which, and what heals it."""


class Slot:
    """One header file, mapped. `FileNotFoundError` if there is none, `Damaged` if it is no header.

    `words` are those of `layout.py`. `seen_epoch` is the epoch that the name was resolved in; it belongs to
    the caller. `told` is the generation that this process last told sleepers of, and
    length and checksum of its body.
    """

    __slots__ = (
        "_again",
        "_busy",
        "_inode",
        "_last",
        "_lock",
        "_pid",
        "memory",
        "path",
        "seen_epoch",
        "told",
        "words",
    )

    def __init__(self, path: str) -> None:
        self.path = path
        self._last: tuple[int, FrozenDict | None] = (0, None)
        self.told = (0, (0, 0))
        self._again: bytes | None = None
        self._busy = 0
        self._lock, self._pid = RLock(), os.getpid()
        descriptor = _open(path)
        try:
            self._attach(descriptor)
        finally:
            os.close(descriptor)
        self.seen_epoch: int = self.words[layout.EPOCH]

    # ------------------------------------------------------------------ words

    @property
    def generation(self) -> int:
        """The last published one; 0 if nothing ever was."""
        if not self.words[layout.PUBLISHED]:
            return 0
        generation: int = self.words[layout.GENERATION]
        return generation

    @property
    def ready(self) -> bool:
        """Whether the name is ready now (S5)."""
        return bool(self.words[layout.READY])

    @property
    def epoch(self) -> int:
        """Changes whenever the name is to be resolved anew."""
        epoch: int = self.words[layout.EPOCH]
        return epoch

    def touch(self) -> None:
        """S6.9: somebody wants this name; for sets with an idle timeout."""
        if not self.words[layout.TOUCHED] and not self.words.readonly:
            self.words[layout.TOUCHED] = 1

    def renew(self) -> None:
        """Look for the file anew: the run-time folder may have been made again. Keeps what was read."""
        descriptor = _open(self.path)
        try:
            if _identity(os.fstat(descriptor)) != self._inode:
                self._attach(descriptor)
        finally:
            os.close(descriptor)

    # ------------------------------------------------------------------ reading

    def read(self) -> tuple[int, FrozenDict | None]:
        """Generation and value; (0, None) if nothing was ever published. The same object while unchanged.

        Raises `Damaged`, and `codec.EnumMissing` where a member of an enum cannot be had here.
        """
        last = self._last
        if self.words[layout.GENERATION] == last[0]:
            return last
        with self._locked():
            generation, body = self._load()
            if not generation:
                return 0, None
            if body is not None:
                from . import codec

                self._last = generation, codec.decode(body)
            return self._last

    def _load(self) -> tuple[int, bytes | None]:
        """The published body, unless it is the one that was read already."""
        from . import payload

        before, looks = -1, 0
        while True:
            published = self.words[layout.PUBLISHED]
            generation = self.words[layout.GENERATION]
            if generation == self._last[0]:
                return generation, None
            if not published:
                return 0, None
            looks = looks + 1 if generation == before else 1
            before = generation
            try:
                return generation, payload.unpack(payload.load(self.path, generation), generation)
            except FileNotFoundError:
                why = "it is missing"
            except ValueError as error:
                why = str(error)
            if looks >= _LOOKS:
                file = layout.payload_file(self.path, generation)
                raise Damaged(f"published vars are damaged, {why}: the next publish heals it: {file}")

    # ------------------------------------------------------------------ publishing

    def publish(self, mapping: Mapping[Any, Any]) -> int:
        """Replace the snapshot as a whole (S6.1). Returns its generation, the old one if unchanged (S6.3).

        Raises `ValueError` or `TypeError` for what cannot be published and `OSError` where it cannot be
        written; the old snapshot stays then. A signal handler may publish in the middle of a publish of its
        own thread: it is done right after that.
        """
        from . import codec, publishing

        body: bytes | None = codec.encode(mapping)
        with self._locked():
            if self._busy == get_ident():
                self._again = body
                return self.generation
            self._busy = get_ident()
            try:
                while body is not None:
                    generation = publishing.publish(self, body)
                    body, self._again = self._again, None
            finally:
                self._busy, self._again = 0, None
            return generation

    # ------------------------------------------------------------------ waiting

    def wait(self, after: int, timeout: float | None = None) -> bool:
        """Block until something newer than `after` is published (S6.8); false when the time is up.

        Also false as soon as the epoch is not `seen_epoch`: the caller resolves the name anew.
        """
        import time

        from . import futex

        until = None if timeout is None else time.monotonic() + timeout
        words, nap = self.words, futex.FIRST_NAP
        while True:
            generation = words[layout.GENERATION]
            if generation > after and words[layout.PUBLISHED]:
                return True
            left = None if until is None else until - time.monotonic()
            if words[layout.EPOCH] != self.seen_epoch or (left is not None and left <= 0):
                return False
            most = _LONGEST_SLEEP if left is None else min(left, _LONGEST_SLEEP)
            nap = futex.sleep(self.memory, _FUTEX, generation, most, nap)

    def wake(self) -> None:
        """Wake everybody who waits for a publish."""
        from . import futex

        futex.wake(self.memory, _FUTEX)

    # ------------------------------------------------------------------ inside

    def is_mapped(self, found: os.stat_result) -> bool:
        """Whether this is the file that is mapped."""
        return _identity(found) == self._inode

    def attach(self, descriptor: int) -> None:
        """Go on with another header; who still has the old one mapped is told to look again."""
        old, words = self.memory, self.words
        self._attach(descriptor)
        from . import futex

        words[layout.EPOCH] = (words[layout.EPOCH] + 1) % 2**64
        futex.wake(old, _FUTEX)

    def _attach(self, descriptor: int) -> None:
        found = os.fstat(descriptor)
        if found.st_size < layout.HEADER_SIZE:
            raise _no_header(self.path, f"it has {found.st_size} of {layout.HEADER_SIZE} bytes")
        try:
            memory = mmap(descriptor, layout.HEADER_SIZE)
        except PermissionError:
            memory = mmap(descriptor, layout.HEADER_SIZE, access=ACCESS_READ)
        if memory[:8] != layout.MAGIC:
            raise _no_header(self.path, "it does not begin with the mark of one")
        self.memory = memory
        self._inode = _identity(found)
        self.words = memoryview(memory).cast("Q")

    def _locked(self) -> RLock:
        """The lock of this process: a forked child cannot wait for a thread that only its parent has."""
        if self._pid != os.getpid():
            self._lock, self._pid, self._busy, self._again = RLock(), os.getpid(), 0, None
        return self._lock


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def _open(path: str) -> int:
    """What another user publishes in can only be read (S8.4)."""
    try:
        return os.open(path, os.O_RDWR | _FLAGS)
    except PermissionError:
        return os.open(path, os.O_RDONLY | _FLAGS)


def _no_header(path: str, why: str) -> Damaged:
    return Damaged(f"the header of shared memory is damaged, {why}: ensure() has it made anew: {path}")
