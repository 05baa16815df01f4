"""One header file (`workerset/layout.py`), by pread(2) and pwrite(2).

The controller maps nothing it can avoid to map: a file that somebody truncates would kill it (SIGBUS), and
each mapping costs a descriptor. Page cache and mappings are one memory on Linux.
"""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from controller.sdk.workerset import futex, layout, payload

_FLAGS = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NOCTTY | os.O_NONBLOCK
"""What stands there may be another user's doing: a pipe or a link is no header."""
_LENGTH = 8 * (layout.BOOT + 2)
_MOST = 2**63
_NAP_SECONDS = 0.02
"""Between two looks, where there is no futex."""


@dataclass(frozen=True, slots=True)
class Words:
    """What the first page says."""

    generation: int
    published: int
    boot: bytes


def read(path: str) -> Words:
    """`FileNotFoundError` if there is none; `ValueError` says what is wrong with it."""
    with _opened(path, os.O_RDONLY) as descriptor:
        data = os.pread(descriptor, _LENGTH, 0)
        size = os.fstat(descriptor).st_size
    if size < layout.HEADER_SIZE or len(data) < _LENGTH:
        raise ValueError(f"it has {size} of {layout.HEADER_SIZE} bytes")
    words = struct.unpack(f"<{_LENGTH // 8}Q", data)
    generation, published = words[layout.GENERATION], words[layout.PUBLISHED]
    if data[:8] != layout.MAGIC:
        raise ValueError("it does not begin with the mark of one")
    if not 0 < generation < _MOST or published >= _MOST:
        raise ValueError("its words are no generations")
    return Words(generation, published, data[8 * layout.BOOT :])


def make(path: str, seed: int, boot: bytes, user: int = -1) -> None:
    """A new file in place of whatever is there; who has the old one mapped keeps that."""
    data = bytearray(layout.HEADER_SIZE)
    data[:8] = layout.MAGIC
    struct.pack_into("<Q", data, 8 * layout.GENERATION, seed)
    data[8 * layout.BOOT : 8 * layout.BOOT + 16] = boot
    write_file(path, bytes(data), user)


def write_file(path: str, data: bytes, user: int = -1) -> None:
    """Complete or not at all, for this user only, or for `user`."""
    private = f"{path}.made"
    how = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FLAGS
    try:
        descriptor = os.open(private, how, 0o600)
    except FileExistsError:  # left by whoever was killed
        payload.remove(private)
        descriptor = os.open(private, how, 0o600)
    try:
        os.write(descriptor, data)
        if user >= 0:
            os.fchown(descriptor, user, -1)
    finally:
        os.close(descriptor)
    os.rename(private, path)


def set_word(path: str, word: int, value: int) -> None:
    """Does nothing where there is no header."""
    with contextlib.suppress(FileNotFoundError, ValueError), _opened(path, os.O_WRONLY) as descriptor:
        os.pwrite(descriptor, struct.pack("<Q", value), 8 * word)


def get_word(path: str, word: int) -> int:
    """0 where there is no header, or no such word in it."""
    with contextlib.suppress(FileNotFoundError, ValueError), _opened(path, os.O_RDONLY) as descriptor:
        return int.from_bytes(os.pread(descriptor, 8, 8 * word), "little")
    return 0


def open_to_all(path: str) -> None:
    """Whoever can reach it may read it. Writers give a payload the mode of the header once it has its name
    and before it is told of: so none is missed, whoever comes first."""
    with contextlib.suppress(FileNotFoundError, ValueError):
        for file in (path, layout.payload_file(path, read(path).generation)):
            with contextlib.suppress(FileNotFoundError, ValueError), _opened(file, os.O_RDONLY) as descriptor:
                os.fchmod(descriptor, 0o644)


def count_up(path: str, word: int) -> None:
    """Readers compare it for equality only."""
    set_word(path, word, (get_word(path, word) + 1) % 2**64)


def wake(path: str) -> None:
    """Whoever waits for a publish looks around."""
    with contextlib.suppress(FileNotFoundError, ValueError), _opened(path, os.O_RDWR) as descriptor:
        futex.wake(mmap.mmap(descriptor, layout.HEADER_SIZE), 8 * layout.GENERATION)


def sleep(path: str, generation: int, seconds: float) -> None:
    """While the word is `generation`. The mapping is for the kernel alone: nothing is read through it."""
    with _opened(path, os.O_RDWR) as descriptor:
        memory = mmap.mmap(descriptor, layout.HEADER_SIZE)
    futex.sleep(memory, 8 * layout.GENERATION, generation, seconds, nap=_NAP_SECONDS)


@contextlib.contextmanager
def _opened(path: str, how: int) -> Iterator[int]:
    try:
        descriptor = os.open(path, how | _FLAGS, 0o600)
    except OSError as problem:
        if problem.errno in (errno.ELOOP, errno.ENXIO, errno.EISDIR):
            raise ValueError("it is no file") from None
        raise
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("it is no file")
        yield descriptor
    finally:
        os.close(descriptor)
