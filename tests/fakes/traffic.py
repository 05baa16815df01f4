"""Traffic as a test says it is."""

from __future__ import annotations

from collections.abc import Callable

from controller import ports
from controller.core import kinds
from tests.fakes.clock import FakeClock


class ScriptedTraffic:
    """`ports.Traffic`: nothing is sampled but by `say`; `busy` is how much of the processors is in use."""

    def __init__(self, clock: FakeClock) -> None:
        self.on_sample: Callable[[kinds.Key, ports.Sample | None], None] = _ignore
        self.followed: set[kinds.Key] = set()
        self.busy = 0.5
        self._clock = clock
        self._used = self._total = 0.0

    def follow(self, key: kinds.Key, *, wanted: bool) -> None:
        (self.followed.add if wanted else self.followed.discard)(key)

    def say(self, key: kinds.Key, queue: int = 0, in_flight: int = 0) -> None:
        """A sample now, if the set is followed."""
        self._used += self.busy
        self._total += 1.0
        if key in self.followed:
            now = self._clock.monotonic()
            self.on_sample(key, ports.Sample(now, queue, in_flight, self._used, self._total))

    def quiet(self, key: kinds.Key) -> None:
        if key in self.followed:
            self.on_sample(key, None)


def _ignore(_key: kinds.Key, _sample: ports.Sample | None) -> None:
    pass
