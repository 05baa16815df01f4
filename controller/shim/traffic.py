"""How busy HTTP sets are (S7.3): sampled while there is traffic, else watched without being woken.

A set that is quiet costs nothing: its sockets are armed in the epoll for one event, and its processes look at
one word of shared memory, which is 0 while nobody samples, before they say that a request has come. What the
samples mean is decided elsewhere.
"""

from __future__ import annotations

import select
import time

from controller.sdk.workerset import counts
from controller.shim import notify
from controller.shim.lean import socket
from controller.shim.loop import READ

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from controller.shim.loop import Loop
    from controller.shim.sockets import Owner, Sockets
    from controller.shim.table import Table

SAMPLE_SECONDS = 0.05
QUIET_SECONDS = 2.0

_TCP_INFO, _UNACKED = 11, 24
"""tcp(7). Of a socket that listens `tcpi_unacked` is the length of its accept queue."""


class Watched:
    """One set. `begun` are the requests of all its processes so far."""

    __slots__ = ("armed", "awake", "begun", "busy_at")

    def __init__(self) -> None:
        self.armed: list[int] = []
        self.awake = False
        self.busy_at = 0.0
        self.begun = 0


class Traffic:
    """The sets that a controller follows; `samples` counts how often any was looked at."""

    def __init__(self, loop: Loop, table: Table, held: Sockets) -> None:
        self._loop, self._table, self._sockets = loop, table, held
        self._watched: dict[Owner, Watched] = {}
        self._news: list[list[Any]] = []
        self.samples = 0
        table.mailboxes.on_traffic = self.wake

    def follow(self, owner: Owner, *, wanted: bool) -> None:
        """The first samples say how it stands."""
        if wanted and owner not in self._watched:
            self._watched[owner] = Watched()
            self.wake(owner)
        elif not wanted and owner in self._watched:
            self._disarm(self._watched.pop(owner))
            self._loop.cancel(_name(owner))

    def forget_all(self) -> None:
        """Nobody listens any more."""
        for owner in tuple(self._watched):
            self.follow(owner, wanted=False)
        self._news.clear()

    def wake(self, owner: Owner) -> None:
        """There is traffic, or its sockets are not what they were."""
        one = self._watched.get(owner)
        if one is None:
            return
        self._disarm(one)
        if not one.awake:
            one.awake, one.busy_at = True, time.monotonic()
            self._look(owner)

    def release(self, owner: Owner) -> None:
        """Its sockets may be closed now; `wake` comes afterwards."""
        one = self._watched.get(owner)
        if one is not None:
            self._disarm(one)

    def news(self) -> list[list[Any]]:
        told, self._news = self._news, []
        return told

    def _look(self, owner: Owner) -> None:
        one, now = self._watched[owner], time.monotonic()
        self.samples += 1
        queue = sum(map(queued, self._sockets.bound(owner)))
        begun, in_flight = self._requests(owner)
        if queue or in_flight or begun != one.begun:
            one.busy_at, one.begun = now, begun
        elif now - one.busy_at >= QUIET_SECONDS and self._rest(owner, one):
            self._news.append(["traffic", owner, None])
            return
        self._news.append(["traffic", owner, [now, queue, in_flight, *processor()]])
        self._loop.at(_name(owner), now + SAMPLE_SECONDS, lambda: self._look(owner))

    def _rest(self, owner: Owner, one: Watched) -> bool:
        """Nothing is sampled until somebody comes. False if somebody just did."""
        for path in self._files(owner):
            counts.cease(path)
        if self._requests(owner)[0] != one.begun:
            return False
        one.awake = False
        one.armed = [each.fileno() for each in self._sockets.bound(owner)]
        for descriptor in one.armed:
            self._loop.watch(descriptor, lambda _events: self.wake(owner), READ | select.EPOLLONESHOT)
        return True

    def _disarm(self, one: Watched) -> None:
        for descriptor in one.armed:
            self._loop.unwatch(descriptor)
        one.armed = []

    def _requests(self, owner: Owner) -> tuple[int, int]:
        """Begun so far and in flight now, of all processes that count."""
        counted = [counts.read(path) or (0, 0) for path in self._files(owner)]
        return sum(begun for begun, _ in counted), sum(flying for _, flying in counted)

    def _files(self, owner: Owner) -> list[str]:
        slots = self._table.slots.values()
        return [notify.load_file(one.notify.path) for one in slots if one.ref[:2] == owner and one.notify]


def queued(listener: socket.socket) -> int:
    """Connections that wait to be accepted; of a Unix socket only whether there is one."""
    if listener.family == socket.AF_UNIX:
        poller = select.poll()
        poller.register(listener.fileno(), select.POLLIN)
        return len(poller.poll(0))
    told = listener.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, _UNACKED + 4)
    return int.from_bytes(told[_UNACKED:], "little")


def processor() -> tuple[int, int]:
    """Time that all processors were busy, and all of their time, in ticks (proc(5), /proc/stat)."""
    with open("/proc/stat", "rb") as file:
        ticks = [int(word) for word in file.readline().split()[1:9]]
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)


def _name(owner: Owner) -> str:
    return f"traffic {owner[0]}/{owner[1]}"
