"""Leaving politely: what a process of an HTTP set does once it must stop (S7.2).

A thread sleeps on the handle. At its end this process stops accepting, every response says
`Connection: close`, and when no connection that was open by then is left, the shim is told, so that
`stop_signal` need not wait for `drain_timeout`.

Who accepted a moment before the signal would reset: the request is still in the kernel. So the listening
sockets are taken out of the epoll sets of this process; that works for every event loop, those of C included,
and the sockets go on for the other processes. Where none of them is in such a set yet, sockets that nobody
knows get their numbers, for a server that was told to end while it booted and listens all the same.
"""

from __future__ import annotations

import _socket
import os
import select
import stat
import time
from _thread import start_new_thread

from . import contract, errors, handles, load, notify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_NOWHERE: dict[int, tuple[str, int] | str] = {
    _socket.AF_INET: ("127.0.0.1", 0),
    _socket.AF_INET6: ("::1", 0),
    _socket.AF_UNIX: "",
}
"""The kernel chooses: a free port, a name without a file (unix(7))."""

_FIRST_LOOK_SECONDS = 0.02
_LONGEST_LOOK_SECONDS = 0.25


class Draining:
    """Of one process; `closing` is what each response asks."""

    closing = False

    def __init__(self) -> None:
        self.watched = False
        self._settle: Callable[[], None] = _pause
        self._places: set[object] | None = None

    def watch(self, settle: Callable[[], None] | None = None) -> None:
        """Take the handle and follow it; again is harmless, and so is a process that has none.

        `settle` is called in the thread, and returns when what the event loop had been told of is accepted.
        """
        if self.watched:
            return
        self.watched = True
        if not _is_handed_sockets():
            return
        self._settle = settle or _pause
        try:
            handle = handles.handle().duplicate()
            if handle.stopping:
                self._leave_queue()  # before the server can accept: its signal may be there already
        except (errors.NotAvailable, OSError):
            return  # stopped by its signal, like any other server
        start_new_thread(self._follow, (handle,))

    def _follow(self, handle: handles.Handle) -> None:
        handle.wait()
        handle.close()
        try:
            self._leave_queue()
            self._settle()
            _, left = connections(self._places)
            _wait_gone(left)
            if load.current().mark_drained():
                notify.send(contract.SAY_DRAINED)
        except (errors.NotAvailable, OSError):
            pass  # stop_signal comes after drain_timeout all the same

    def _leave_queue(self) -> None:
        """Once: afterwards the numbers stand for other sockets."""
        self.closing = True
        if self._places is None:
            listening, _ = connections()
            self._places = {found[1] for number in listening if (found := _stream(number))}
            if not _stop_accepting(listening):
                handed = _handed()
                for number in listening:
                    if os.fstat(number).st_ino in handed:
                        _replace(number)


def _pause() -> None:
    time.sleep(_FIRST_LOOK_SECONDS)


def _stop_accepting(listening: list[int]) -> bool:
    """No epoll set of this process tells of these sockets any more (epoll_ctl(2)), whichever thread waits.
    Whether one did."""
    told = False
    for text in os.listdir("/proc/self/fd"):
        try:
            if os.readlink(f"/proc/self/fd/{text}") != "anon_inode:[eventpoll]":
                continue
            queue = select.epoll.fromfd(os.dup(int(text)))  # it closes what it was made of
        except OSError:
            continue
        for number in listening:
            try:
                queue.unregister(number)
                told = True
            except OSError:
                pass  # another's
        queue.close()
    return told


def _handed() -> set[int]:
    """Inodes of the sockets of this worker, from its main process; none if that has closed them."""
    main = os.environ.get(contract.LISTEN_PID) or "self"
    count = int(os.environ.get(contract.LISTEN_FDS) or 0)
    found: set[int] = set()
    for number in range(contract.HANDLE, contract.HANDLE + count):
        try:
            found.add(os.stat(f"/proc/{main}/fd/{number}").st_ino)
        except OSError:
            pass
    return found


def _replace(number: int) -> None:
    """In this process alone the descriptor becomes a socket of the same kind to which nobody connects."""
    one = _socket.socket(fileno=number)
    family = one.family
    one.detach()
    try:
        other = _socket.socket(family, _socket.SOCK_STREAM)
    except OSError:
        return  # no descriptor is left: it is out of the epoll sets all the same
    try:
        other.setblocking(False)
        other.bind(_NOWHERE[family])
        other.listen(1)
        os.dup2(other.fileno(), number, os.get_inheritable(number))
    except (OSError, KeyError):
        pass  # likewise without a loopback of this family
    finally:
        other.close()


def _is_handed_sockets() -> bool:
    """Whether this is a worker of an HTTP set: its handle comes after its sockets."""
    try:
        return int(os.environ[contract.HANDLE_FD]) > contract.HANDLE
    except (KeyError, ValueError):
        return False


def connections(places: Iterable[object] | None = None) -> tuple[list[int], dict[int, int]]:
    """Descriptors this process listens on, and by descriptor the inodes of what it has accepted there, or at
    `places` in former times."""
    listening: list[int] = []
    where = set(places or ())
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
