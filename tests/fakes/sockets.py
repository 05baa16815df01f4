"""The sockets of the scripted runtime: bound a moment after they were asked for, as levels."""

from __future__ import annotations

from collections.abc import Callable

from controller import ports
from controller.core import addresses, kinds

FIRST_FREE_PORT = 40000


class FakeSockets:
    """`taken` maps addresses to why they cannot be bound; what another set holds cannot be either."""

    def __init__(self) -> None:
        self.taken: dict[str, str] = {}
        self._of: dict[kinds.Key, tuple[ports.Socket, ...]] = {}

    def of(self, key: kinds.Key) -> tuple[ports.Socket, ...]:
        return self._of.get(key, ())

    def keys(self) -> tuple[kinds.Key, ...]:
        return tuple(self._of)

    def clear(self) -> None:
        self._of.clear()

    def ask(self, verb: ports.SetVerb, later: Callable[[Callable[[], None]], None]) -> None:
        """Reflect at once; what is new is bound, or not, `later`."""
        before = {one.address: one for one in self._of.pop(verb.key, ()) if one.bound}
        if isinstance(verb, ports.OpenSockets):
            self._of[verb.key] = tuple(before.get(one) or ports.Socket(one) for one in verb.listen)
        later(lambda: self._settle(verb.key))

    def _settle(self, key: kinds.Key) -> None:
        if key in self._of:
            self._of[key] = tuple(one if one.bound else self._bound(key, one) for one in self._of[key])

    def _bound(self, key: kinds.Key, asked: ports.Socket) -> ports.Socket:
        wanted = addresses.parse(asked.address)
        others = [one for other, held in self._of.items() if other != key for one in held if one.bound]
        why = self.taken.get(asked.address, "")
        for other in others:
            if addresses.overlap(wanted, addresses.parse(other.bound)):
                why = f"{asked.address} is in use by workerset itself"
        if why:
            return ports.Socket(asked.address, error=why, in_use="in use" in why)
        if wanted.family != "unix" and wanted.port == 0:
            bound = asked.address.removesuffix(":0") + f":{FIRST_FREE_PORT + len(others)}"
            return ports.Socket(asked.address, bound)
        return ports.Socket(asked.address, asked.address)
