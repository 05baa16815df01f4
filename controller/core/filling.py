"""The slots of a set, each planned anew where anything about it has changed: of most of them nothing has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from controller.core import choosing, rolling, seen, slots, steps, worker


@dataclass(frozen=True, slots=True)
class Earlier:
    """What the last pass decided, and whether that was with the same facts."""

    workers: Mapping[str, worker.WorkerPlan]
    same_facts: bool


@dataclass(frozen=True, slots=True)
class Slots:
    """The workers of a set as one pass has them: all, those planned anew, those that nobody wants."""

    workers: Mapping[str, worker.WorkerPlan]
    fresh: Mapping[str, worker.WorkerPlan]
    extra: frozenset[str]


def fill(
    facts: worker.SetFacts,
    there: rolling.Found,
    chosen: choosing.Choice,
    last: Earlier,
    now: worker.Moment,
    mint: worker.Mint,
) -> Slots:
    """Those that nobody wants first, then the wanted ones in order."""
    workers: dict[str, worker.WorkerPlan] = {}
    fresh: dict[str, worker.WorkerPlan] = {}
    extra = steps.surplus(chosen.places, there.grouped, there.known)
    same, known_of, moment = last.same_facts, last.workers.get, now.monotonic
    may_rest = same and chosen.is_plain and not there.evicted

    def plan(place: steps.Place, *, wanted: bool) -> None:
        name = place.worker
        known = known_of(name)
        found = seen.look(name, there, chosen, known, wanted=wanted)
        if same and known is not None and seen.is_unchanged(known, found, moment):
            workers[name] = known
        else:
            slot = seen.slot_of(facts, place, found, known)
            workers[name] = fresh[name] = slots.plan_slot(slot, chosen.facts.get(name, facts), now, mint)

    for place in extra:
        plan(place, wanted=False)
    for place in chosen.places:
        known = known_of(place.worker)
        if may_rest and known is not None and seen.is_at_rest(known, place.worker, there, moment):
            workers[place.worker] = known
        else:
            plan(place, wanted=True)
    return Slots(workers, fresh, frozenset(place.worker for place in extra))
