"""`plan(desired, observed, now)`: what to do about one set, as a value (S4).

Pure: no clock, no I/O, no randomness; the moment and a mint of run ids are arguments, and the answer says
when to look again. Planning twice is harmless, since what was asked for is part of what is observed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.core import (
    ensured,
    kinds,
    listening,
    notes,
    records,
    runs,
    seen,
    slots,
    status,
    steps,
    worker,
)

SHUTTING_DOWN = worker.Wait("ShuttingDown", "the controller ends: workerctl up runs it again")
DISCONNECTED = worker.Wait(
    "RuntimeDisconnected", "the part that runs processes is away: planned when it is back"
)


@dataclass(frozen=True, slots=True)
class Desired:
    """One set as declared; `obj` is None where processes run that nobody declares. Without `tell` the status
    is left for a later pass."""

    obj: kinds.Object | None
    facts: worker.SetFacts
    places: tuple[steps.Place, ...] = ()
    deleting: bool = False
    ensures: ensured.Ensures = field(default_factory=ensured.none)
    tell: bool = True


@dataclass(frozen=True, slots=True)
class Observed:
    """What is: runs, records, Pods deleted by hand with the grace asked for; `last` lends marks and answers
    for unchanged slots."""

    processes: tuple[runs.Process, ...] = ()
    sockets: tuple[runs.Socket, ...] = ()
    records: Mapping[str, records.Record] = field(default_factory=dict)
    evicted: Mapping[str, float | None] = field(default_factory=dict)
    connected: bool = True
    last: Plan | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The decision. `records` holds those that change (None = remove); `status` is None if undeclared or
    left for later."""

    facts: worker.SetFacts
    verbs: tuple[runs.Verb, ...] = ()
    waits: tuple[worker.Wait, ...] = ()
    status: Mapping[str, Any] | None = None
    workers: Mapping[str, worker.WorkerPlan] = field(default_factory=dict)
    records: Mapping[str, records.Record | None] = field(default_factory=dict)
    notes: tuple[notes.Note, ...] = ()
    wake_at: float | None = None
    listening: listening.Listening = listening.NOTHING
    outdated: bool = False
    empty: bool = False
    ensures: ensured.Ensures = field(default_factory=ensured.none)

    @property
    def views(self) -> dict[str, worker.View]:
        """The workers there are, by name: their Pods are made from these."""
        return {name: one.view for name, one in self.workers.items() if one.view is not None}


def plan(desired: Desired, observed: Observed, now: worker.Moment, mint: worker.Mint) -> Plan:
    """Decide. With the runtime away nothing is planned: what was known stays, and the status says so."""
    if not observed.connected:
        return _away(desired, observed, now)
    heard = listening.decide(
        desired.facts,
        observed.sockets,
        observed.processes,
        listening.NOTHING if observed.last is None else observed.last.listening,
        now.monotonic,
        wanted=_wants_sockets(desired),
    )
    facts = _with_sockets(desired.facts, observed, heard)
    if facts is not desired.facts:
        desired = dataclasses.replace(desired, facts=facts)
    return _plan(desired, observed, heard, now, mint)


def _plan(
    desired: Desired,
    observed: Observed,
    heard: listening.Listening,
    now: worker.Moment,
    mint: worker.Mint,
) -> Plan:
    """Every slot, then the set as a whole."""
    facts = desired.facts
    grouped = steps.by_worker(observed.processes)
    last = {} if observed.last is None else observed.last.workers
    marks = {name: one.mark for name, one in last.items()}
    replacing = steps.choose_replacements(
        desired.places, grouped, observed.records, marks, facts, now.monotonic
    )
    same_facts = observed.last is not None and observed.last.facts is facts
    workers: dict[str, worker.WorkerPlan] = {}
    extra = steps.surplus(desired.places, grouped, observed.records)
    for wanted, places in ((False, extra), (True, desired.places)):
        for place in places:
            name = place.worker
            known = last.get(name)
            found = seen.Seen(
                wanted,
                grouped.get(name, ()),
                observed.records.get(name, records.EMPTY),
                None if known is None else known.mark,
                name in replacing.workers,
                name in observed.evicted,
                observed.evicted.get(name),
            )
            if same_facts and known is not None and seen.is_unchanged(known, found, now.monotonic):
                workers[name] = known
            else:
                workers[name] = slots.plan_slot(seen.slot_of(facts, place, found, known), facts, now, mint)
    before = observed.last
    if (
        before is not None
        and same_facts
        and heard == before.listening
        and _nothing_new(desired, before, workers, replacing)
    ):
        return before
    decided = _assemble(desired, observed, workers, replacing, now)
    if heard == listening.NOTHING:
        return decided
    return dataclasses.replace(decided, verbs=(*heard.verbs, *decided.verbs), listening=heard)


def _wants_sockets(desired: Desired) -> bool:
    """While the set wants processes; not if what it listens on is another set's."""
    hold = desired.facts.hold
    return bool(desired.places) and (hold is None or hold.reason != "Conflict")


def _with_sockets(facts: worker.SetFacts, observed: Observed, heard: listening.Listening) -> worker.SetFacts:
    """The same object as in the last pass while it says the same: unchanged workers are not planned again."""
    if not observed.sockets and heard == listening.NOTHING:
        return facts
    changed = dataclasses.replace(
        facts, sockets=observed.sockets, opening=heard.opening, hold=facts.hold or heard.hold
    )
    last = None if observed.last is None else observed.last.facts
    return last if last == changed else changed


def _nothing_new(
    desired: Desired,
    before: Plan,
    workers: Mapping[str, worker.WorkerPlan],
    replacing: steps.Replacing,
) -> bool:
    """Every slot is as it was, and what was decided then is done and written."""
    return (
        not before.verbs
        and not before.notes
        and not before.records
        and replacing == steps.Replacing()
        and desired.ensures is before.ensures
        and len(workers) == len(before.workers)
        and all(before.workers.get(name) is one for name, one in workers.items())
        and desired.obj is not None
        and desired.obj.get("status") == before.status
    )


def _assemble(
    desired: Desired,
    observed: Observed,
    workers: Mapping[str, worker.WorkerPlan],
    replacing: steps.Replacing,
    now: worker.Moment,
) -> Plan:
    facts = desired.facts
    verbs: list[runs.Verb] = []
    told: list[notes.Note] = []
    changed: dict[str, records.Record | None] = {}
    wakes = [] if replacing.wake_at in (None, float("inf")) else [replacing.wake_at]
    views: list[worker.View] = []
    for name, one in workers.items():
        verbs += one.verbs
        told += one.notes
        if one.record is not one.slot.record:
            changed[name] = None if one.record is records.EMPTY else one.record
        if one.wake_at is not None:
            wakes.append(one.wake_at)
        if one.view is not None:
            views.append(one.view)
    if facts.hold is not None and facts.hold.until is not None:
        wakes.append(facts.hold.until)
    outdated = any(
        process.template_hash != facts.template_hash or not workers[process.ref.worker].slot.wanted
        for process in observed.processes
        if process.exit is None or process.survivors
    )
    return Plan(
        facts=facts,
        verbs=tuple(verbs),
        waits=_waits(facts, views, workers),
        status=_status(desired, views, now),
        workers=workers,
        records=changed,
        notes=(*steps.merge_notes(told), *_set_notes(desired, observed, workers)),
        wake_at=min((wake for wake in wakes if wake is not None), default=None),
        outdated=outdated,
        empty=not observed.processes and not desired.places,
        ensures=desired.ensures,
    )


def _status(desired: Desired, views: list[worker.View], now: worker.Moment) -> dict[str, Any] | None:
    if desired.obj is None or not desired.tell:
        return None
    ordered = sorted(views, key=lambda view: (view.ordinal, view.ref.worker))
    asked = status.Asked(len(desired.places), desired.deleting, desired.ensures)
    return status.compute(desired.obj, desired.facts, ordered, asked, now)


def _waits(
    facts: worker.SetFacts, views: list[worker.View], workers: Mapping[str, worker.WorkerPlan]
) -> tuple[worker.Wait, ...]:
    held = () if facts.hold is None else (facts.hold,)
    resting = tuple(
        worker.Wait(view.reason, f"{view.ref.worker}: {view.message}", workers[view.ref.worker].wake_at)
        for view in views
        if view.reason in ("CrashLoopBackOff", "GivenUp", "Stopping")
    )
    return (*held, *resting)


def _set_notes(
    desired: Desired, observed: Observed, workers: Mapping[str, worker.WorkerPlan]
) -> tuple[notes.Note, ...]:
    facts, hold = desired.facts, desired.facts.hold
    found: list[notes.Note] = []
    closed = [
        live
        for one in workers.values()
        if (one.slot.replace or one.slot.evicted)
        and one.slot.wanted
        and (live := one.slot.live) is not None
        and live.handle_closed_at is None
    ]
    replacing = steps.replacing_note(closed, facts.template_hash or "", observed.evicted)
    if replacing is not None:
        found.append(replacing)
    if observed.last is not None and desired.ensures is not observed.last.ensures:
        found += ensured.told(observed.last.ensures, desired.ensures)
    found += steps.unenforced_notes(workers, {} if observed.last is None else observed.last.workers)
    before = None if observed.last is None else observed.last.facts.hold
    if (
        hold is not None
        and hold.reason in notes.REASONS
        and (before is None or before.message != hold.message)
    ):
        found.append(notes.Note(hold.reason, hold.message, warning=True))
    return tuple(found)


_COUNTED = ("replicas", "readyReplicas", "updatedReplicas", "restarts", "currentRevision", "instances")


def _away(desired: Desired, observed: Observed, now: worker.Moment) -> Plan:
    """Keep what was known; only the status tells."""
    facts = dataclasses.replace(desired.facts, hold=DISCONNECTED)
    workers = {} if observed.last is None else observed.last.workers
    views = [one.view for one in workers.values() if one.view is not None]
    shown = _status(dataclasses.replace(desired, facts=facts), views, now)
    if shown is not None and desired.obj is not None:
        before = desired.obj.get("status") or {}
        shown |= {name: before[name] for name in _COUNTED if name in before}
    return Plan(
        facts=facts,
        waits=(DISCONNECTED,),
        status=shown,
        workers=workers,
        outdated=True,
        ensures=desired.ensures,
    )
