"""The slots of an even set (`filling.Slots`): only those of which something changed are planned anew.

The outcome is the same as from scratch, and a property test holds it to that. What is left to do for each of
the others is a comparison that the interpreter makes by itself, some hundredths of a microsecond.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Collection, Mapping

from controller.core import filling, records, runs, seen, slots, steps, worker

_Runs = dict[str, dict[str, runs.Process]]
"""Those that are new or changed, by worker and by id."""


def refill(
    before: filling.Slots,
    facts: worker.SetFacts,
    basis: filling.Basis,
    now: worker.Moment,
    mint: worker.Mint,
) -> filling.Slots | None:
    """None where it takes a look at everything: a run or a name is gone, or a template is another one."""
    if not before.is_even or basis.places[: len(before.basis.places)] != before.basis.places:
        return None
    new = {place.worker: place for place in basis.places[len(before.basis.places) :]}
    changed = _changed_runs(before.basis.processes, basis.processes, facts)
    recorded = _changed_records(before.basis.known, basis.known)
    if changed is None:
        return None
    touched = {*changed, *recorded, *before.alert, *_due(before.due, now.monotonic)}
    if any(name not in before.workers and name not in new for name in touched):
        return None
    fresh: dict[str, worker.WorkerPlan] = {}
    for name in (*filter(touched.__contains__, before.workers), *new):
        known = before.workers.get(name)
        place = new[name] if known is None else steps.Place(name, known.slot.ordinal, known.slot.worker_name)
        processes = _runs_of(known, changed.get(name, {}))
        record = basis.known.get(name, records.EMPTY)
        mark = None if known is None else known.mark
        found = seen.Seen(True, processes, record, mark, False, False, None)
        fresh[name] = slots.plan_slot(seen.slot_of(facts, place, found, known), facts, now, mint)
    known_records = dict(basis.known) if recorded else before.basis.known
    return _with(before, fresh, filling.Basis(basis.processes, known_records, basis.places))


def _changed_runs(
    before: tuple[runs.Process, ...], now: tuple[runs.Process, ...], facts: worker.SetFacts
) -> _Runs | None:
    """None if any is gone or of another template."""
    if len(now) < len(before):
        return None
    moved = [*itertools.compress(zip(before, now, strict=False), map(operator.is_not, before, now))]
    if any(old.run != new.run for old, new in moved):
        return None
    found = (*(new for _, new in moved), *now[len(before) :])
    if not filling.is_uniform(found, facts):
        return None
    changed: _Runs = {}
    for process in found:
        changed.setdefault(process.ref.worker, {})[process.run] = process
    return changed


def _changed_records(
    before: Mapping[str, records.Record], now: Mapping[str, records.Record]
) -> Collection[str]:
    same = len(now) == len(before) and not any(map(operator.is_not, now.values(), map(before.get, now)))
    return () if same else [name for name in {**before, **now} if before.get(name) is not now.get(name)]


def _due(due: Mapping[str, float], now: float) -> Collection[str]:
    if not due or now < min(due.values()):
        return ()
    return [name for name, at in due.items() if now >= at]


def _runs_of(
    known: worker.WorkerPlan | None, changed: Mapping[str, runs.Process]
) -> tuple[runs.Process, ...]:
    """Oldest first: those there were, as they are now, and those that came."""
    before = {} if known is None else {one.run: one for one in known.slot.processes}
    return tuple({**before, **changed}.values())


def _with(before: filling.Slots, fresh: dict[str, worker.WorkerPlan], basis: filling.Basis) -> filling.Slots:
    views, due = {**before.views}, {**before.due}
    remarks = {**before.remarks}
    for name, one in fresh.items():
        remarks.pop(name, None)
        due.pop(name, None)
        if one.wake_at is not None:
            due[name] = one.wake_at
        if one.view is None:
            views.pop(name, None)
            continue
        views[name] = one.view
        if filling.is_remarkable(one.view):
            remarks[name] = one.view
    if remarks:
        remarks = {name: remarks[name] for name in filter(remarks.__contains__, views)}
    return filling.Slots(
        workers={**before.workers, **fresh},
        fresh=fresh,
        views=views,
        remarks=remarks,
        alert=frozenset(name for name, one in fresh.items() if filling.is_alert(one)),
        due=due,
        basis=basis,
        is_even=True,
    )
