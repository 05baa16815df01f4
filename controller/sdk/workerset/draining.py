"""Leaving politely: what a process of an HTTP set does once it must stop (S7.2).

A thread sleeps on the handle. At its end this process stops accepting where it can, every response says
`Connection: close`, and when no connection that was open by then is left, the shim is told, so that
`stop_signal` need not wait for `drain_timeout`.
"""

from __future__ import annotations

import _socket
import os
import stat
import time
from _thread import start_new_thread

from . import contract, errors, handles, load, notify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_FIRST_LOOK_SECONDS = 0.02
_LONGEST_LOOK_SECONDS = 0.25


class Draining:
    """Of one process; `closing` is what each response asks."""

    closing = False

    def __init__(self) -> None:
        self.watched = False
        self._stop_accepting: Callable[[list[int]], None] | None = None

    def watch(self, stop_accepting: Callable[[list[int]], None] | None = None) -> None:
        """Take the handle and follow it; again is harmless, and so is a process that has none.

        `stop_accepting` is called in the thread with the listening descriptors, and returns when they are
        not accepted from any more.
        """
        if self.watched:
            return
        self.watched = True
        if not _is_handed_sockets():
            return
        self._stop_accepting = stop_accepting
        try:
            handle = handles.handle().duplicate()
        except (errors.NotAvailable, OSError):
            return  # stopped by its signal, like any other server
        start_new_thread(self._follow, (handle,))

    def _follow(self, handle: handles.Handle) -> None:
        handle.wait()
        handle.close()
        self.closing = True
        try:
            listening, _ = connections()
            if self._stop_accepting is not None:
                self._stop_accepting(listening)
            _, left = connections()
            _wait_gone(left)
            if load.current().mark_drained():
                notify.send(contract.SAY_DRAINED)
        except (errors.NotAvailable, OSError):
            pass  # stop_signal comes after drain_timeout all the same


def _is_handed_sockets() -> bool:
    """Whether this is a worker of an HTTP set: its handle comes after its sockets."""
    try:
        return int(os.environ[contract.HANDLE_FD]) > contract.HANDLE
    except (KeyError, ValueError):
        return False


def connections() -> tuple[list[int], dict[int, int]]:
    """Descriptors this process listens on, and by descriptor the inodes of what it has accepted there."""
    listening: list[int] = []
    where: set[object] = set()
    others: list[tuple[int, int, object]] = []
    for text in os.listdir("/proc/self/fd"):
        number = int(text)
        found = _stream(number)
        if found is None:
            continue
        inode, address, is_listening = found
        if is_listening:
            listening.append(number)
            where.add(address)
        else:
            others.append((number, inode, address))
    return listening, {number: inode for number, inode, address in others if address in where}


def _stream(number: int) -> tuple[int, object, bool] | None:
    """Inode, own address and whether it listens; None if the descriptor is no such socket."""
    try:
        found = os.fstat(number)
        if not stat.S_ISSOCK(found.st_mode):
            return None
        one = _socket.socket(fileno=number)
    except OSError:
        return None
    try:
        if one.type != _socket.SOCK_STREAM:
            return None
        name = one.getsockname()
        address = name[1] if isinstance(name, tuple) and len(name) > 1 else name
        return found.st_ino, address, bool(one.getsockopt(_socket.SOL_SOCKET, _socket.SO_ACCEPTCONN))
    except OSError:
        return None
    finally:
        one.detach()


def _wait_gone(left: dict[int, int]) -> None:
    pause = _FIRST_LOOK_SECONDS
    while left := {number: inode for number, inode in left.items() if _is_open(number, inode)}:
        time.sleep(pause)
        pause = min(pause * 1.2, _LONGEST_LOOK_SECONDS)


def _is_open(number: int, inode: int) -> bool:
    try:
        return os.fstat(number).st_ino == inode
    except OSError:
        return False


current = Draining()
"""The one of this process; a forked child begins anew."""


def _forget() -> None:
    global current
    current = Draining()


os.register_at_fork(after_in_child=_forget)
