"""What the API asks of the engine: what a write would do, the end of everything, an earlier template.

The engine's half of `ports.Control`. It decides nothing that `core` can decide.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from controller import ports
from controller.core import admission, kinds, parse, revisions, stamps, steps, template
from controller.engine.engine import Engine

ROLLBACK_MANAGER = "workerctl-rollback"


class EngineControl:
    """One engine's."""

    def __init__(
        self, engine: Engine, store: ports.Store, runtime: ports.Runtime, clock: ports.Clock
    ) -> None:
        self._engine = engine
        self._store = store
        self._runtime = runtime
        self._clock = clock

    # ------------------------------------------------------------------ a look ahead

    def preview(self, objects: Sequence[ports.Preview]) -> list[Sequence[ports.WorkerAction]]:
        """What each write would do to workers: keep, start, stop or restart, with the reason."""
        return [self._preview(before, after) for before, after in objects]

    def _preview(self, before: kinds.Object | None, after: kinds.Object | None) -> list[ports.WorkerAction]:
        known = after or before
        if known is None:
            return []
        meta = known["metadata"]
        running = self._running(kinds.Key(meta["namespace"], meta["name"]))
        wanted = {} if after is None else _places(meta["name"], after)
        reason = _restart_reason(before, after)
        actions = [
            ports.WorkerAction(name, "stop", "deleted" if after is None else "no longer wanted")
            for name in running
            if name not in wanted
        ]
        for name in wanted:
            if name not in running:
                actions.append(ports.WorkerAction(name, "start", "wanted"))
            else:
                actions.append(ports.WorkerAction(name, "restart" if reason else "keep", reason))
        return actions

    def _running(self, key: kinds.Key) -> list[str]:
        found = {one.ref.worker for one in self._runtime.processes(key) if one.exit is None}
        return sorted(found)

    # ------------------------------------------------------------------ an earlier template

    def rollback(self, key: kinds.Key, revision: int | None) -> kinds.Object:
        """The set with the template of a revision (None = the one before), written. Raises NotFound."""
        live = self._store.get(kinds.WORKERSETS, key)
        chosen = revisions.find(self._engine.history.of(live), revision, key.name)
        options = admission.WriteOptions(
            manager=ROLLBACK_MANAGER, now=stamps.rfc3339(self._clock.wall()), uid=live["metadata"]["uid"]
        )
        outcome = admission.admit_update(
            kinds.WORKERSETS, live, revisions.rolled_back(live, chosen), options, None
        )
        with self._store.transaction(durable=True):
            return self._store.update(kinds.WORKERSETS, outcome.object)

    # ------------------------------------------------------------------ the end

    def shutdown(self, grace_seconds: float | None) -> AsyncIterator[Mapping[str, object]]:
        """Stop everything, beginning now; yields progress, the last item has `done`."""
        began = self._clock.monotonic()
        started = len(self._live())
        changed = asyncio.Event()
        leave = self._engine.listen(changed.set)
        self._engine.halt(grace_seconds)
        return self._progress(began, started, changed, leave)

    async def _progress(
        self, began: float, started: int, changed: asyncio.Event, leave: Callable[[], None]
    ) -> AsyncIterator[Mapping[str, object]]:
        killed: set[str] = set()
        try:
            while True:
                changed.clear()
                live = self._live()
                killed |= {one.run for one in live if one.killed_at is not None}
                if not live:
                    break
                yield {
                    "remaining": [self._remaining(one) for one in live],
                    "stopped": max(0, started - len(live)),
                    "killed": len(killed),
                }
                await changed.wait()
        finally:
            leave()
        seconds = round(self._clock.monotonic() - began, 2)
        yield {
            "done": True,
            "stopped": started,
            "killed": len(killed),
            "survivors": [],
            "seconds": seconds,
        }

    def _live(self) -> list[ports.Process]:
        return [
            one
            for key in self._runtime.keys()  # noqa: SIM118 - a port, not a dict
            for one in self._runtime.processes(key)
            if one.exit is None or one.survivors
        ]

    def _remaining(self, one: ports.Process) -> dict[str, object]:
        memory = self._engine.memory(kinds.Key(one.ref.namespace, one.ref.workerset))
        left: float | None = None
        if memory is not None and memory.facts is not None and one.handle_closed_at is not None:
            grace = memory.facts.grace_seconds
            limit = memory.facts.spec.stop_grace_seconds if grace is None else grace
            left = round(max(0.0, one.handle_closed_at + limit - self._clock.monotonic()), 1)
        return {
            "namespace": one.ref.namespace,
            "workerset": one.ref.workerset,
            "worker": one.ref.worker,
            "pid": one.pid,
            "secondsLeft": left,
        }


def _places(name: str, obj: kinds.Object) -> dict[str, steps.Place]:
    return {place.worker: place for place in steps.places(name, parse.parse_workerset(obj))}


def _restart_reason(before: kinds.Object | None, after: kinds.Object | None) -> str:
    """Why workers that run would be replaced; empty if they would not."""
    if before is None or after is None:
        return ""
    changed = template.changes(before, after)
    if changed:
        return f"template changed: {', '.join(changed)}"
    old, new = (one["metadata"].get("annotations") or {} for one in (before, after))
    asked = old.get(kinds.ANNOTATION_RESTARTED_AT) != new.get(kinds.ANNOTATION_RESTARTED_AT)
    return "a restart was asked for" if asked else ""
