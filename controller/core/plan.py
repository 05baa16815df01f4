"""`plan(desired, observed, now)`: what to do about one set, as a value (S4).

Pure: no clock, no I/O, no randomness; the moment and a mint of run ids are arguments, and the answer says
when to look again. Planning twice is harmless, since what was asked for is part of what is observed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.core import (
    choosing,
    depending,
    ensured,
    filling,
    kinds,
    listening,
    notes,
    records,
    refilling,
    rolling,
    rollout,
    runs,
    setnotes,
    status,
    steps,
    succession,
    worker,
)

SHUTTING_DOWN = worker.Wait("ShuttingDown", "the controller ends: workerctl up runs it again")
DISCONNECTED = worker.Wait(
    "RuntimeDisconnected", "the part that runs processes is away: planned when it is back"
)


@dataclass(frozen=True, slots=True)
class Desired:
    """One set as declared; `obj` is None where processes run that nobody declares. Without `tell` the status
    is left for a later pass; `patient`: likewise, where all this pass does is to ask for starts, since their
    answer brings another one. `scale` is what the status says of scaling, `awaits` what it depends on, while
    that is not ready, `moved` why names are ensured no more that nobody released."""

    obj: kinds.Object | None
    facts: worker.SetFacts
    places: tuple[steps.Place, ...] = ()
    deleting: bool = False
    ensures: ensured.Ensures = field(default_factory=ensured.none)
    tell: bool = True
    patient: bool = False
    history: rolling.History = rolling.NO_HISTORY
    scale: Mapping[str, Any] | None = None
    awaits: worker.Wait | None = None
    moved: Mapping[str, str] = field(default_factory=dict)


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
    """The decision. `views` are the workers there are: their Pods are made from these. `records` holds
    those that change (None = remove); `status` is None if undeclared or left for later."""

    facts: worker.SetFacts
    verbs: tuple[runs.Verb, ...] = ()
    waits: tuple[worker.Wait, ...] = ()
    status: Mapping[str, Any] | None = None
    slots: filling.Slots = filling.NONE
    records: Mapping[str, records.Record | None] = field(default_factory=dict)
    notes: tuple[notes.Note, ...] = ()
    wake_at: float | None = None
    listening: listening.Listening = listening.NOTHING
    outdated: bool = False
    empty: bool = False
    ensures: ensured.Ensures = field(default_factory=ensured.none)

    @property
    def workers(self) -> Mapping[str, worker.WorkerPlan]:
        """What was decided for each slot."""
        return self.slots.workers

    @property
    def views(self) -> dict[str, worker.View]:
        """The workers there are."""
        return self.slots.views


def plan(desired: Desired, observed: Observed, now: worker.Moment, mint: worker.Mint) -> Plan:
    """Decide. With the runtime away nothing is planned: what was known stays, and the status says so."""
    if not observed.connected:
        return _away(desired, observed, now)
    aim = rolling.target(desired.facts, observed.records, desired.history)
    heard = listening.decide(
        aim.facts,
        observed.sockets,
        observed.processes,
        listening.NOTHING if observed.last is None else observed.last.listening,
        now.monotonic,
        wanted=_wants_sockets(desired),
    )
    facts = _current(desired, observed, heard, aim)
    planned = desired if facts is desired.facts else dataclasses.replace(desired, facts=facts)
    decided = _plan(planned, observed, heard, now, mint)
    if decided.records and facts.hold is not None and facts.hold.reason in depending.STARTS:
        # who has completed in this very pass waits for nobody, and no news will come of that
        known = {**observed.records, **{name: one for name, one in decided.records.items() if one}}
        if _current(desired, dataclasses.replace(observed, records=known), heard, aim).hold != facts.hold:
            return dataclasses.replace(decided, wake_at=now.monotonic)
    return decided


def _plan(
    desired: Desired,
    observed: Observed,
    heard: listening.Listening,
    now: worker.Moment,
    mint: worker.Mint,
) -> Plan:
    """Every slot, then the set as a whole."""
    facts = desired.facts
    before = observed.last if observed.last is not None and observed.last.facts is facts else None
    aim = rolling.target(facts, observed.records, desired.history)
    found: filling.Slots | None = None
    if before is not None and not observed.evicted:
        basis = filling.Basis(observed.processes, observed.records, desired.places)
        found = refilling.refill(before.slots, facts, basis, now, mint)
    chosen = choosing.Choice(desired.places)
    if found is None:
        last = {} if observed.last is None else observed.last.workers
        marks = {name: one.mark for name, one in last.items()}
        grouped = steps.by_worker(observed.processes)
        there = rolling.Found(grouped, observed.records, marks, observed.evicted, observed.processes)
        chosen = choosing.choose(facts, aim, there, desired.history, desired.places, now.monotonic)
        found = filling.fill(facts, there, chosen, filling.Earlier(last, before is not None), now, mint)
    is_due = before is not None and before.wake_at is not None and before.wake_at <= now.monotonic
    if before and not is_due and heard == before.listening and _nothing_new(desired, before, found, chosen):
        return before
    decided = _assemble(desired, observed, found, chosen.wake_at, now, aim)
    if heard == listening.NOTHING:
        return decided
    return dataclasses.replace(decided, verbs=(*heard.verbs, *decided.verbs), listening=heard)


def _wants_sockets(desired: Desired) -> bool:
    """While the set wants processes; not if what it listens on is another set's."""
    hold = desired.facts.hold
    return bool(desired.places) and (hold is None or hold.reason != "Conflict")


def _current(
    desired: Desired, observed: Observed, heard: listening.Listening, aim: rolling.Target
) -> worker.SetFacts:
    """The same object as in the last pass while it says the same: unchanged workers are not planned again."""
    facts, held = desired.facts, observed.sockets
    current = aim.facts.template_hash if aim.stage is rollout.Stage.GOES_ON else None
    awaits = depending.hold(
        desired.awaits, len(desired.places), observed.processes, observed.records, current
    )
    another = _predecessors(desired, observed)
    if not held and heard == listening.NOTHING and awaits is None and another is None:
        return facts
    hold, goes_on = facts.hold or heard.hold or awaits or another, bool(desired.places)
    changed = dataclasses.replace(facts, sockets=held, opening=heard.opening, hold=hold, goes_on=goes_on)
    last = None if observed.last is None else observed.last.facts
    return last if last == changed else changed


def _predecessors(desired: Desired, observed: Observed) -> worker.Wait | None:
    """Not looked for while all that runs is of the declared template."""
    last = observed.last
    if last is not None and not last.outdated and last.facts.template_hash == desired.facts.template_hash:
        return None
    return succession.hold(desired.facts, observed.processes)


def _nothing_new(desired: Desired, before: Plan, found: filling.Slots, chosen: choosing.Choice) -> bool:
    """Every slot is as it was, and what was decided then is done and written."""
    return (
        not before.verbs
        and not before.notes
        and not before.records
        and not chosen.replacing
        and not chosen.failed
        and desired.ensures is before.ensures
        and not found.fresh
        and len(found.workers) == len(before.workers)
        and desired.obj is not None
        and desired.obj.get("status") == before.status
        and desired.scale == (before.status or {}).get("scaling")
    )


def _assemble(
    desired: Desired,
    observed: Observed,
    found: filling.Slots,
    due: float | None,
    now: worker.Moment,
    aim: rolling.Target,
) -> Plan:
    facts, workers = desired.facts, found.workers
    verbs: list[runs.Verb] = []
    told: list[notes.Note] = []
    changed: dict[str, records.Record | None] = {}
    for name, one in found.fresh.items():
        verbs += one.verbs
        told += one.notes
        if one.record is not one.slot.record:
            changed[name] = None if one.record is records.EMPTY else one.record
    views = found.views
    wakes = [due, min(found.due.values(), default=None)]
    if facts.hold is not None:
        wakes.append(facts.hold.until)
    about_set = _set_notes(desired, observed, found)
    is_told_later = desired.patient and not changed and steps.only_starts(verbs, (*told, *about_set))
    shown = None if is_told_later else _status(desired, views.values(), now, aim)
    return Plan(
        facts=facts,
        verbs=tuple(verbs),
        waits=setnotes.waits(facts, found.remarks.values(), workers),
        status=shown,
        slots=found,
        records=changed,
        notes=(*steps.merge_notes(told), *about_set, *_rolled_out(desired, shown)),
        wake_at=min((wake for wake in wakes if wake is not None), default=None),
        outdated=not found.is_even and filling.is_outdated(observed.processes, found, facts),
        empty=not observed.processes and not desired.places,
        ensures=desired.ensures,
    )


def _status(
    desired: Desired, views: Iterable[worker.View], now: worker.Moment, aim: rolling.Target
) -> dict[str, Any] | None:
    if desired.obj is None or not desired.tell:
        return None
    ordered = sorted(views, key=lambda view: (view.ordinal, view.ref.worker))
    trouble = rolling.trouble(desired.facts, aim)
    wanted, scale = len(desired.places), desired.scale
    asked = status.Asked(wanted, desired.deleting, desired.ensures, aim.stage, trouble, scale)
    return status.compute(desired.obj, desired.facts, ordered, asked, now)


def _rolled_out(desired: Desired, shown: Mapping[str, Any] | None) -> tuple[notes.Note, ...]:
    before = {} if desired.obj is None else desired.obj.get("status") or {}
    return setnotes.rolled_out(desired.facts, before, shown)


def _set_notes(desired: Desired, observed: Observed, found: filling.Slots) -> tuple[notes.Note, ...]:
    last = observed.last
    return (
        *setnotes.replaced(desired.facts, found.fresh, observed.evicted, desired.obj),
        *setnotes.rollout(desired.facts, found.workers),
        *(
            ensured.told(last.ensures, desired.ensures, desired.moved)
            if last and desired.ensures is not last.ensures
            else ()
        ),
        *steps.unenforced_notes(found.remarks, {} if last is None else last.slots.remarks),
        *setnotes.left_out(desired.facts, None if last is None else last.facts),
        *setnotes.held(desired.facts.hold, None if last is None else last.facts.hold),
    )


_COUNTED = ("replicas", "readyReplicas", "updatedReplicas", "restarts", "currentRevision", "instances")


def _away(desired: Desired, observed: Observed, now: worker.Moment) -> Plan:
    """Keep what was known; only the status tells."""
    facts = dataclasses.replace(desired.facts, hold=DISCONNECTED)
    known = filling.NONE if observed.last is None else observed.last.slots
    aim = rolling.target(facts, observed.records, desired.history)
    shown = _status(dataclasses.replace(desired, facts=facts), known.views.values(), now, aim)
    if shown is not None and desired.obj is not None:
        before = desired.obj.get("status") or {}
        shown |= {name: before[name] for name in _COUNTED if name in before}
    return Plan(
        facts=facts,
        waits=(DISCONNECTED,),
        status=shown,
        slots=known,
        outdated=True,
        ensures=desired.ensures,
    )
