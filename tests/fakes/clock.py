"""A clock that stands still until a test moves it."""

from __future__ import annotations


class FakeClock:
    """`ports.Clock`: monotonic and wall move together; `jump_wall` moves the wall alone (S4.11)."""

    def __init__(self, monotonic: float = 1000.0, wall: float = 1_700_000_000.0) -> None:
        self._monotonic = monotonic
        self._wall = wall

    def monotonic(self) -> float:
        return self._monotonic

    def wall(self) -> float:
        return self._wall

    def advance(self, seconds: float) -> None:
        if seconds < 0:
            raise ValueError(f"time does not go back: {seconds}")
        self._monotonic += seconds
        self._wall += seconds

    def advance_to(self, monotonic: float) -> None:
        self.advance(max(0.0, monotonic - self._monotonic))

    def jump_wall(self, seconds: float) -> None:
        self._wall += seconds
