"""What the shim says of a set's sockets, as levels with whole sentences (S7.1)."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from typing import Any

from controller import ports
from controller.core import addresses, kinds
from controller.runtime import holders

_UNPRIVILEGED = "/proc/sys/net/ipv4/ip_unprivileged_port_start"


class Mirror:
    """The sockets of all sets, as they were told or asked for."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._levels: dict[kinds.Key, tuple[ports.Socket, ...]] = {}
        self._asked: dict[kinds.Key, int] = {}
        self._verbs = 0

    def of(self, key: kinds.Key) -> tuple[ports.Socket, ...]:
        return self._levels.get(key, ())

    def keys(self) -> tuple[kinds.Key, ...]:
        return tuple(self._levels)

    def clear(self) -> None:
        self._levels.clear()
        self._asked.clear()

    def heard(self, key: kinds.Key, told: Sequence[Sequence[Any]], number: int) -> bool:
        """All sockets of a set, as of the verb with that number; none: it has none any more.

        False for news that was on its way before what was asked last: it is out of date.
        """
        if self._asked.get(key, number) != number:
            return False
        if told:
            self._levels[key] = tuple(level(one, self._root) for one in told)
        else:
            self._levels.pop(key, None)
            self._asked.pop(key, None)
        return True

    def reflect(self, asked: ports.SetVerb) -> int:
        """What is bound stays bound; the rest is asked for, by the verb of the number returned."""
        self._verbs += 1
        self._asked[asked.key] = self._verbs
        before = {one.address: one for one in self._levels.pop(asked.key, ()) if one.bound}
        if isinstance(asked, ports.OpenSockets):
            self._levels[asked.key] = tuple(before.get(one) or ports.Socket(one) for one in asked.listen)
        return self._verbs


def level(told: Sequence[Any], root: str) -> ports.Socket:
    """One socket, as told: its identity, its real address or path, else number and text of the error."""
    identity, bound, number, text = told
    asked = addresses.parse(identity)
    if bound:
        return ports.Socket(identity, identity if asked.family == "unix" else bound)
    in_use = number == errno.EADDRINUSE
    return ports.Socket(identity, "", _sentence(asked, identity, number, text, root), in_use)


def _sentence(asked: addresses.Address, shown: str, number: int, text: str, root: str) -> str:
    path = os.path.join(root, asked.host) if asked.family == "unix" else ""
    if number == errno.EADDRINUSE:
        holder = holders.of_path(path) if path else holders.of_port(asked.family, asked.host, asked.port)
        return f"{shown} is in use by {holder or 'another process'}: end it, or listen on another address"
    if path:
        return _path_sentence(shown, path, number, text)
    if number == errno.EACCES:
        return f"not allowed to bind {shown}, {_privileged()}"
    if number == errno.EADDRNOTAVAIL:
        return f"cannot bind {shown}: no interface of this machine has that address"
    if number == errno.EAFNOSUPPORT:
        return f"cannot bind {shown}: this machine has no IPv6"
    return f"cannot bind {shown}: {text.lower()}"


def _path_sentence(shown: str, path: str, number: int, text: str) -> str:
    folder = os.path.dirname(path)
    if number == errno.ENOENT:
        return f"cannot bind {shown}, its folder does not exist: {folder}"
    if number == errno.ENOTDIR:
        return f"cannot bind {shown}, a part of its path is no folder: {folder}"
    if number == errno.EEXIST:
        return f"cannot bind {shown}, {text}: remove {path}"
    if number in (errno.EACCES, errno.EPERM):
        return f"not allowed to make a socket in {folder}: {shown}"
    if number == 0 or number == errno.ENAMETOOLONG:
        size = len(os.fsencode(path))
        return (
            f"cannot bind {shown}, its full path has {size} bytes, at most {addresses.LONGEST_PATH}: {path}"
        )
    return f"cannot bind {shown}, {text.lower()}: {path}"


def _privileged() -> str:
    try:
        with open(_UNPRIVILEGED, encoding="ascii") as file:
            first = file.read().strip()
    except OSError:
        first = "1024"
    return f"a port below {first}: use one above, or lower net.ipv4.ip_unprivileged_port_start (sysctl)"
