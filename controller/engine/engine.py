"""The reconcile loop as a synchronous object: changes add keys, `step` works them off.

Laws. Only keys travel; a pass re-reads everything. One transaction a batch, committed before any verb is
sent that it makes true (`holding.py`), so an exit is recorded before it is acknowledged (S4). No clock but
the injected one, no waiting: `step` says when to be called again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from controller import ports
from controller.core import errors, kinds, notes, runs, worker
from controller.core.conditions import Condition
from controller.core.workqueue import WorkQueue
from controller.engine import health, holding, namespaces, storage
from controller.engine.claims import ClaimIndex
from controller.engine.dependencies import Dependencies
from controller.engine.desires import Around, Desires, Halt
from controller.engine.ensures import EnsureKeeper
from controller.engine.events import EventWriter
from controller.engine.history import History
from controller.engine.inbox import Inbox, key_of, seniority
from controller.engine.memory import SetMemory
from controller.engine.probed import Beside, Probed
from controller.engine.reconcile import Outcome, Parts, Reconciler
from controller.engine.scaling import Scaling
from controller.engine.shared import SharedNames
from controller.settings import EngineSettings

_T = TypeVar("_T")
_LOG = logging.getLogger(__name__)
RECONNECT_SECONDS = 1.0
FIRST_RETRY_SECONDS = 0.1
LONGEST_RETRY_SECONDS = 30.0
STORAGE_RETRY_SECONDS = 1.0
CLAIMS = "contested"


class Engine:
    """Converges what runs with what is declared. Call `start` once, then `step` whenever it is due."""

    def __init__(
        self,
        store: ports.Store,
        runtime: ports.Runtime,
        clock: ports.Clock,
        ids: ports.Ids,
        settings: EngineSettings,
        beside: Beside,
    ) -> None:
        self.on_work: Callable[[], None] = _nothing
        self.clock = clock
        self._store, self._runtime, self._settings = store, runtime, settings
        self.queue: WorkQueue[kinds.Key] = WorkQueue()
        self._claims, self._dependencies = ClaimIndex(), Dependencies(runtime)
        self.history = History(store, settings.revisions_kept)
        self._scaling = Scaling(store, beside, clock, settings.cpu_saturated)
        around = Around(self._claims, self._dependencies, self.history, self._scaling)
        self._desires = Desires(store, runtime, around, settings)
        self._events = EventWriter(store, settings)
        self._keeper, self._shared = EnsureKeeper(store), SharedNames(beside.shared)
        self._probed = Probed(beside.probes)
        others = (self._events, self.history, self._keeper, self._shared, self._probed, self._scaling)
        parts = Parts(self._desires, self._claims, self._dependencies, *others)
        self._reconciler = Reconciler(store, runtime, ids, parts)
        self._answers = holding.Answers(clock, runtime.processes)
        indexes = (self._claims, self._dependencies)
        self._inbox = Inbox(self.queue, self._reconciler, indexes, self._woken, self._answers.heard)
        self._was_connected = True
        self._storage = storage.Trouble()
        self._listeners: list[Callable[[Sequence[Outcome]], None]] = []

    def start(self) -> None:
        """Read what there is and queue all of it; adopts every process that runs."""
        self._events.load()
        self.history.load()
        self._keeper.begin(self._settings.boot_id)
        sets, _ = self._store.list(kinds.WORKERSETS)
        self._shared.begin(sets)
        stored = self._store.setting(CLAIMS)
        for key in self._claims.restore(stored if isinstance(stored, list) else ()):
            self.queue.add(key)
        for obj in sorted(sets, key=seniority):
            self._inbox.index(key_of(obj), obj)
            self._inbox.stale.add(obj["metadata"]["namespace"])
        self._store.subscribe(self._inbox.store_changed)
        self._runtime.on_change = self._inbox.runtime_changed
        self._probed.tell(self._inbox.runtime_changed)
        self._scaling.start(self._inbox.look)
        self._was_connected = self._runtime.connected()
        self._add_all()

    def step(self) -> float | None:
        """Reconcile what is due, for about `batch_seconds`; returns when to be called again (monotonic)."""
        self._notice_connection()
        now = worker.Moment(self.clock.monotonic(), self.clock.wall())
        self._keeper.settle_stale(self._inbox.stale, now.wall, self._shared.look_again)
        asked = self._keeper.ask(self._dependencies.asked, now.wall)
        for key in (*self._answers.ripe(now.monotonic), *asked):
            self.queue.add(key)
        outcomes, endings = self._plan_batch(now)
        if outcomes or endings:
            verbs = [verb for one in outcomes for verb in holding.early(one)]
            self._runtime.submit(verbs)
            self._answers.asked(verbs, now.monotonic)
            due = [one for one in outcomes if not self._held(one, now)]
            if due or endings:
                self._commit(due, endings, now)
            for listener in tuple(self._listeners):
                listener(outcomes)
        return self._next_wake()

    def refresh(self, keys: Iterable[kinds.Key]) -> None:
        """Look at these sets again, their env files included (an apply that changed nothing calls this)."""
        for key in keys:
            mind = self._reconciler.known(key)
            if mind is not None:
                mind.env_stale = True
            self.queue.add(key)
        self.on_work()

    def halt(self, grace_seconds: float | None) -> None:
        """Stop everything; a second call with less grace hurries the first."""
        self._desires.halt = Halt.sooner(self._desires.halt, grace_seconds)
        self._add_all()
        self.on_work()

    def memory(self, key: kinds.Key) -> SetMemory | None:
        """What is remembered of a set, to look at only; `caution` is set by others."""
        return self._reconciler.known(key)

    def listen(self, listener: Callable[[Sequence[Outcome]], None]) -> Callable[[], None]:
        """Call `listener` with what each step that did something decided; returns how to end that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def tell(self, owner: kinds.Object, told: Sequence[notes.Note]) -> None:
        """Write Events about the project as a whole; on a full disk they are lost."""
        try:
            with self._store.transaction():
                self._events.write(owner, told, self.clock.wall())
        except errors.StorageFull as full:
            _LOG.warning("events are lost: %s", full.message)

    def conditions(self) -> tuple[Condition, ...]:
        """What is wrong with the project as a whole."""
        return health.conditions(connected=self._runtime.connected(), storage_problem=self._storage.problem)

    def _add_all(self) -> None:
        sets, _ = self._store.list(kinds.WORKERSETS)
        spaces, _ = self._store.list(kinds.NAMESPACES)
        for key in (*map(key_of, sets), *self._runtime.keys()):
            self.queue.add(key)
        for space in spaces:
            if "deletionTimestamp" in space["metadata"]:
                self.queue.add(kinds.Key("", space["metadata"]["name"]))

    def _plan_batch(self, now: worker.Moment) -> tuple[list[Outcome], list[kinds.Key]]:
        until = now.monotonic + self._settings.batch_seconds
        outcomes: list[Outcome] = []
        endings: list[kinds.Key] = []
        ended = now.monotonic
        while (key := self.queue.take(now.monotonic)) is not None:
            if not key.namespace:
                endings.append(key)
            else:
                try:
                    outcomes.append(self._reconciler.plan(key, now))
                except Exception:  # noqa: BLE001 - a bug in one key must not stop the others
                    self._failed(key)
            begun, ended = ended, self.clock.monotonic()
            if (mind := self._reconciler.known(key)) is not None:
                mind.plan_seconds = ended - begun
            if ended >= until:
                break
        return outcomes, endings

    def _held(self, outcome: Outcome, now: worker.Moment) -> bool:
        """Leave the writing to the next pass, which the answer or else a moment's time brings."""
        mind = self._reconciler.known(outcome.key)
        if not holding.may_wait(outcome, mind):
            return False
        self._reconciler.hold(outcome)
        again = now.monotonic + self._settings.hold_seconds
        wake_at = outcome.decided.wake_at
        self.queue.set_at(outcome.key, again if wake_at is None else min(again, wake_at))
        self.queue.done(outcome.key)
        return True

    def _commit(self, outcomes: Sequence[Outcome], endings: Sequence[kinds.Key], now: worker.Moment) -> None:
        """Write the batch, then send the verbs that had to wait for that."""
        written: list[Outcome] = []
        keys = [*(one.key for one in outcomes), *endings]
        self._inbox.muted = True
        try:
            with self._store.transaction():
                written += [
                    one for one in outcomes if self._guarded(one.key, self._reconciler.write, one, now)
                ]
                if self._claims.changed:
                    self._store.put_setting(CLAIMS, self._claims.contested())
                for key in endings:
                    self._guarded(key, self._end_namespace, key, now)
        except errors.StatusError as full:
            self._storage_full(full, outcomes, keys)
            for one in outcomes:
                self._guarded(one.key, self._reconciler.project, one, now)
        else:
            self._storage.made_up_for(keys)
            self._claims.changed = False
            self._settle(written)
        finally:
            self._inbox.muted = False
            for key in keys:
                self.queue.done(key)

    def _guarded(
        self, key: kinds.Key, write: Callable[[_T, worker.Moment], None], what: _T, now: worker.Moment
    ) -> bool:
        """One key's writes, all or none: if they fail, the other keys' still count."""
        try:
            with self._store.transaction():
                write(what, now)
        except errors.StorageFull:
            raise
        except errors.Conflict:
            self.queue.add(key)
        except Exception:  # noqa: BLE001 - a bug in one key must not stop the others
            self._failed(key)
        else:
            return True
        return False

    def _settle(self, written: Sequence[Outcome]) -> None:
        verbs: list[runs.Verb] = []
        for outcome in written:
            for key in self._reconciler.remember(outcome):
                self.queue.add(key)
            verbs += holding.late(outcome)
            mind = self._reconciler.known(outcome.key)
            self.queue.set_at(outcome.key, holding.rested(outcome, mind, self.clock.monotonic()))
            over = outcome.obj is None or "deletionTimestamp" in outcome.obj["metadata"]
            if over and any(isinstance(verb, runs.Acknowledge) for verb in outcome.decided.verbs):
                self.queue.add(outcome.key)
        self._runtime.submit(verbs)

    def _storage_full(
        self, full: errors.StatusError, outcomes: Sequence[Outcome], keys: Sequence[kinds.Key]
    ) -> None:
        """Nothing was written. Workers are still started and stopped; no exit is forgotten meanwhile, since
        none is acknowledged and each pass counts those that are listed."""
        self._storage.full(full.message, keys)
        again = self.clock.monotonic() + STORAGE_RETRY_SECONDS
        for key in keys:
            self.queue.set_at(key, again)
        for outcome in outcomes:
            if outcome.decided.wake_at is not None and outcome.decided.wake_at > self.clock.monotonic():
                self.queue.add_at(outcome.key, outcome.decided.wake_at)

    def _end_namespace(self, key: kinds.Key, now: worker.Moment) -> None:
        ending = namespaces.reconcile(self._store, key.name, now)
        if ending.gone:
            self._events.forget(key.name)
        for one in ending.look_at:
            self.queue.add(one)

    def _failed(self, key: kinds.Key) -> None:
        _LOG.exception("a pass failed and is tried again", extra={"key": str(key)})
        attempts = 0
        if key.namespace:
            mind = self._reconciler.known(key)
            if mind is not None:
                attempts = mind.attempts
                mind.attempts += 1
        wait = min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2.0 ** min(attempts, 20))
        self.queue.done(key)
        self.queue.add_at(key, self.clock.monotonic() + wait)

    def _notice_connection(self) -> None:
        connected = self._runtime.connected()
        if connected != self._was_connected:
            self._was_connected = connected
            self._add_all()

    def _next_wake(self) -> float | None:
        now = self.clock.monotonic()
        times = [self.queue.next_due(now), self._answers.due(now)]
        if not self._runtime.connected():
            times.append(now + RECONNECT_SECONDS)
        return min((at for at in times if at is not None), default=None)

    def _woken(self) -> None:
        self.on_work()


def _nothing() -> None:
    pass
