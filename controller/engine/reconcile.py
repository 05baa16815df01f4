"""One pass over one key: read, plan, write. Policy is the planner's, here is only the order of things.

`plan` reads and decides; `write` puts the decision into the store, inside the batch's transaction;
`remember` updates the engine's memory once that transaction is committed. So a transaction that fails
leaves memory and store as they were, and the next pass decides afresh.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from controller import ports
from controller.core import deletion, kinds, notes, plan, records, worker
from controller.engine import podwriter
from controller.engine.claims import ClaimIndex
from controller.engine.dependencies import Dependencies
from controller.engine.desires import Desires
from controller.engine.ensures import EnsureKeeper
from controller.engine.events import EventWriter
from controller.engine.history import History
from controller.engine.memory import SetMemory
from controller.engine.probed import Probed
from controller.engine.scaling import Scaling
from controller.engine.shared import SharedNames

STATUS_REST_FACTOR = 40.0
LONGEST_STATUS_REST_SECONDS = 1.0
LARGE_SET = 100
"""The status of a set of n workers costs n to make and to write. That of a large one rests for so many times
as long as a pass over it took: telling of a thousand names that come one by one costs a part of the time."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One key's decision on its way into store and runtime."""

    key: kinds.Key
    obj: kinds.Object | None
    decided: plan.Plan
    gone: bool
    other_at: float | None = None

    @property
    def wake_at(self) -> float | None:
        """When to look again: at what was decided, at lazy names that may be idle, at a status that rests."""
        return min((at for at in (self.decided.wake_at, self.other_at) if at is not None), default=None)


@dataclass(frozen=True, slots=True)
class Parts:
    """The engine's own parts that a pass uses."""

    desires: Desires
    claims: ClaimIndex
    dependencies: Dependencies
    events: EventWriter
    history: History
    keeper: EnsureKeeper
    shared: SharedNames
    probed: Probed
    scaling: Scaling


class Reconciler:
    """Owns the memory of all sets."""

    def __init__(self, store: ports.Store, runtime: ports.Runtime, ids: ports.Ids, parts: Parts) -> None:
        self._store, self._runtime, self._ids = store, runtime, ids
        self._desires, self._claims = parts.desires, parts.claims
        self._dependencies = parts.dependencies
        self._events, self._history = parts.events, parts.history
        self._keeper, self._shared, self._probed = parts.keeper, parts.shared, parts.probed
        self._scaling = parts.scaling
        self._minds: dict[kinds.Key, SetMemory] = {}

    def mind(self, key: kinds.Key) -> SetMemory:
        """What is remembered of the set; the run records are read from the store the first time."""
        found = self._minds.get(key)
        if found is None:
            stored = self._store.record(key.namespace, key.name)
            found = SetMemory(records={name: records.from_json(data) for name, data in stored.items()})
            self._minds[key] = found
        return found

    def known(self, key: kinds.Key) -> SetMemory | None:
        return self._minds.get(key)

    def plan(self, key: kinds.Key, now: worker.Moment) -> Outcome:
        """Re-read everything and decide."""
        obj = self._store.find(kinds.WORKERSETS, key)
        mind = self.mind(key)
        if obj is not None and mind.identity is not None and mind.identity[0] != obj["metadata"]["uid"]:
            # Another set of the same name: what was remembered of the first is not about this one.
            mind = self._minds[key] = SetMemory(
                records=dict.fromkeys(mind.records, records.EMPTY),
                pods=mind.pods,
                names=mind.names,
                scope=mind.scope,
            )
        obj = self._without_idle(key, obj, mind, now)
        desired = self._desires.of(key, obj, mind, now.monotonic)
        if key in self._keeper.moved:
            desired = dataclasses.replace(desired, moved=self._keeper.moved[key])
        processes = self._probed.processes(key, self._runtime.processes(key))
        observed = plan.Observed(
            processes=processes,
            sockets=self._runtime.sockets(key),
            records=mind.records,
            evicted=dict(mind.evicted),
            connected=self._runtime.connected(),
            last=mind.last,
        )
        decided = plan.plan(desired, observed, now, self._ids.run)
        self._probed.follow(key, decided)
        self._scaling.follow(key, desired, decided)
        over = observed.connected and (obj is None or desired.deleting) and not processes
        rests_until = None if desired.tell else mind.status_rests_until
        appointments = (mind.idle_at, rests_until, self._scaling.due(key))
        return Outcome(
            key, obj, decided, over, min((at for at in appointments if at is not None), default=None)
        )

    def _without_idle(
        self, key: kinds.Key, obj: kinds.Object | None, mind: SetMemory, now: worker.Moment
    ) -> kinds.Object | None:
        """S6.9: what nobody uses is released, and drained as after any other release."""
        if obj is None:
            return None
        if self._dependencies.is_waited_for(key):
            mind.idle_due, mind.idle_at = {}, None
            return obj
        ensures = self._store.ensures(key.namespace, key.name)
        idle = self._shared.idle(obj, ensures, mind, now.monotonic)
        return self._keeper.release(key, idle, now.wall) if idle else obj

    def write(self, outcome: Outcome, now: worker.Moment) -> None:
        """Everything a decision changes in the store; equal content writes nothing."""
        if outcome.gone:
            self._write_end(outcome, now)
            return
        obj, decided, key = outcome.obj, outcome.decided, outcome.key
        if obj is not None and decided.status is not None and decided.status != obj.get("status"):
            self._store.update(kinds.WORKERSETS, {**obj, "status": decided.status})
            mind = self.mind(key)
            rest = STATUS_REST_FACTOR * mind.plan_seconds if len(mind.places) > LARGE_SET else 0.0
            mind.status_rests_until = now.monotonic + min(rest, LONGEST_STATUS_REST_SECONDS)
        self._write_records(key, decided.records)
        if obj is None:
            return
        mind = self.mind(key)
        self._write_pods(obj, mind, outcome, now)
        if mind.revision != _revision(outcome) and "deletionTimestamp" not in obj["metadata"]:
            self._history.write(obj, now.wall)
        if told := (*(mind.held or ()), *self._scaling.written(key), *decided.notes):
            self._events.write(obj, told, now.wall)

    def hold(self, outcome: Outcome) -> None:
        """This pass is not written; the next one tells what it has to tell, and itself finds who ensured."""
        self.mind(outcome.key).held = tuple(
            note for note in outcome.decided.notes if note.reason != "Ensured"
        )

    def project(self, outcome: Outcome, now: worker.Moment) -> None:
        """Only what is never on disk: where nothing else could be written, Pods still tell what runs."""
        if outcome.obj is not None and not outcome.gone:
            mind = self.mind(outcome.key)
            self._write_pods(outcome.obj, mind, outcome, now)
            mind.pods = outcome.decided.views

    def _write_pods(self, obj: kinds.Object, mind: SetMemory, outcome: Outcome, now: worker.Moment) -> None:
        relabel = mind.pod_labels is not None and mind.pod_labels != _labels(obj)
        follows = mind.last is not None and mind.pods is mind.last.views  # else they were projected meanwhile
        fresh = outcome.decided.slots.fresh if follows and not relabel else None
        podwriter.write(self._store, obj, mind.pods, outcome.decided.views, now=now.wall, fresh=fresh)

    def remember(self, outcome: Outcome) -> tuple[kinds.Key, ...]:
        """The transaction is committed. Returns keys that may go on now because of this."""
        decided, key = outcome.decided, outcome.key
        if outcome.gone:
            self._shared.forget(key, self.mind(key))
            self._minds.pop(key, None)
            waiting = self._dependencies.declare(key, None)
            return (*self._claims.drop(key), *waiting, kinds.Key("", key.namespace))
        mind = self.mind(key)
        mind.attempts = 0
        for name, record in decided.records.items():
            if record is None:
                mind.records.pop(name, None)
            else:
                mind.records[name] = record
        mind.held = None
        self._keeper.moved.pop(key, None)
        self._shared.follow(key, outcome.obj, mind, decided)
        mind.last = decided
        mind.pods = decided.views
        if outcome.obj is not None:
            mind.pod_labels = _labels(outcome.obj)
            mind.revision = _revision(outcome)
        mind.evicted = {name: grace for name, grace in mind.evicted.items() if _still_evicted(decided, name)}
        running = {view.worker_name for view in decided.views.values() if view.run} if mind.yielded else ()
        ending = self._desires.halt is not None
        waiting = self._dependencies.follow(key, outcome.obj, decided, all_stop=ending)
        freed = (*self._claims.give_way(key, running), *waiting)
        return freed if decided.outdated else (*freed, *self._claims.settle(key))

    def _write_records(self, key: kinds.Key, changed: Mapping[str, records.Record | None]) -> None:
        for name, record in changed.items():
            data = None if record is None else records.to_json(record)
            self._store.put_record(key.namespace, key.name, name, data)

    def _write_end(self, outcome: Outcome, now: worker.Moment) -> None:
        """Nothing of it lives: let the object go, and what belonged to it."""
        key, obj, mind = outcome.key, outcome.obj, self.mind(outcome.key)
        for name in mind.records:
            self._store.put_record(key.namespace, key.name, name, None)
        for name in mind.pods:
            podwriter.remove(self._store, kinds.Key(key.namespace, name))
        self._history.drop(key)
        self._keeper.drop(key)
        if obj is None:
            return
        left = deletion.drained(obj)
        if not left["metadata"].get("finalizers"):
            self._events.write(obj, (notes.Note("Deleted", "deleted; nothing of it lives"),), now.wall)
            self._store.delete(kinds.WORKERSETS, key)
        elif left is not obj:
            self._store.update(kinds.WORKERSETS, left)


def _labels(obj: kinds.Object) -> Mapping[str, str]:
    labels: Mapping[str, str] = obj["metadata"].get("labels") or {}
    return labels


def _revision(outcome: Outcome) -> str:
    facts = outcome.decided.facts
    return f"{facts.generation}"


def _still_evicted(decided: plan.Plan, name: str) -> bool:
    """Until the worker was made anew, or is not there any more."""
    one = decided.workers.get(name)
    if one is None or one.view is None:
        return False
    return one.record is None or one.record.incarnation == one.slot.record.incarnation
