"""Killing what is left: everything below this process, and what a killed predecessor left on the machine.

Both go round until nothing new is found, because a process may fork while it is being looked for.
"""

from __future__ import annotations

import os
import select
import time

from controller.sdk.workerset import contract
from controller.shim import proc
from controller.shim.lean import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_LIMIT_SECONDS = 10.0
_LAST_WORDS_SECONDS = 1.0


def kill_children(spare: Callable[[int], bool]) -> list[tuple[int, str]]:
    """SIGKILL every child and what becomes a child by that, but not those to spare; reaps them.

    The log writer is given a moment to write what is in the pipes: it ends by itself.
    """
    killed: list[tuple[int, str]] = []
    deadline = time.monotonic() + _LAST_WORDS_SECONDS
    while True:
        left = [pid for pid in map(int, proc.own_children()) if not spare(pid)]
        if not left:
            return killed
        for pid in left:
            command = proc.command(pid)
            if "logwriter.py" in command and time.monotonic() < deadline:
                continue
            if proc.is_running(pid):
                killed.append((pid, command))
            proc.send(pid, signal.SIGKILL)
        _reap(left)


def _reap(pids: list[int]) -> None:
    reaped = False
    for pid in pids:
        try:
            reaped = os.waitpid(pid, os.WNOHANG)[0] != 0 or reaped
        except ChildProcessError:
            continue
    if not reaped:
        time.sleep(0.002)


def leftovers(tag: str) -> list[int]:
    """Processes of this user that carry the project's tag, other than this one and its ancestors."""
    spared = {os.getpid()}
    pid = os.getppid()
    while pid > 1 and (found := proc.stat(pid)) is not None:
        spared.add(pid)
        pid = found.parent
    found_pids = [pid for pid in proc.pids() if pid not in spared]
    return [pid for pid in found_pids if proc.variable(pid, contract.PROJECT) == tag]


def kill_leftovers(tag: str) -> list[tuple[int, str]]:
    """SIGKILL what carries the tag until nothing does; who was killed."""
    killed: list[tuple[int, str]] = []
    deadline = time.monotonic() + _LIMIT_SECONDS
    while time.monotonic() < deadline:
        left = [pid for pid in leftovers(tag) if proc.is_running(pid)]
        if not left:
            break
        for pid in left:
            killed.append((pid, proc.command(pid)))
            proc.send(pid, signal.SIGKILL)
        _await_ends(left)
    return killed


def _await_ends(pids: list[int]) -> None:
    """Until each has ended; they are children of somebody else."""
    for pid in pids:
        try:
            descriptor = os.pidfd_open(pid)
        except OSError:
            continue
        ended = select.poll()
        ended.register(descriptor, select.POLLIN)
        ended.poll(1000)
        os.close(descriptor)
