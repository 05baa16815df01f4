"""Rolling updates of a pool, as a pure state machine (S7.2, S4.10).

Three laws, whatever happens in between: what stays is at most `wanted` and the surge; no ready worker of
another template is given up below `wanted` less what may be unavailable; with what is on its way out there
are never more processes than `wanted` and twice the surge, so a slow drain holds up the rollout instead of
filling the machine.

Nothing here is remembered: each answer follows from the workers that there are, so a controller that was
killed goes on where it was, and a newer template simply makes all others old.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from controller.core import spec


class Mode(StrEnum):
    """What may happen to workers of another template than the wanted one."""

    ROLL = "they are replaced, within the limits"
    STILL = "they stay: paused, or nothing can be started in their place"
    YIELD = "they go at once: what they hold is another set's"


class Stage(StrEnum):
    """How the rollout of the declared template stands."""

    GOES_ON = ""
    PAUSED = "Paused"
    FAILED = "ProgressDeadlineExceeded"


@dataclass(frozen=True, slots=True)
class Limits:
    """Numbers of processes; at least one of the two is positive."""

    surge: int = 1
    unavailable: int = 0
    deadline_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A worker of the pool. `updated`: of the wanted template; `leaving`: on its way out.

    `occupied`: something of it lives. `since` is from when a worker that is not `ready` has been tried, None
    while it has not begun; of a ready one, from when it has been ready. `lost`: it ended and cannot be run
    again as it was. `done`: a one-shot that has ended well.
    """

    name: str
    ordinal: int
    updated: bool
    occupied: bool = True
    ready: bool = False
    leaving: bool = False
    done: bool = False
    lost: bool = False
    since: float | None = None


@dataclass(frozen=True, slots=True)
class Pool:
    """`wanted` is how many workers there should be, whoever decides that. `can_return`: there is an earlier
    template to go back to, even if no worker of it is left."""

    wanted: int
    members: tuple[Member, ...] = ()
    limits: Limits = Limits()
    mode: Mode = Mode.ROLL
    can_return: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """`starts` are ordinals of newcomers; `drains` names of workers that go. `failed`, a part of those, are
    workers of the new template that had their time: it is not rolled out further."""

    starts: tuple[int, ...] = ()
    drains: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()
    wake_at: float | None = None


def limits(rules: spec.Rollout, wanted: int) -> Limits:
    """Percentages of `wanted`: the surge rounded up, what may be unavailable rounded down."""
    surge = _share(rules.max_surge, wanted, up=True)
    unavailable = min(wanted, _share(rules.max_unavailable, wanted, up=False))
    if not surge and not unavailable:
        unavailable = 1
    return Limits(surge, unavailable, rules.progress_deadline_seconds)


def _share(share: spec.Share, wanted: int, *, up: bool) -> int:
    if not share.percent:
        return share.number
    return (share.number * wanted + (99 if up else 0)) // 100


def decide(pool: Pool, now: float) -> Decision:
    """What to do now, and when to look again. Planning twice is harmless: what was begun is a member."""
    staying = [one for one in pool.members if not one.leaving]
    if pool.mode is Mode.STILL:
        return _settle(pool, [one for one in staying if not one.lost])
    updated = _best([one for one in staying if one.updated], pool.wanted)
    if pool.mode is Mode.YIELD:
        return _settle(pool, updated)
    old = [one for one in staying if not one.updated]
    due = _deadline(pool, updated, old)
    if due is not None and due <= now:
        failed = frozenset(one.name for one in updated if not _serves(one))
        kept = _best([*filter(_serves, updated), *old], pool.wanted + pool.limits.surge)
        return Decision(drains=_others(pool, kept), failed=failed, wake_at=now)
    return dataclasses.replace(_roll(pool, updated, old), wake_at=due)


def _roll(pool: Pool, updated: Sequence[Member], old: Sequence[Member]) -> Decision:
    wanted, surge = pool.wanted, pool.limits.surge
    kept = _still_needed(pool, updated, old)
    over = len(updated) + len(kept) - wanted - surge
    if over > 0:
        updated = _best(updated, max(len(updated) - over, sum(map(_serves, updated))))
    drains = _others(pool, [*updated, *kept])
    leaving = sum(
        one.occupied and not one.updated for one in pool.members if one.leaving or one.name in drains
    )
    room = wanted + surge - len(updated) - len(kept) - max(0, leaving - surge)
    return Decision(_free(pool, drains, min(wanted - len(updated), room)), drains)


def _still_needed(pool: Pool, updated: Sequence[Member], old: Sequence[Member]) -> list[Member]:
    """Which old workers stay: each new one that serves takes the place of one, first of one that does not.

    Where nothing serves at all there is nothing to protect, and all of them give way.
    """
    have = sum(map(_serves, updated))
    ready = [one for one in old if one.ready]
    if not have and not ready:
        return []
    least = pool.wanted - pool.limits.unavailable
    kept_ready = _best(ready, least - have)
    trying = [one for one in old if not one.ready and one.occupied and not one.done]
    return [*kept_ready, *_best(trying, least - have - len(kept_ready))]


def _deadline(pool: Pool, updated: Sequence[Member], old: Sequence[Member]) -> float | None:
    """When the new template has had its time: counted from the last worker that began or got ready. None
    while all is well, or where there is nothing to go back to."""
    if pool.limits.deadline_seconds is None or not (pool.can_return or any(one.ready for one in old)):
        return None
    trying = [one for one in updated if not _serves(one)]
    begun = [one.since for one in trying if one.since is not None]
    if not trying or len(begun) < len(trying):
        return None
    got_ready = [one.since for one in updated if one.ready and one.since is not None]
    return max([*begun, *got_ready]) + pool.limits.deadline_seconds


def _settle(pool: Pool, candidates: Sequence[Member]) -> Decision:
    """As many as are wanted, whatever their template."""
    kept = _best(candidates, pool.wanted)
    drains = _others(pool, kept)
    return Decision(_free(pool, drains, pool.wanted - len(kept)), drains)


def _serves(one: Member) -> bool:
    return one.ready or one.done


def _best(members: Iterable[Member], most: int) -> list[Member]:
    """Those that serve first, then those with a process, of the newest template, of the lowest ordinal."""
    return sorted(members, key=_worth)[: max(0, most)]


def _worth(one: Member) -> tuple[bool, bool, bool, int, str]:
    return not _serves(one), not one.occupied, not one.updated, one.ordinal, one.name


def _others(pool: Pool, kept: Iterable[Member]) -> frozenset[str]:
    """All that stay so far and are not kept."""
    names = {one.name for one in kept}
    return frozenset(one.name for one in pool.members if not one.leaving and one.name not in names)


def _free(pool: Pool, drains: frozenset[str], count: int) -> tuple[int, ...]:
    """S8.2: newcomers take the lowest ordinals that no worker has, were it one on its way out."""
    taken = {one.ordinal for one in pool.members if one.occupied or one.name not in drains}
    free = (ordinal for ordinal in itertools.count() if ordinal not in taken)
    return tuple(itertools.islice(free, max(0, count)))
