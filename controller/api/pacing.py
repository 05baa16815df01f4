"""How busy watches share their work: one chunk a tick, made once for all that ask the same question.

The first change after a pause goes out at once; while changes keep coming, each watch gets those of a tick as
one chunk. All busy watches wake at the same tick, take the same changes, and so send the very same bytes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Sequence

from controller import ports

TICK_SECONDS = 0.025


class Pace:
    """One timer for all that are busy; none while nobody is."""

    def __init__(self, seconds: float = TICK_SECONDS) -> None:
        self._seconds = seconds
        self._tick: asyncio.Event | None = None
        self._chunks: dict[Hashable, tuple[ports.Change, ports.Change, bytes]] = {}

    async def tick(self) -> None:
        """Until the next one, which everybody who waits meanwhile shares."""
        if self._tick is None:
            self._tick = asyncio.Event()
            asyncio.get_running_loop().call_later(self._seconds, self._ring)
        await self._tick.wait()

    def _ring(self) -> None:
        ringing, self._tick = self._tick, None
        self._chunks.clear()
        if ringing is not None:
            ringing.set()

    def chunk(
        self,
        question: Hashable,
        batch: Sequence[ports.Change],
        make: Callable[[Sequence[ports.Change]], bytes],
    ) -> bytes:
        """What `make` makes of a batch; made once for all who ask the same of the same changes."""
        first, last = batch[0], batch[-1]
        found = self._chunks.get(question)
        if found is None or found[0] is not first or found[1] is not last:
            found = self._chunks[question] = (first, last, make(batch))
        return found[2]
