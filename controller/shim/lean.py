"""`signal` and `socket` without the enums: the C modules below them, which cost no memory to speak of.

Three of our processes live as long as the workers; every page they keep is paid for all that time.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    import socket
else:
    import _signal as signal
    import _socket as socket

__all__ = ["accept", "close_quietly", "signal", "socket", "wake_on"]

_HANDLED: dict[int, object] = {}


def wake_on(*signals: int) -> int:
    """A descriptor that gets one byte, the number, for each of these signals (signal(7), self-pipe)."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in signals:
        _HANDLED[number] = signal.signal(number, _noted)
    return reader


def _noted(_number: int, _frame: object) -> None:
    """The wake-up descriptor already has it."""


def accept(listener: socket.socket) -> socket.socket:
    """`socket.accept` of the C module."""
    descriptor, _ = listener._accept()  # type: ignore[attr-defined]
    return socket.socket(fileno=descriptor)


def close_quietly(descriptor: int) -> None:
    """Close what may be closed already."""
    if descriptor >= 0:
        try:
            os.close(descriptor)
        except OSError:
            pass
