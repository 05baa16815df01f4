"""Sleeping on a word of shared memory: futex(2), and looking now and then where there is none.

The degraded path (`AVAILABLE` false: an unknown machine, no `ctypes`, a kernel that refuses the call; and
memory of another user, of which `ctypes` gives no address) sleeps 1 ms and, in an idle hour, up to 20 ms
between two looks; nothing else changes.
Little-endian machines only, as the whole layout. Standard library only, `ctypes` when first needed.
"""

from __future__ import annotations

import errno
import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import mmap
    from collections.abc import Callable
    from typing import Any

_NUMBERS = {"x86_64": 202, "aarch64": 98, "riscv64": 98, "loongarch64": 98, "ppc64le": 221}
"""The number of the system call (no PRIVATE flag is used: waiters and wakers are different processes)."""

_WAIT, _WAKE = 0, 1
_ALL = 2**31 - 1
FIRST_NAP, _LONGEST_NAP = 0.001, 0.02

AVAILABLE = True
"""Set to false by whoever finds that it is not; tests force the degraded path with it."""

_call: Any = None


def wake(memory: mmap.mmap, offset: int) -> None:
    """Wake everybody who sleeps on the 4 bytes at `offset`."""
    if AVAILABLE:
        _futex(memory, offset, _WAKE, _ALL, None)


def sleep(
    memory: mmap.mmap, offset: int, expected: int, seconds: float | None, nap: float = FIRST_NAP
) -> float:
    """Sleep while the 4 bytes at `offset` are `expected`, at most `seconds`; may return early.

    Returns the nap to hand in the next time, which is for the degraded path alone.
    """
    if AVAILABLE and not memoryview(memory).readonly:
        failure = _futex(memory, offset, _WAIT, expected & 0xFFFFFFFF, seconds)
        if failure in (0, errno.EAGAIN, errno.EINTR, errno.ETIMEDOUT):
            return FIRST_NAP
    time.sleep(nap if seconds is None else min(nap, seconds))
    return min(nap * 1.25, _LONGEST_NAP)


def _futex(memory: mmap.mmap, offset: int, operation: int, value: int, seconds: float | None) -> int:
    global _call, AVAILABLE
    try:
        if _call is None:
            _call = _load()
        failure: int = _call(memory, offset, operation, value, seconds)
    except (ImportError, AttributeError, KeyError, OSError):
        failure = errno.ENOSYS
    if failure in (errno.ENOSYS, errno.EPERM):
        AVAILABLE = False
    return failure


def _load() -> Callable[[mmap.mmap, int, int, int, float | None], int]:
    import ctypes

    number = _NUMBERS[os.uname().machine]
    syscall = ctypes.CDLL(None, use_errno=True).syscall

    class Timespec(ctypes.Structure):
        _fields_ = (("seconds", ctypes.c_int64), ("nanoseconds", ctypes.c_int64))

    def call(memory: mmap.mmap, offset: int, operation: int, value: int, seconds: float | None) -> int:
        word = ctypes.c_uint32.from_buffer(memory, offset)
        limit = None
        if seconds is not None:
            whole = int(seconds)
            limit = ctypes.byref(Timespec(whole, int((seconds - whole) * 1e9)))
        arguments = (
            ctypes.c_long(number),
            ctypes.byref(word),
            ctypes.c_int(operation),
            ctypes.c_uint32(value),
        )
        if syscall(*arguments, limit, None, ctypes.c_int(0)) >= 0:
            return 0
        return ctypes.get_errno()

    return call
