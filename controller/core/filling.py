"""The slots of a set, each planned anew where anything about it has changed: of most of them nothing has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.core import choosing, records, rolling, runs, seen, slots, spec, steps, worker

_REMARKED = frozenset({"CrashLoopBackOff", "GivenUp", "Stopping"})


@dataclass(frozen=True, slots=True)
class Basis:
    """What the slots of a pass are made of: runs, records, and the workers that are wanted."""

    processes: tuple[runs.Process, ...] = ()
    known: Mapping[str, records.Record] = field(default_factory=dict)
    places: tuple[steps.Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Slots:
    """The workers of a set as one pass has them: all, those planned anew, those that nobody wants.

    `views` are those there are, `remarks` those with something to say for the set. `alert` are planned anew
    by the next pass in any case, the others when they are `due`. `is_even`: every worker is wanted and runs
    the wanted template, and nothing was chosen of any, so that the next pass may look at those alone of which
    something changed (`refilling.py`).
    """

    workers: Mapping[str, worker.WorkerPlan] = field(default_factory=dict)
    fresh: Mapping[str, worker.WorkerPlan] = field(default_factory=dict)
    extra: frozenset[str] = frozenset()
    views: dict[str, worker.View] = field(default_factory=dict)
    remarks: Mapping[str, worker.View] = field(default_factory=dict)
    alert: frozenset[str] = frozenset()
    due: Mapping[str, float] = field(default_factory=dict)
    basis: Basis = field(default_factory=Basis)
    is_even: bool = False


NONE = Slots()


@dataclass(frozen=True, slots=True)
class Earlier:
    """What the last pass decided, and whether that was with the same facts."""

    workers: Mapping[str, worker.WorkerPlan]
    same_facts: bool


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
    plain = chosen.is_plain and not there.evicted and not extra
    views = {name: one.view for name, one in workers.items() if one.view is not None}
    return Slots(
        workers,
        fresh,
        frozenset(place.worker for place in extra),
        views,
        {name: view for name, view in views.items() if is_remarkable(view)},
        frozenset(name for name, one in workers.items() if is_alert(one)),
        {name: one.wake_at for name, one in workers.items() if one.wake_at is not None},
        Basis(there.processes, dict(there.known), tuple(chosen.places)),
        is_even=plain and facts.spec.kind is not spec.SetKind.HTTP and is_uniform(there.processes, facts),
    )


def is_remarkable(view: worker.View) -> bool:
    """It says something for the set as a whole (`setnotes.waits`, `steps.unenforced_notes`)."""
    return view.reason in _REMARKED or view.unenforced != ""


def is_alert(one: worker.WorkerPlan) -> bool:
    """Planned anew by the next pass, even if nothing happens."""
    return not one.quiet or one.mark is not one.slot.mark


def is_uniform(processes: tuple[runs.Process, ...], facts: worker.SetFacts) -> bool:
    """All run the wanted template."""
    return all(one.template_hash == facts.template_hash for one in processes)


def is_outdated(processes: tuple[runs.Process, ...], found: Slots, facts: worker.SetFacts) -> bool:
    """Anything lives that is of another template, or that nobody wants."""
    odd = [
        one for one in processes if one.template_hash != facts.template_hash or one.ref.worker in found.extra
    ]
    return any(process.exit is None or process.survivors for process in odd)
