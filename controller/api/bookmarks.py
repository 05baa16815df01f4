"""When watches get a bookmark: about a minute after something changed, never while nothing does.

One timer for all of them, armed by the first change that somebody who wants bookmarks could hear of; an idle
controller, or one that nobody watches, is not woken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from controller import ports

SECONDS = 60.0


class Bookmarks:
    """Rings for everyone who listens, with a version that is `seconds` old."""

    def __init__(
        self, subscribe: Callable[[Callable[[ports.Change], None]], None], seconds: float = SECONDS
    ) -> None:
        self._seconds = seconds
        self._listeners: set[Callable[[int], None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        subscribe(self._changed)

    def listen(self, ring: Callable[[int], None]) -> Callable[[], None]:
        """Call `ring(version)` when a bookmark is due; returns how to end that."""
        self._loop = asyncio.get_running_loop()
        self._listeners.add(ring)
        return lambda: self._leave(ring)

    def _leave(self, ring: Callable[[int], None]) -> None:
        self._listeners.discard(ring)
        if not self._listeners and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _changed(self, change: ports.Change) -> None:
        if self._timer is None and self._listeners and self._loop is not None:
            self._timer = self._loop.call_later(self._seconds, self._ring, change.version)

    def _ring(self, version: int) -> None:
        self._timer = None
        for ring in tuple(self._listeners):
            ring(version)
