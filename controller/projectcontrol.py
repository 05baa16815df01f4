"""What the API asks of the controller as a whole (`ports.Control`): a fact sheet, previews, the end of all.

Values in, values out; the parts it asks are handed in by the composition root.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from controller import __version__, ports, settings
from controller.core import kinds, notes, parse, spec, stamps
from controller.core.conditions import Condition
from controller.engine import control, engine
from controller.runtime import environment, machine

NO_GUARDIAN = (
    "the guardian was killed: workers run on, but nothing restarts this controller or ends what a dead shim "
    "would leave; to have one again: workerctl down, then workerctl up -d"
)
SHOWN_VARIABLES = ("PATH", "VIRTUAL_ENV")
"""Of the base environment: what `apply` compares the caller's with (S8.1)."""

_EVENTS = {
    "GuardianAlive": "GuardianLost",
    "LogsWritable": "LogTrouble",
    "RuntimeConnected": "RuntimeAway",
}
"""Condition that became false → reason of the Event that tells it."""


class Tree(ports.Runtime, Protocol):
    """A runtime that also knows about the processes that hold it up."""

    guardian_alive: bool
    log_trouble: str

    @property
    def commands(self) -> ports.Commands: ...

    def environment(
        self, template: spec.Template, identity: environment.Identity, env_file_values: Mapping[str, str]
    ) -> Sequence[Mapping[str, str]]: ...

    def usage(self, workers: Iterable[ports.WorkerRef]) -> Sequence[ports.Usage]: ...

    def in_flight(self, workers: Iterable[ports.WorkerRef]) -> Mapping[ports.WorkerRef, int]: ...


@dataclass(frozen=True, slots=True)
class About:
    """What does not change while a controller lives."""

    paths: settings.ProjectPaths
    pids: Mapping[str, int]
    started_wall: float
    foreground: bool
    base_env: Mapping[str, str]


class ProjectControl:
    """`ended` is set once a shutdown is through; `purge` says whether the state goes too. `on_shutdown` is
    called when one begins; `more_conditions` are those of parts that it does not know."""

    def __init__(
        self, about: About, engine_: engine.Engine, store: ports.Store, runtime: Tree, clock: ports.Clock
    ) -> None:
        self._about, self._engine, self._store, self._runtime = about, engine_, store, runtime
        self._control = control.EngineControl(engine_, store, runtime, clock)
        self._known: tuple[Condition, ...] = ()
        self.ended = asyncio.Event()
        self.purge = False
        self.on_shutdown: Callable[[], None] = _nothing
        self.more_conditions: Callable[[], tuple[Condition, ...]] = tuple

    def project(self) -> Mapping[str, object]:
        about = self._about
        return {
            "root": about.paths.root,
            "runDir": about.paths.run,
            "pids": dict(about.pids),
            "version": __version__,
            "startedAt": stamps.rfc3339(about.started_wall),
            "foreground": about.foreground,
            "environment": {name: about.base_env.get(name, "") for name in SHOWN_VARIABLES},
            "conditions": [_shown(one) for one in self.conditions()],
        }

    def conditions(self) -> tuple[Condition, ...]:
        """What is wrong with the project as a whole."""
        return (
            *self._engine.conditions(),
            *conditions_of(self._runtime.guardian_alive, self._runtime.log_trouble),
            *self.more_conditions(),
        )

    def noticed(self, fact: str) -> tuple[notes.Note, ...]:
        """Something about the tree itself changed: what became wrong is told once, as an Event too.

        A runtime that is away counts once it is `lost`: it is away whenever one of the two begins.
        """
        current = conditions_of(self._runtime.guardian_alive, self._runtime.log_trouble)
        if fact == "lost":
            current += tuple(one for one in self._engine.conditions() if one.type == "RuntimeConnected")
        before, self._known = self._known, current
        told = turned_bad(before, self._known)
        if told:
            self._engine.tell(notes.project(self._about.paths.root), told)
        return told

    def preview(self, objects: Sequence[ports.Preview]) -> Sequence[Sequence[ports.WorkerAction]]:
        return self._control.preview(objects)

    def refresh(self, keys: Iterable[kinds.Key]) -> None:
        self._engine.refresh(keys)

    def rollback(self, key: kinds.Key, revision: int | None) -> kinds.Object:
        return self._control.rollback(key, revision)

    def in_flight(self, workers: Iterable[ports.WorkerRef]) -> Mapping[ports.WorkerRef, int]:
        return self._runtime.in_flight(workers)

    def queue_depth(self) -> int:
        return len(self._engine.queue)

    def usage(self, workers: Iterable[ports.WorkerRef]) -> Sequence[ports.Usage]:
        return self._runtime.usage(workers)

    def machine(self) -> ports.Machine:
        return machine.read()

    async def open_session(self, worker: ports.WorkerRef, asked: ports.Interactive) -> ports.Session:
        for process in self._runtime.processes(kinds.Key(worker.namespace, worker.workerset)):
            if process.ref == worker and process.pid and process.exit is None:
                if asked.argv:
                    return await self._runtime.commands.open(process.run, asked)
                return await self._runtime.commands.attach(process.run, f"/proc/{process.pid}/fd/0", asked)
        raise LookupError(f"it does not run: {worker.worker}")

    def environment(self, key: kinds.Key) -> Sequence[Mapping[str, object]]:
        wanted = parse.parse_workerset(self._store.get(kinds.WORKERSETS, key))
        who = environment.Identity(wanted.name or key.name, wanted.scope, wanted.kind.value == "background")
        values = self._runtime.env_file_values(wanted.template)
        return list(self._runtime.environment(wanted.template, who, values))

    def shutdown(self, grace_seconds: float | None, *, purge: bool) -> AsyncIterator[Mapping[str, object]]:
        self.purge = self.purge or purge
        self.on_shutdown()
        return self._ending(self._control.shutdown(grace_seconds))

    async def _ending(
        self, progress: AsyncIterator[Mapping[str, object]]
    ) -> AsyncIterator[Mapping[str, object]]:
        async for item in progress:
            yield item
            if item.get("done"):
                self.ended.set()


def conditions_of(guardian_alive: bool, log_trouble: str) -> tuple[Condition, ...]:
    """The conditions that the process tree itself has."""
    return (
        Condition(
            "GuardianAlive",
            guardian_alive,
            "Alive" if guardian_alive else "Gone",
            "" if guardian_alive else NO_GUARDIAN,
        ),
        Condition("LogsWritable", not log_trouble, "LogTrouble" if log_trouble else "Writable", log_trouble),
    )


def turned_bad(before: Sequence[Condition], after: Sequence[Condition]) -> tuple[notes.Note, ...]:
    """A note for each condition that is false now and was not, or not for this reason."""
    bad = {(one.type, one.message) for one in before if not one.status}
    return tuple(
        notes.Note(_EVENTS[one.type], one.message, warning=True)
        for one in after
        if not one.status and (one.type, one.message) not in bad
    )


def _shown(one: Condition) -> dict[str, str]:
    return {
        "type": one.type,
        "status": "True" if one.status else "False",
        "reason": one.reason,
        "message": one.message,
    }


def _nothing() -> None:
    pass
