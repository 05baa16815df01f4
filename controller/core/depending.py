"""What a set depends on and how that stands: `depends_on` delays its processes and orders stops (S1).

Only starts wait. What runs goes on when something it depends on is lost, and a replacement that would have to
wait is not begun. The first retry of a crashed worker is the runtime's own (S4.5a) and waits for nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from controller.core import kinds, records, runs, spec, worker

NOT_READY = "DependencyNotReady"
CYCLE = "DependencyCycle"
STOPS_LATER = "DependentsStop"
STARTS = frozenset({NOT_READY, CYCLE})
"""Reasons for which nothing is started; what runs is as it was."""
STAYS = STARTS | {STOPS_LATER}

_SHOWN = 5


class Standing(StrEnum):
    """How something stands that others depend on: coarse, so that they look again only when it matters."""

    READY = "ready"
    STARTING = "not ready"
    UNFINISHED = "not completed"
    WAITING = "waits itself"
    FAILED = "failed"
    IDLE = "nobody has asked for it"
    STOPPED = "stopped"
    EMPTY = "num is 0"
    DELETED = "being deleted"
    UNDECLARED = "not declared"


def of_set(obj: kinds.Object, status: Mapping[str, Any], rules: spec.WorkerSetSpec) -> Standing:
    """A whole set: ready as its condition says, if there is anything to be ready."""
    state = status["state"]
    if "deletionTimestamp" in obj["metadata"]:
        return Standing.DELETED
    if state == "Suspended":
        return Standing.STOPPED
    ready = next(one for one in status["conditions"] if one["type"] == "Ready")
    replaced = state == "Rolling" and rules.kind is not spec.SetKind.HTTP
    if ready["status"] == "True" and not replaced:
        if ready["reason"] != "Idle" or rules.is_catch_all:
            return Standing.READY
        return Standing.IDLE if rules.kind is spec.SetKind.BACKGROUND else Standing.EMPTY
    if state == "Failed":
        return Standing.FAILED
    if state == "Waiting":
        return Standing.WAITING
    return _pending(rules)


def of_instance(view: worker.View | None, rules: spec.WorkerSetSpec) -> Standing:
    """One name of a catch-all."""
    if view is None or not view.wanted:
        return Standing.STOPPED if rules.suspend else Standing.IDLE
    if view.ready or view.reason == "Completed":
        return Standing.READY
    return Standing.FAILED if view.given_up else _pending(rules)


def _pending(rules: spec.WorkerSetSpec) -> Standing:
    return Standing.UNFINISHED if rules.ready_when is spec.Gate.COMPLETED else Standing.STARTING


def wait_for(pending: Sequence[tuple[str, Standing]]) -> worker.Wait:
    """`waits for db (not ready) and cache (not declared)`: no times, the condition says since when."""
    return worker.Wait(NOT_READY, f"waits for {_several([f'{name} ({why})' for name, why in pending])}")


def wait_in_cycle(cycle: Sequence[str]) -> worker.Wait:
    path = " → ".join((*cycle, cycle[0]))
    return worker.Wait(CYCLE, f"waits for itself: {path}; remove one of these from depends_on")


def wait_to_stop(dependents: Sequence[str]) -> worker.Wait:
    """It is to stop, in reverse order: first those that depend on it."""
    return worker.Wait(STOPS_LATER, f"stops after what depends on it: {_several(dependents)}")


def hold(
    awaits: worker.Wait | None,
    wanted: int,
    processes: Iterable[runs.Process],
    known: Mapping[str, records.Record],
    template_hash: str | None,
) -> worker.Wait | None:
    """`awaits`, where there is anything to start: nothing is waited for where all workers run or are done.

    `template_hash`: only workers of that template count; None: all do.
    """
    if awaits is None or not wanted:
        return None
    there = {
        one.ref.worker
        for one in processes
        if one.exit is None and one.handle_closed_at is None and template_hash in (None, one.template_hash)
    }
    there |= {
        name
        for name, record in known.items()
        if record.phase is records.Phase.COMPLETED and template_hash in (None, record.template_hash)
    }
    return awaits if len(there) < wanted else None


def _several(words: Sequence[str]) -> str:
    shown, more = words[:_SHOWN], len(words) - _SHOWN
    if more > 0:
        return f"{', '.join(shown)} and {more} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
