"""The ring of past changes a watch replays from.

The newest changes are held as they are; older ones as JSON (a tenth of the memory, and nothing the garbage
collector walks), decoded again when a reader that far behind asks. Derived ones stay as they are: they share
nearly all they are made of with those before them, which as JSON they would not. What falls off raises the
floor below which its resource cannot be replayed.
"""

from __future__ import annotations

import bisect
import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from controller import ports
from controller.core import errors, kinds

HOT = 1024

_ENCODER = json.JSONEncoder(separators=(",", ":"), check_circular=False)


@dataclass(frozen=True, slots=True)
class Packed:
    """A change at rest."""

    type: Literal["ADDED", "MODIFIED", "DELETED"]
    resource: kinds.Resource
    body: bytes
    previous: bytes | kinds.Object | None
    version: int


class Log:
    """Past changes of one resource in order; a position counts changes since the store was opened."""

    __slots__ = ("cold", "floor", "hot", "last_packed", "start")

    def __init__(self, floor: int) -> None:
        self.floor = floor
        self.start = 0
        self.cold: deque[Packed | ports.Change] = deque()
        self.hot: deque[ports.Change] = deque()
        self.last_packed: dict[tuple[str, str], bytes | kinds.Object] = {}

    @property
    def end(self) -> int:
        return self.start + len(self.cold) + len(self.hot)


class History:
    """One ring for all resources: `limit` changes in all, the newest `hot` of them undigested."""

    def __init__(self, limit: int, hot: int = HOT) -> None:
        self._limit = limit
        self._hot = min(hot, limit)
        self._logs: dict[str, Log] = {}
        self._hot_order: deque[Log] = deque()
        self._cold_order: deque[Log] = deque()

    def begin(self, resource: str, floor: int) -> None:
        """Changes up to `floor` were never held (they are from before this start)."""
        self._logs[resource] = Log(floor)

    def append(self, change: ports.Change) -> None:
        log = self._logs[change.resource.qualified]
        log.hot.append(change)
        self._hot_order.append(log)
        if len(self._hot_order) > self._hot:
            self._pack(self._hot_order.popleft())
        if len(self._hot_order) + len(self._cold_order) > self._limit:
            self._drop((self._cold_order or self._hot_order).popleft())

    def _pack(self, log: Log) -> None:
        change = log.hot.popleft()
        metadata = change.object["metadata"]
        key = (metadata.get("namespace", ""), metadata["name"])
        self._cold_order.append(log)
        if change.derived:
            log.last_packed[key] = change.object
            log.cold.append(change)
            return
        body = change.encodings.get("json") or _dump(change.object)
        previous: bytes | kinds.Object | None = None
        if change.previous is not None:
            # nearly always the object of the change before it, whose bytes are shared
            previous = log.last_packed.get(key) or _dump(change.previous)
        if change.type == "DELETED":
            log.last_packed.pop(key, None)
        else:
            log.last_packed[key] = body
        log.cold.append(Packed(change.type, change.resource, body, previous, change.version))

    @staticmethod
    def _drop(log: Log) -> None:
        gone = log.cold.popleft() if log.cold else log.hot.popleft()
        log.start += 1
        log.floor = gone.version

    def position(self, resource: str, since: int | None, current: int) -> int:
        """Where a reader that has seen `since` goes on; raises Expired if that is not held."""
        log = self._logs[resource]
        if since is None:
            return log.end
        if since < log.floor:
            raise expired(since, log.floor)
        if since > current:
            raise errors.Expired(
                f"too large resource version: {since}, current: {current}; list again",
                retry_after_seconds=None,
            )
        if not log.hot or log.hot[0].version > since:
            return log.start + bisect.bisect_right(log.cold, since, key=_version)
        return log.start + len(log.cold) + bisect.bisect_right(log.hot, since, key=_version)

    def after(self, resource: str, position: int, most: int) -> tuple[Sequence[ports.Change], int]:
        """Up to `most` changes from `position` on and the position behind them; raises Expired."""
        log = self._logs[resource]
        first = position - log.start
        if first < 0:
            raise errors.Expired("this watch fell too far behind and missed changes: list again")
        if first >= len(log.cold):
            offset = first - len(log.cold)
            # from the right, where a live reader is, so that a tick costs what is new
            count = len(log.hot) - offset
            found: list[ports.Change] = [log.hot[index - count] for index in range(min(count, most))]
        else:
            found = [_unpack(log.cold[index]) for index in range(first, min(first + most, len(log.cold)))]
        return found, position + len(found)


def expired(since: int, floor: int) -> errors.Expired:
    return errors.Expired(f"too old resource version: {since} ({floor}); list again")


def _version(change: ports.Change | Packed) -> int:
    return change.version


def _dump(obj: kinds.Object) -> bytes:
    return _ENCODER.encode(obj).encode()


def _unpack(packed: Packed | ports.Change) -> ports.Change:
    if isinstance(packed, ports.Change):
        return packed
    held = packed.previous
    previous = json.loads(held) if isinstance(held, bytes) else held
    return ports.Change(
        packed.type,
        packed.resource,
        json.loads(packed.body),
        previous,
        packed.version,
        encodings={"json": packed.body},
    )
