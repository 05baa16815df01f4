"""Handing listening sockets to a process by systemd's convention (sd_listen_fds(3)): S7.1.

Descriptors from 3, the sockets first, then the handle. `LISTEN_PID` must be the process's own number, which
nobody knows before it exists: a shell sets it and becomes the process.
"""

from __future__ import annotations

import os

from controller.sdk.workerset import contract

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

SHELL = "/bin/sh"

_SCRIPT = 'ulimit -S -n "$1" && shift && LISTEN_PID=$$ exec "$@"'
"""The limit on open files is set here, since posix_spawn takes no descriptor above the one of its caller."""


def argv(words: Sequence[str], files: int) -> list[str]:
    """The command that becomes `words` with `LISTEN_PID` and the soft limit on open files set."""
    return [SHELL, "-c", _SCRIPT, "sh", str(files), *words]


def environment(names: Sequence[str]) -> dict[str, str]:
    """All of the convention but `LISTEN_PID`. Every socket has the name of its set, as a unit's would, and
    the worker's private one its own."""
    return {contract.LISTEN_FDS: str(len(names)), contract.LISTEN_FDNAMES: ":".join(names)}


def actions(sources: Sequence[int]) -> list[tuple[Any, ...]]:
    """For posix_spawn: the sockets, the handle and what follows, from 3 on. They go by way of numbers that
    nothing else here has, so that no source is overwritten."""
    far = max(*sources, contract.HANDLE + len(sources)) + 1
    found: list[tuple[Any, ...]] = []
    for place, source in enumerate(sources):
        found.append((os.POSIX_SPAWN_DUP2, source, far + place))
    for place in range(len(sources)):
        found.append((os.POSIX_SPAWN_DUP2, far + place, contract.HANDLE + place))
        found.append((os.POSIX_SPAWN_CLOSE, far + place))
    return found
