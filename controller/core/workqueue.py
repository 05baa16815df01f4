"""The queue of keys as a value with an explicit `now`: no clock, no waiting, no threads.

Three sets. `queue`: keys to be taken, in order. `dirty`: keys that need a look; a key added while it is
being worked on is remembered here and queued again when it is done. `processing`: keys taken and not
done. So a key is never worked on twice at once and an addition is never lost, however often it repeats.
Keys added for later rest in a heap; the earliest time per key wins.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from typing import Generic, TypeVar

K = TypeVar("K")


class WorkQueue(Generic[K]):
    """Duplicates merge, order is first come first served, `now` is the caller's."""

    def __init__(self) -> None:
        self._queue: OrderedDict[K, None] = OrderedDict()
        self._dirty: set[K] = set()
        self._processing: set[K] = set()
        self._delayed: dict[K, float] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._sequence = 0

    def __len__(self) -> int:
        """Keys that could be taken now, not counting those that rest."""
        return len(self._queue)

    def add(self, key: K) -> None:
        """The key needs a look, now."""
        if key in self._dirty:
            return
        self._dirty.add(key)
        if key not in self._processing:
            self._queue[key] = None

    def add_at(self, key: K, due: float) -> None:
        """The key needs a look at `due`; an earlier appointment stays."""
        earlier = self._delayed.get(key)
        if earlier is not None and earlier <= due:
            return
        self._delayed[key] = due
        self._sequence += 1
        heapq.heappush(self._heap, (due, self._sequence, key))

    def set_at(self, key: K, due: float | None) -> None:
        """Replace the key's appointment: what a fresh plan said supersedes the last one."""
        if self._delayed.get(key) == due:
            return
        self._delayed.pop(key, None)
        if due is not None:
            self.add_at(key, due)

    def take(self, now: float) -> K | None:
        """The next key that is due, or None; the caller must call `done`."""
        self._promote(now)
        if not self._queue:
            return None
        key, _ = self._queue.popitem(last=False)
        self._dirty.discard(key)
        self._processing.add(key)
        return key

    def done(self, key: K) -> None:
        """The key is finished; if it was added meanwhile it is queued again."""
        self._processing.discard(key)
        if key in self._dirty:
            self._queue[key] = None

    def next_due(self, now: float) -> float | None:
        """When `take` will next have something: `now` if at once, None if never."""
        if self._queue:
            return now
        while self._heap and self._delayed.get(self._heap[0][2]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def forget(self, key: K) -> None:
        """Drop the key's appointment and its place in the queue."""
        self._delayed.pop(key, None)
        self._dirty.discard(key)
        self._queue.pop(key, None)

    def _promote(self, now: float) -> None:
        while self._heap and self._heap[0][0] <= now:
            due, _, key = heapq.heappop(self._heap)
            if self._delayed.get(key) == due:
                del self._delayed[key]
                self.add(key)
