"""Lazy names that nobody uses (S6.9): when to look, and which are to be drained. Pure but for `touched`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Decision:
    """`due`: when each name is looked at next; `idle`: those nobody used for a whole period."""

    due: Mapping[str, float] = field(default_factory=dict)
    idle: tuple[str, ...] = ()

    @property
    def wake_at(self) -> float | None:
        return min(self.due.values(), default=None)


def decide(
    due: Mapping[str, float],
    names: Iterable[str],
    timeout_seconds: float,
    now: float,
    touched: Callable[[str], bool],
) -> Decision:
    """Each name is looked at once a period; `touched` says whether it was used since the last look, and
    forgets it. A name seen for the first time is used now."""
    if timeout_seconds <= 0:
        return Decision()
    following: dict[str, float] = {}
    idle: list[str] = []
    for name in names:
        at = due.get(name)
        if at is None:
            touched(name)
            following[name] = now + timeout_seconds
        elif now < at:
            following[name] = min(at, now + timeout_seconds)
        elif touched(name):
            following[name] = now + timeout_seconds
        else:
            idle.append(name)
    return Decision(following, tuple(idle))
