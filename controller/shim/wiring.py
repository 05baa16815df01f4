"""Whoever talks to a command holds the other ends: here are theirs, opened by name, put onto 0, 1 and 2.

`ends` names a terminal, or any of stdin, stdout and stderr as pipes under /proc/PID/fd. Opening never waits:
an end whose other one is gone is an error.
"""

from __future__ import annotations

import os

from controller.shim import finding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TTY, STDIN, STDOUT, STDERR = "tty", "stdin", "stdout", "stderr"
TERM, TERMINAL = "TERM", "xterm"
"""What programs on a terminal take it for, unless the worker's own environment says another."""


def actions(ends: dict[str, str], places: tuple[int, int, int]) -> tuple[tuple[Any, ...], ...]:
    """File actions for posix_spawn. `places` are low descriptors that hold the null device until they are
    put back. Raises `OSError` for an end that cannot be opened."""
    path = ends.get(TTY)
    if path is not None:
        os.stat(path)
        return terminal(path, with_input=True)
    for place, name, flags in zip(
        places, (STDIN, STDOUT, STDERR), (os.O_RDONLY, os.O_WRONLY, os.O_WRONLY), strict=True
    ):
        if name in ends:
            _onto(place, ends[name], flags)
    return tuple((os.POSIX_SPAWN_DUP2, place, number) for number, place in enumerate(places))


def pair() -> tuple[int, int]:
    """The ends of a new terminal. Who is started opens the far one by name. Raises `StartFailed`."""
    try:
        return os.openpty()
    except OSError as error:
        raise finding.StartFailed(f"no terminal left for it, {error.strerror}: see kernel.pty.max") from None


def terminal(path: str, *, with_input: bool) -> tuple[tuple[Any, ...], ...]:
    """It becomes the controlling one of a process that leads a session (posix_spawn's setsid)."""
    outputs = ((os.POSIX_SPAWN_OPEN, 1, path, os.O_RDWR, 0), (os.POSIX_SPAWN_DUP2, 1, 2))
    return (*outputs, (os.POSIX_SPAWN_DUP2, 1, 0)) if with_input else outputs


def _onto(place: int, path: str, flags: int) -> None:
    opened = os.open(path, flags | os.O_NONBLOCK)
    os.dup2(opened, place, inheritable=False)
    os.close(opened)
    os.set_blocking(place, True)
