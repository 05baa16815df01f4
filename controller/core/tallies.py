"""Counts that only go up, durations in buckets, and what goes on now: the numbers behind `/metrics`.

In memory, and from zero with each controller, as its readers expect of counters. Must not know how they are
shown.
"""

from __future__ import annotations

import bisect
import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

Labels = tuple[str, ...]

WATCHERS = "watch_clients"
ENSURES, ENSURE_WAITS, ENSURE_FAILURES = "ensure_calls", "ensure_waits", "ensure_failures"
ENSURES_WAITING = "ensures_waiting"
STARTS, RESTARTS, CRASHES = "worker_starts", "worker_restarts", "worker_crashes"
START_SECONDS, RECONCILE_SECONDS = "worker_start_seconds", "reconcile_seconds"

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Seconds: a pass of the reconcile loop is among the first, the start of a worker among the last."""


@dataclass(slots=True)
class Durations:
    """How many there were up to each bound (the last: beyond), and their sum."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    seconds: float = 0.0

    def add(self, seconds: float) -> None:
        """Clocks may be set back; no duration is negative."""
        seconds = max(0.0, seconds)
        self.counts[bisect.bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds


class Tally:
    """Everything that is counted, by name and then by the values of its labels."""

    def __init__(self) -> None:
        self._counts: dict[str, dict[Labels, int]] = {}
        self._durations: dict[str, dict[Labels, Durations]] = {}
        self._levels: dict[str, int] = {}

    def count(self, name: str, labels: Labels = (), by: int = 1) -> None:
        series = self._counts.setdefault(name, {})
        series[labels] = series.get(labels, 0) + by

    def took(self, name: str, seconds: float, labels: Labels = ()) -> None:
        self._durations.setdefault(name, {}).setdefault(labels, Durations()).add(seconds)

    @contextlib.contextmanager
    def going_on(self, name: str) -> Iterator[None]:
        """One more of these until the block is left, however that happens."""
        self._levels[name] = self._levels.get(name, 0) + 1
        try:
            yield
        finally:
            self._levels[name] -= 1

    def counts(self, name: str) -> Mapping[Labels, int]:
        return self._counts.get(name, {})

    def durations(self, name: str) -> Mapping[Labels, Durations]:
        return self._durations.get(name, {})

    def level(self, name: str) -> int:
        return self._levels.get(name, 0)
