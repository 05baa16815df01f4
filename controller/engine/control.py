"""The engine's half of `ports.Control`: what a write would do, ending everything, going back a revision."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

from controller import ports
from controller.core import (
    admission,
    door,
    kinds,
    parse,
    records,
    revisions,
    rolling,
    runs,
    spec,
    stamps,
    steps,
    stopping,
    template,
)
from controller.engine import envkeys
from controller.engine.engine import Engine
from controller.engine.reconcile import Outcome

ROLLBACK_MANAGER = "workerctl-rollback"
CALM_SECONDS = 0.1
PROGRESS_SECONDS = 1.0


class EngineControl:
    """Answers at once, except for `shutdown`."""

    def __init__(
        self, engine: Engine, store: ports.Store, runtime: ports.Runtime, clock: ports.Clock
    ) -> None:
        self._engine, self._store, self._runtime, self._clock = engine, store, runtime, clock

    def preview(self, objects: Sequence[ports.Preview]) -> Sequence[Sequence[ports.WorkerAction]]:
        """What each of these writes would do to workers; nothing is done."""
        return [self._preview_one(before, after) for before, after in objects]

    def rollback(self, key: kinds.Key, revision: int | None) -> kinds.Object:
        """The set with the template of a revision (None = the one before), written. Raises NotFound."""
        live = self._store.get(kinds.WORKERSETS, key)
        found = revisions.find(self._engine.history.of(live), revision, key.name)
        options = door.WriteOptions(
            ROLLBACK_MANAGER,
            now=stamps.rfc3339(self._clock.wall()),
            ensured=self._store.ensures(key.namespace, key.name),
        )
        outcome = admission.admit_update(
            kinds.WORKERSETS, live, revisions.rolled_back(live, found), options, None
        )
        if not outcome.changed:
            return live
        with self._store.transaction(durable=True):
            return self._store.update(kinds.WORKERSETS, outcome.object)

    def shutdown(self, grace_seconds: float | None) -> AsyncIterator[Mapping[str, object]]:
        """Stop everything, begun by this call; yields progress when something changes, ten times a second at
        most, and each second."""
        self._engine.halt(grace_seconds)
        return _Drain(self._engine, self._runtime).progress()

    def _preview_one(
        self, before: kinds.Object | None, after: kinds.Object | None
    ) -> Sequence[ports.WorkerAction]:
        shown = after or before
        if shown is None:
            return ()
        meta = shown["metadata"]
        key = kinds.Key(meta["namespace"], meta["name"])
        live = {
            process.ref.worker: process
            for process in self._runtime.processes(key)
            if process.exit is None and process.handle_closed_at is None
        }
        rules = None if after is None else parse.parse_workerset(after)
        wanted = () if rules is None else steps.places(key.name, rules)
        new_hash, env_problem = self._hash(after)
        if rules is not None and rules.kind is spec.SetKind.HTTP:
            wanted = rolling.expected(wanted, key.name, live, new_hash or "")
        actions = []
        for place in wanted:
            process = live.pop(place.worker, None)
            actions.append(self._action(place.worker, process, (before, after), new_hash, env_problem))
        why = _why_stopped(after)
        actions += [ports.WorkerAction(name, "stop", why) for name in sorted(live, reverse=True)]
        return actions

    def _hash(self, obj: kinds.Object | None) -> tuple[str | None, str]:
        if obj is None:
            return None, ""
        wanted = parse.parse_workerset(obj).template
        try:
            values = self._runtime.env_file_values(wanted) if wanted.env_files else {}
        except ports.LaunchProblem as problem:
            return None, str(problem)
        return template.hash_of(obj, values), ""

    def _action(
        self,
        worker: str,
        process: runs.Process | None,
        change: ports.Preview,
        new_hash: str | None,
        env_problem: str,
    ) -> ports.WorkerAction:
        before, after = change
        if process is None:
            resting = self._resting(before, after, worker, new_hash)
            if resting:
                return ports.WorkerAction(worker, "keep", resting)
            return ports.WorkerAction(worker, "start", env_problem or "wanted")
        if new_hash is None or process.template_hash == new_hash:
            return ports.WorkerAction(worker, "keep", env_problem)
        changed = () if before is None or after is None else template.changes(before, after)
        if changed:
            return ports.WorkerAction(worker, "restart", f"template changed: {', '.join(changed)}")
        if template.declared_part(process.template_hash) != template.declared_part(new_hash):
            return ports.WorkerAction(worker, "restart", "it still runs an older template")
        if before is not None and after is not None and _restarted_at(before) != _restarted_at(after):
            return ports.WorkerAction(worker, "restart", "a restart was asked for")
        return ports.WorkerAction(worker, "restart", self._env_reason(after))

    def _resting(
        self, before: kinds.Object | None, after: kinds.Object | None, worker: str, new_hash: str | None
    ) -> str:
        """Why a worker without a process is left alone. What is done stays done while its template is the
        same; what is given up or in backoff is only started at once if the spec changes (S4.5)."""
        if before is None or after is None:
            return ""
        meta = before["metadata"]
        mind = self._engine.memory(kinds.Key(meta["namespace"], meta["name"]))
        record = None if mind is None else mind.records.get(worker)
        if record is None or record.template_hash != new_hash:
            return ""
        if record.phase is records.Phase.COMPLETED:
            return "completed"
        if before["spec"] != after["spec"]:
            return ""
        return "given up" if record.phase is records.Phase.FAILED else "in backoff"

    def _env_reason(self, after: kinds.Object | None) -> str:
        """Names the keys that differ, never their values (S4.12)."""
        if after is None:
            return "an env file changed"
        meta = after["metadata"]
        mind = self._engine.memory(kinds.Key(meta["namespace"], meta["name"]))
        old = {} if mind is None else mind.env_file_values
        keys = envkeys.differing(self._runtime, parse.parse_workerset(after).template, old)
        return f"env file changed: {', '.join(keys)}" if keys else "restart asked for, or an env file changed"


def _restarted_at(obj: kinds.Object) -> str:
    return str((obj["metadata"].get("annotations") or {}).get(kinds.ANNOTATION_RESTARTED_AT, ""))


def _why_stopped(after: kinds.Object | None) -> str:
    if after is None:
        return "deleted"
    if after["spec"].get("suspend"):
        return "suspended"
    return "no longer wanted"


class _Drain:
    """Follows the end of all processes; what was decided is counted, who is left is looked up."""

    def __init__(self, engine: Engine, runtime: ports.Runtime) -> None:
        self._engine, self._runtime = engine, runtime
        self._begun = engine.clock.monotonic()
        self._seen = {process.run for _, process in self._living()}
        self._killed = {process.run for _, process in self._living() if process.killed_at is not None}
        self._changed, self._ended = asyncio.Event(), asyncio.Event()
        self._forget = engine.listen(self._look)
        if not runtime.keys():
            self._ended.set()

    def _look(self, outcomes: Sequence[Outcome]) -> None:
        """After each step of the engine, so that nothing that happens between two items is missed."""
        for outcome in outcomes:
            for verb in outcome.decided.verbs:
                if isinstance(verb, runs.CloseHandle | runs.Kill):
                    self._seen.add(verb.run)
                if isinstance(verb, runs.Kill):
                    self._killed.add(verb.run)
        self._changed.set()
        if next(self._living(), None) is None:
            self._ended.set()

    async def progress(self) -> AsyncIterator[Mapping[str, object]]:
        """Ends with `done` once nothing of any set lives."""
        try:
            while not self._ended.is_set():
                remaining = [self._entry(key, process) for key, process in self._living()]
                if remaining:
                    yield {"remaining": remaining, **self._counts(len(remaining))}
                await self._wait()
        finally:
            self._forget()
        seconds = round(self._engine.clock.monotonic() - self._begun, 3)
        left = [{"pid": one.pid, "command": one.command} for one in self._runtime.unattributed]
        yield {"done": True, **self._counts(0), "survivors": left, "seconds": seconds}

    def _counts(self, remaining: int) -> dict[str, int]:
        return {"stopped": len(self._seen) - remaining, "killed": len(self._killed)}

    def _living(self) -> Iterator[tuple[kinds.Key, runs.Process]]:
        for key in self._runtime.keys():  # noqa: SIM118 - a port, not a dict
            for process in self._runtime.processes(key):
                if process.exit is None or process.survivors:
                    yield key, process

    def _entry(self, key: kinds.Key, process: runs.Process) -> Mapping[str, object]:
        mind = self._engine.memory(key)
        left = 0.0
        if mind is not None and mind.facts is not None:
            begun = stopping.grace_begins(process, mind.facts, self._begun)
            left = max(0.0, begun + mind.facts.stop_grace_seconds - self._engine.clock.monotonic())
        return {
            "namespace": key.namespace,
            "workerset": key.name,
            "worker": process.ref.worker,
            "pid": process.pid,
            "secondsLeft": round(left, 1),
        }

    async def _wait(self) -> None:
        """For news, but only so often; for the end at once."""
        for event, seconds in ((self._ended, CALM_SECONDS), (self._changed, PROGRESS_SECONDS)):
            if not self._ended.is_set():
                await _until(event, seconds)
        self._changed.clear()


async def _until(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
