"""`ports.Traffic` by the shim, which owns the sockets and knows where processes count their requests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from controller import ports
from controller.core import kinds
from controller.runtime import wire


class Traffic:
    """Which sets are followed; a shim that is new to them is told all."""

    def __init__(
        self, send: Callable[[Sequence[wire.Message]], object], connected: Callable[[], bool]
    ) -> None:
        self.on_sample: Callable[[kinds.Key, ports.Sample | None], None] = _ignore
        self._send, self._connected = send, connected
        self._followed: dict[kinds.Key, None] = {}

    def follow(self, key: kinds.Key, *, wanted: bool) -> None:
        if wanted == (key in self._followed):
            return
        if wanted:
            self._followed[key] = None
        else:
            del self._followed[key]
        if self._connected():
            self._send([_message(key, wanted=wanted)])

    def listed(self) -> None:
        """The connection is new, and complete."""
        if self._followed:
            self._send([_message(key, wanted=True) for key in self._followed])

    def heard(self, owner: Sequence[str], told: Sequence[Any] | None) -> None:
        key = kinds.Key(owner[0], owner[1])
        if key in self._followed:
            self.on_sample(key, None if told is None else ports.Sample(*told))


def _message(key: kinds.Key, *, wanted: bool) -> wire.Message:
    return ["traffic", [key.namespace, key.name], wanted]


def _ignore(_key: kinds.Key, _sample: ports.Sample | None) -> None:
    pass
