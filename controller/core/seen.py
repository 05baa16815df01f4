"""What one pass observed of a slot: compared with the last pass first, since most slots are as they were."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import NamedTuple

from controller.core import choosing, records, rolling, runs, steps, worker


class Seen(NamedTuple):
    """What was observed of one slot in this pass: compared first, and most are as they were."""

    wanted: bool
    processes: Sequence[runs.Process]
    record: records.Record
    mark: worker.Mark | None
    replace: bool
    evicted: bool
    grace_seconds: float | None
    withdrawn: bool = False


def look(
    name: str,
    there: rolling.Found,
    chosen: choosing.Choice,
    known: worker.WorkerPlan | None,
    *,
    wanted: bool,
) -> Seen:
    """What there is in the slot of this worker, and what was chosen for it."""
    return Seen(
        wanted,
        there.grouped.get(name, ()),
        there.known.get(name, records.EMPTY),
        None if known is None else known.mark,
        name in chosen.replacing,
        name in there.evicted,
        there.evicted.get(name),
        name in chosen.failed,
    )


def is_at_rest(known: worker.WorkerPlan, name: str, there: rolling.Found, now: float) -> bool:
    """The same as `look` and `is_unchanged`, for a wanted slot of which nothing was chosen."""
    slot, processes = known.slot, there.grouped.get(name, ())
    return (
        known.quiet
        and slot.wanted
        and slot.mark is known.mark
        and slot.record is there.known.get(name, records.EMPTY)
        and not (slot.replace or slot.evicted or slot.withdrawn)
        and len(slot.processes) == len(processes)
        and all(map(operator.is_, slot.processes, processes))
        and (known.wake_at is None or now < known.wake_at)
    )


def slot_of(
    facts: worker.SetFacts, place: steps.Place, found: Seen, known: worker.WorkerPlan | None
) -> worker.Slot:
    """A slot that is not wanted any more keeps the name it was `known` by."""
    return worker.Slot(
        ref=runs.WorkerRef(facts.namespace, facts.name, place.worker),
        ordinal=place.ordinal,
        worker_name=place.worker_name if found.wanted or known is None else known.slot.worker_name,
        wanted=found.wanted,
        processes=tuple(found.processes),
        record=found.record,
        mark=found.mark,
        replace=found.replace,
        evicted=found.evicted,
        grace_seconds=found.grace_seconds,
        withdrawn=found.withdrawn,
    )


def is_unchanged(known: worker.WorkerPlan, found: Seen, now: float) -> bool:
    """The very same inputs give the very same answer until `wake_at`."""
    before = known.slot
    return (
        known.quiet
        and before.mark is found.mark
        and before.record is found.record
        and before.wanted is found.wanted
        and before.replace is found.replace
        and before.evicted is found.evicted
        and before.grace_seconds == found.grace_seconds
        and before.withdrawn is found.withdrawn
        and len(before.processes) == len(found.processes)
        and all(map(operator.is_, before.processes, found.processes))
        and (known.wake_at is None or now < known.wake_at)
    )
