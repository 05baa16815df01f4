"""Watches: cursors into the history, woken once a tick.

A change costs a watcher nothing until its reader runs: publishing wakes those that wait for the resource (and
namespace), once, and each then takes everything new as one batch. A reader's buffer is the history itself,
so it is bounded, and one that falls off its end is told so (`errors.Expired`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from controller import ports
from controller.store import history

BATCH = 1000
"""Most changes handed over at once."""

_Place = tuple[str, str | None]


class Hub:
    """Who waits for what. Belongs to the event loop's thread."""

    def __init__(self) -> None:
        self._waiting: dict[_Place, list[asyncio.Future[None]]] = {}

    def wake(self, changes: Sequence[ports.Change]) -> None:
        """Readers of these changes run at the next turn of the loop."""
        for change in changes:
            if not self._waiting:
                return
            resource = change.resource.qualified
            namespace = change.object["metadata"].get("namespace", "")
            for place in ((resource, None), (resource, namespace)):
                for future in self._waiting.pop(place, ()):
                    if not future.done():
                        future.set_result(None)

    async def wait(self, place: _Place, register: Callable[[asyncio.Future[None]], None]) -> None:
        future = asyncio.get_running_loop().create_future()
        register(future)
        self._waiting.setdefault(place, []).append(future)
        try:
            await future
        finally:
            waiting = self._waiting.get(place, [])
            if future in waiting:  # cancelled or closed: nobody popped the list
                waiting.remove(future)
                if not waiting:
                    del self._waiting[place]


class Watch:
    """`ports.Subscription`: an asynchronous iterator of batches."""

    def __init__(
        self, hub: Hub, past: history.History, resource: str, namespace: str | None, position: int
    ) -> None:
        self._hub = hub
        self._past = past
        self._resource = resource
        self._namespace = namespace
        self._position = position
        self._closed = False
        self._future: asyncio.Future[None] | None = None

    def __aiter__(self) -> Watch:
        return self

    async def __anext__(self) -> Sequence[ports.Change]:
        while not self._closed:
            found, self._position = self._past.after(self._resource, self._position, BATCH)
            matching = found if self._namespace is None else [one for one in found if self._inside(one)]
            if matching:
                return matching
            if not found:
                await self._hub.wait((self._resource, self._namespace), self._remember)
        raise StopAsyncIteration

    def close(self) -> None:
        """Ends the iteration, also of a reader that waits."""
        self._closed = True
        if self._future is not None and not self._future.done():
            self._future.set_result(None)

    def _remember(self, future: asyncio.Future[None]) -> None:
        self._future = future

    def _inside(self, change: ports.Change) -> bool:
        return bool(change.object["metadata"].get("namespace", "") == self._namespace)
