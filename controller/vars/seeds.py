"""Where the generations of a new slot begin: above every one there ever was (S6.5).

Publishing is no business of the controller's, so it does not know the highest generation there was. It
promises ahead instead: the stored mark is above all that slots made so far can reach, since each publish adds
one and nobody publishes half a million million times between two marks. A mark is stored once in days.
"""

from __future__ import annotations

from collections.abc import Callable

ROOM = 2**40
"""Generations between a seed and the mark at first: in microseconds of the clock, 12.7 days."""


class Seeds:
    """The stored high-water mark and the wall clock, whichever is higher, and one more."""

    def __init__(
        self, wall: Callable[[], float], mark: Callable[[], int], put_mark: Callable[[int], None]
    ) -> None:
        self._wall = wall
        self._mark = mark
        self._put_mark = put_mark
        self._floor: int | None = None

    def seed(self) -> int:
        """For a slot whose name has no header."""
        mark = self._mark()
        if self._floor is None:
            self._floor = mark
        seed = max(self._floor, int(self._wall() * 1e6)) + 1
        self._promise(seed, mark)
        return seed

    def was_at(self, generation: int) -> None:
        """The last generation of a slot that is removed."""
        mark = self._mark()
        self._floor = max(mark if self._floor is None else self._floor, generation)
        self._promise(generation, mark)

    def was_lost(self) -> None:
        """A slot is gone and nobody knows its last generation: it was below the mark."""
        self._floor = self._mark()

    def _promise(self, generation: int, mark: int) -> None:
        if generation + ROOM // 2 > mark:
            self._put_mark(generation + ROOM)
