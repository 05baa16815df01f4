"""Whether changed files restart a set, and the breaker for workers that write what they watch. Pure.

A set that is restarted by the same file again and again, each time as long after its last start as the times
before (nobody types like that), writes that file itself. Very many times in a row count however far apart
they are. From then on the file restarts nothing, until it has been left alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from controller.core import sentences, watching

TIMES = 5
"""So many restarts alike are a loop."""

AT_ONCE_SECONDS = 0.4
"""What comes so soon after a start is alike however it varies."""

SPREAD_SECONDS = 0.1
SPREAD = 0.02
"""How much later is still alike: so long, and this part of the delay."""

MANY_TIMES = 50
LONGEST_PERIOD_SECONDS = 60.0
"""So many restarts in a row by one file, none later than this, are a loop too."""

LEAST_CALM_SECONDS = 10.0

Changes = Sequence[tuple[str, watching.How]]


@dataclass(frozen=True, slots=True)
class History:
    """Of one set. `common` is what all restarts of the streak have in common, `delays` how long after the
    one before each came; `own` are files that the set writes itself. One that was left alone long enough
    counts again and goes on with its streak."""

    last_at: float | None = None
    common: frozenset[str] = frozenset()
    delays: tuple[float, ...] = ()
    own: frozenset[str] = frozenset()
    own_at: float = 0.0
    calm_seconds: float = LEAST_CALM_SECONDS

    @property
    def problem(self) -> str:
        """What is wrong, as a sentence; empty if nothing is."""
        if not self.own:
            return ""
        names = " and ".join(sorted(self.own)[:2]) + ("" if len(self.own) < 3 else " and others")
        return (
            f"{names} restarted it {TIMES} times or more alike, as if its own worker writes there: that "
            f"restarts nothing until it is left alone for {sentences.seconds(self.calm_seconds)}; "
            "write where nothing is watched"
        )


@dataclass(frozen=True, slots=True)
class Decision:
    """`cause` is empty if nothing is to be restarted."""

    history: History
    cause: str = ""


def decide(history: History, changes: Changes, now: float) -> Decision:
    """What these changes of watched files do to a set."""
    history, counted = _without_own(history, changes, now)
    if not counted:
        return Decision(history)
    paths = frozenset(path for path, _ in counted)
    common = paths & history.common if history.common else paths
    delay = None if history.last_at is None else now - history.last_at
    is_more_of_it = delay is not None and common and history.common
    delays = (*history.delays, delay)[-MANY_TIMES:] if is_more_of_it and delay is not None else ()
    calm = _calm_after(delays)
    if calm is not None:
        return Decision(replace(history, own=history.own | common, own_at=now, calm_seconds=calm))
    fresh = replace(history, last_at=now, common=common if is_more_of_it else paths, delays=delays)
    return Decision(fresh, watching.cause(counted))


def _without_own(history: History, changes: Changes, now: float) -> tuple[History, Changes]:
    """Those a user made: what the set writes itself is left out for as long as it goes on writing."""
    touched = history.own.intersection(path for path, _ in changes)
    if not touched:
        return history, changes
    last = max(history.own_at, history.last_at or 0.0)
    if now - last >= history.calm_seconds:
        return replace(history, own=frozenset(), last_at=last), changes
    return replace(history, own_at=now), [change for change in changes if change[0] not in history.own]


def _calm_after(delays: Sequence[float]) -> float | None:
    """If these delays are a loop, how long the file must be left alone to count again."""
    if len(delays) == MANY_TIMES and max(delays) <= LONGEST_PERIOD_SECONDS:
        return LONGEST_PERIOD_SECONDS
    last = delays[-TIMES:]
    if len(last) < TIMES:
        return None
    longest = max(last)
    alike = longest <= AT_ONCE_SECONDS or longest - min(last) <= max(SPREAD_SECONDS, SPREAD * longest)
    return max(LEAST_CALM_SECONDS, 2 * longest) if alike else None
