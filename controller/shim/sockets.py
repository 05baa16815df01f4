"""The listening sockets of HTTP sets (S7.1): bound here, so that they outlive every process and controller.

A set's list is a level: what it names is bound if it can be, what it no longer names is closed, what it names
as before is left alone. No policy: when to try again is decided elsewhere.
"""

from __future__ import annotations

import os
import stat

from controller.shim import lean
from controller.shim.lean import socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Owner = tuple[str, str]
"""Namespace and set."""

Wanted = tuple[str, str, str, int]
"""Identity, family (`tcp4`, `tcp6`, `unix`), host or absolute path, port."""

BACKLOG = 4096
"""The kernel caps it at net.core.somaxconn (listen(2))."""

_NO_SOCKET = "there is something that is no socket"
_LISTENED_TO = "somebody listens on it"


class Listener:
    """One address of a set: bound, or why not."""

    __slots__ = ("error", "identity", "inode", "name", "number", "path", "socket")

    def __init__(self, identity: str) -> None:
        self.identity = identity
        self.socket: socket.socket | None = None
        self.inode: tuple[int, int] = (0, 0)
        self.name = ""
        self.path: tuple[str, int] | None = None
        self.number = 0
        self.error = ""

    def bind(self, family: str, host: str, port: int) -> None:
        """Bind and listen; what goes wrong is kept as a number and a text."""
        self.number, self.error = 0, ""
        try:
            self._bind(family, host, port)
        except OSError as error:
            self.number, self.error = error.errno or 0, error.strerror or str(error)
            if self.socket is not None:
                self.close()

    def _bind(self, family: str, host: str, port: int) -> None:
        kind = {"tcp4": socket.AF_INET, "tcp6": socket.AF_INET6, "unix": socket.AF_UNIX}[family]
        made = self.socket = socket.socket(kind, socket.SOCK_STREAM)
        made.setblocking(False)
        if family == "unix":
            _remove_stale(host)
            made.bind(host)
            self.path = (host, os.lstat(host).st_ino)
            self.name = host
        else:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if family == "tcp6":
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            made.bind((host, port))
            bound = made.getsockname()
            self.name = f"[{bound[0]}]:{bound[1]}" if family == "tcp6" else f"{bound[0]}:{bound[1]}"
        made.listen(BACKLOG)
        found = os.fstat(made.fileno())
        self.inode = (found.st_ino, found.st_dev)

    def to_wire(self) -> list[Any]:
        return [self.identity, self.name, self.number, self.error]

    @property
    def is_bound(self) -> bool:
        """Bound, and a Unix socket still under its name."""
        if self.socket is None:
            return False
        if self.path is None:
            return True
        try:
            return os.lstat(self.path[0]).st_ino == self.path[1]
        except OSError:
            return False

    def close(self) -> None:
        """Let go of it; processes that have it keep it. A file goes if it is still this socket's."""
        if self.path is not None and self.is_bound:
            os.unlink(self.path[0])
        if self.socket is not None:
            self.socket.close()
        self.socket, self.path, self.name, self.inode = None, None, "", (0, 0)


class Sockets:
    """The listeners of all sets; `dirty` holds the sets whose listeners the controller has not been told.

    Verbs are numbered by who sends them, and news says which one it is of: what was on its way when the next
    was sent is told apart.
    """

    def __init__(self) -> None:
        self._asked: dict[Owner, int] = {}
        self._of: dict[Owner, dict[str, Listener]] = {}
        self.dirty: dict[Owner, None] = {}

    def open(self, owner: Owner, wanted: list[Wanted], asked: int) -> None:
        """Make the set's list this one. Everything is closed first: an address may move within the set."""
        before = self._of.get(owner, {})
        named = {identity for identity, *_ in wanted}
        for identity, listener in before.items():
            if identity not in named:
                listener.close()
        self._of[owner] = after = {}
        for identity, family, host, port in wanted:
            listener = after[identity] = before.get(identity) or Listener(identity)
            if not listener.is_bound:
                listener.close()
                listener.bind(family, host, port)
        self._asked[owner], self.dirty[owner] = asked, None

    def close(self, owner: Owner, asked: int) -> None:
        for listener in self._of.pop(owner, {}).values():
            listener.close()
        self._asked[owner], self.dirty[owner] = asked, None

    def close_all(self) -> None:
        """The end: no file of ours is left behind."""
        for listeners in self._of.values():
            for listener in listeners.values():
                listener.close()

    def descriptors(self, owner: Owner, identities: list[str]) -> list[int]:
        """For a process, in this order. Raises `KeyError` with the address that is not bound."""
        held = self._of.get(owner, {})
        found = []
        for identity in identities:
            listener = held.get(identity)
            if listener is None or listener.socket is None:
                raise KeyError(identity)
            found.append(listener.socket.fileno())
        return found

    def bound(self, owner: Owner) -> list[socket.socket]:
        """Those that there are."""
        return [one.socket for one in self._of.get(owner, {}).values() if one.socket is not None]

    def inodes(self, owner: Owner) -> set[tuple[int, int]]:
        """Inode and device of each socket of a set."""
        return {one.inode for one in self._of.get(owner, {}).values() if one.socket is not None}

    def mark_all(self) -> None:
        """Somebody new listens: tell everything."""
        self.dirty = dict.fromkeys(self._of)

    def news(self) -> list[list[Any]]:
        """A message a set that is dirty, as `runtime/wire.py` reads it; an empty list: closed."""
        owners, self.dirty = self.dirty, {}
        told = [
            [
                "sockets",
                owner,
                [one.to_wire() for one in self._of.get(owner, {}).values()],
                self._asked[owner],
            ]
            for owner in owners
        ]
        for owner in owners.keys() - self._of.keys():
            del self._asked[owner]
        return told


def _remove_stale(path: str) -> None:
    """Remove a socket nobody listens on. Raises `OSError` if it is something else or in use."""
    import errno

    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise OSError(errno.EEXIST, _NO_SOCKET)
    probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        probe.setblocking(False)
        probe.connect(path)
    except ConnectionRefusedError:
        os.unlink(path)
    except BlockingIOError:
        raise OSError(errno.EADDRINUSE, _LISTENED_TO) from None
    except OSError as error:
        if error.errno != errno.EPROTOTYPE:  # a datagram socket: somebody's, and alive or not it is not known
            raise
        raise OSError(errno.EADDRINUSE, _LISTENED_TO) from None
    else:
        raise OSError(errno.EADDRINUSE, _LISTENED_TO)
    finally:
        lean.close_quietly(probe.detach())
