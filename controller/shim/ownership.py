"""One controller a project: a lock in the state folder and an abstract socket keyed by the root's inode.

Either alone could be lost (`git clean` removes the lock; network namespaces hide the socket). Both are
open in guardian and shim, so ownership lasts while either lives; the socket answers who and where.
"""

from __future__ import annotations

import fcntl
import os

from controller.sdk.workerset import contract
from controller.shim import lean
from controller.shim.lean import socket

_ANSWER_SECONDS = 2.0
_ORPHAN = "orphan"


class Owner:
    """Who owns a project: pid 0 and an empty run-time folder if that is not known.

    An orphan is a shim whose guardian and controller were killed.
    """

    __slots__ = ("is_orphan", "pid", "run")

    def __init__(self, pid: int = 0, run: str = "", is_orphan: bool = False) -> None:
        self.pid = pid
        self.run = run
        self.is_orphan = is_orphan


class Taken(Exception):
    """Somebody owns the project already."""

    def __init__(self, owner: Owner) -> None:
        super().__init__(f"process {owner.pid} owns this project")
        self.owner = owner


class Ownership:
    """The two proofs, as open descriptors."""

    __slots__ = ("lock", "socket")

    def __init__(self, lock: int, listener: socket.socket) -> None:
        self.lock = lock
        self.socket = listener


def address(root: str) -> bytes:
    """The abstract name (unix(7)) of the project at `root`."""
    return b"\0workerset/" + contract.project_tag(root).encode()


def take(root: str, state: str, run: str) -> Ownership:
    """Own the project, or raise `Taken`. Nothing is spawned before this."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(address(root))
    except OSError:
        listener.close()
        raise Taken(ask(root) or _read_lock(state)) from None
    listener.listen(8)
    listener.setblocking(False)
    try:
        lock = take_lock(state, run)
    except Taken:
        listener.close()
        raise
    return Ownership(lock, listener)


def take_lock(state: str, run: str) -> int:
    """Lock and fill the lock file; also after it was lost."""
    descriptor = os.open(f"{state}/lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise Taken(_read_lock(state)) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n{run}\n".encode(errors="surrogateescape"), 0)
    return descriptor


def has_lock(state: str, lock: int) -> bool:
    """Whether the lock file is still the one that is locked."""
    try:
        return os.path.samestat(os.stat(f"{state}/lock"), os.fstat(lock))
    except OSError:
        return False


def ask(root: str) -> Owner | None:
    """The project's owner; None if it has none, pid 0 if it does not answer."""
    asking = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    asking.settimeout(_ANSWER_SECONDS)
    try:
        asking.connect(address(root))
    except OSError:
        asking.close()
        return None
    try:
        answer = asking.recv(4096)
    except OSError:
        answer = b""
    asking.close()
    return _parse(answer)


def answer(listener: socket.socket, run: str, *, is_orphan: bool = False) -> None:
    """Say who owns the project to one process that asks."""
    word = _ORPHAN if is_orphan else ""
    try:
        asking = lean.accept(listener)
        asking.send(f"{os.getpid()}\n{run}\n{word}\n".encode(errors="surrogateescape"))
        asking.close()
    except OSError:
        return


def _read_lock(state: str) -> Owner:
    try:
        with open(f"{state}/lock", "rb") as file:
            return _parse(file.read(4096))
    except OSError:
        return Owner()


def _parse(text: bytes) -> Owner:
    pid, run, word, *_ = [*text.decode(errors="surrogateescape").split("\n"), "", ""]
    return Owner(int(pid) if pid.isdigit() else 0, run, word == _ORPHAN)
