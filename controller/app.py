"""The composition root: builds the parts of a controller, starts them in order, stops them in reverse.

The only place where adapters meet. Policy is in `core`, effects in the adapters; nothing here decides.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence

from controller import __version__, clock, ids, ports, settings
from controller.api import application, server
from controller.core import kinds, parse, stamps
from controller.core.conditions import Condition
from controller.engine import control, engine, loop
from controller.manifest import reader, schema
from controller.runtime import environment, local, logs, upkeep
from controller.sdk.workerset import contract
from controller.store import store

BASE_ENVIRONMENT = "base-environment"
ENDED_FOR_GOOD = 0
TO_BE_RESTARTED = 1
_NO_GUARDIAN = (
    "the guardian was killed: workers run on, but nothing restarts this controller or ends what a dead shim "
    "would leave; to have one again: workerctl down, then workerctl up -d"
)
_LOG = logging.getLogger(__name__)

WatchSignals = Callable[[Callable[[], None], Callable[[], None]], None]
"""Given what to call to end and what to call to drain, from inside the running loop."""


def main(
    paths: settings.ProjectPaths,
    *,
    foreground: bool,
    refresh_env: bool,
    environ: Mapping[str, str],
    watch_signals: WatchSignals,
) -> int:
    """Run a project's controller until told to end. Exit code 0 = ended for good, 1 = to be started again."""
    os.makedirs(paths.state, mode=0o700, exist_ok=True)
    kept = store.Store.open(paths.database, clock.SystemClock())
    try:
        for note in kept.notes:
            _LOG.warning(note)
        base = _base_environment(kept, environ, refresh=refresh_env)
        return asyncio.run(Controller(paths, kept, base, environ, foreground=foreground).run(watch_signals))
    finally:
        kept.close()


class Controller:
    """One project's controller: also what the API asks for the project as a whole (`ports.Control`)."""

    def __init__(
        self,
        paths: settings.ProjectPaths,
        kept: store.Store,
        base_env: Mapping[str, str],
        environ: Mapping[str, str],
        *,
        foreground: bool,
    ) -> None:
        self._paths, self._store, self._environ = paths, kept, environ
        self._foreground = foreground
        self._clock = clock.SystemClock()
        self._started_wall = self._clock.wall()
        self._runtime = local.LocalRuntime(paths, base_env, self._clock)
        self._ids = ids.SystemIds()
        self._engine = engine.Engine(kept, self._runtime, self._clock, self._ids, _engine_settings())
        self._control = control.EngineControl(self._engine, kept, self._runtime, self._clock)
        self._base_env = base_env
        self._stop, self._drain = asyncio.Event(), asyncio.Event()
        self._purge = False
        self._ended = False

    async def run(self, watch_signals: WatchSignals) -> int:
        watch_signals(self._stop.set, self._drain.set)
        self._runtime.on_fact = self._note
        try:
            await self._runtime.connect()
        except ConnectionError as error:
            self._say({"failed": str(error)})
            return TO_BE_RESTARTED
        self._engine.start()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(loop.run(self._engine, self._stop), name="engine")
                tasks.create_task(self._serve(), name="api")
                waiting = (
                    tasks.create_task(self._drain_when_asked(), name="drain"),
                    tasks.create_task(self._repair_losses(), name="upkeep"),
                )
                await self._stop.wait()
                for task in waiting:
                    task.cancel()
        finally:
            if self._ended:
                self._runtime.end()
            await self._runtime.close()
        if self._purge:
            shutil.rmtree(self._paths.state, ignore_errors=True)
        return ENDED_FOR_GOOD if self._ended else TO_BE_RESTARTED

    async def _serve(self) -> None:
        parts = application.Parts(
            store=self._store,
            schema=schema.WorkerSetSchema(),
            logs=logs.LogReader(self._paths.logs),
            control=self,
            clock=self._clock,
            ids=self._ids,
            load_yaml=_load_yaml,
        )
        app = application.build(parts)
        await server.serve(app, self._paths.api_socket, lambda: self._say({"ready": os.getpid()}), self._stop)

    async def _drain_when_asked(self) -> None:
        """The guardian asks once nobody holds the leash: each set stops by its own rules (S4.6)."""
        await self._drain.wait()
        async for _ in self.shutdown(None, purge=False):
            pass

    async def _repair_losses(self) -> None:
        """A folder of ours was deleted: guardian and shim put back what is theirs."""
        try:
            async for folder in upkeep.losses(self._paths):
                _LOG.warning("lost and put back: %s", folder)
                self._runtime.repair()
        except OSError as error:
            _LOG.warning("deleted folders will not be noticed: %s", error)

    def _note(self, fact: str) -> None:
        """Something about the tree itself changed; `conditions` says what is wrong now."""
        for one in self._conditions():
            if not one.status:
                _LOG.warning("%s changed, %s: %s", fact, one.type, one.message)

    def _conditions(self) -> tuple[Condition, ...]:
        """What is wrong with the project as a whole."""
        alive, trouble = self._runtime.guardian_alive, self._runtime.log_trouble
        return (
            *self._engine.conditions(),
            Condition("GuardianAlive", alive, "Alive" if alive else "Gone", "" if alive else _NO_GUARDIAN),
            Condition("LogsWritable", not trouble, "LogTrouble" if trouble else "Writable", trouble),
        )

    def _say(self, word: Mapping[str, object]) -> None:
        """The one line on the guardian's ready pipe."""
        descriptor = self._environ.get(contract.READY_FD)
        if descriptor is not None:
            try:
                os.write(int(descriptor), json.dumps(word).encode() + b"\n")
                os.close(int(descriptor))
            except OSError:
                pass  # said already, or nobody waits any more

    # ------------------------------------------------------------------ ports.Control

    def project(self) -> Mapping[str, object]:
        return {
            "root": self._paths.root,
            "runDir": self._paths.run,
            "pids": {"controller": os.getpid(), "guardian": os.getppid()},
            "version": __version__,
            "startedAt": stamps.rfc3339(self._started_wall),
            "foreground": self._foreground,
            "environment": {name: self._base_env.get(name, "") for name in ("PATH", "VIRTUAL_ENV")},
            "conditions": [
                {
                    "type": one.type,
                    "status": "True" if one.status else "False",
                    "reason": one.reason,
                    "message": one.message,
                }
                for one in self._conditions()
            ],
        }

    def preview(self, objects: Sequence[ports.Preview]) -> Sequence[Sequence[ports.WorkerAction]]:
        return self._control.preview(objects)

    def refresh(self, keys: Iterable[kinds.Key]) -> None:
        self._engine.refresh(keys)

    def rollback(self, key: kinds.Key, revision: int | None) -> kinds.Object:
        return self._control.rollback(key, revision)

    def usage(self, workers: Iterable[ports.WorkerRef]) -> Sequence[ports.Usage]:
        return self._runtime.usage(workers)

    def environment(self, key: kinds.Key) -> Sequence[Mapping[str, object]]:
        wanted = parse.parse_workerset(self._store.get(kinds.WORKERSETS, key))
        who = environment.Identity(wanted.name or key.name, wanted.scope, wanted.kind.value == "background")
        values = self._runtime.env_file_values(wanted.template)
        return list(self._runtime.environment(wanted.template, who, values))

    def shutdown(self, grace_seconds: float | None, *, purge: bool) -> AsyncIterator[Mapping[str, object]]:
        self._purge = self._purge or purge
        return self._ending(self._control.shutdown(grace_seconds))

    async def _ending(
        self, progress: AsyncIterator[Mapping[str, object]]
    ) -> AsyncIterator[Mapping[str, object]]:
        async for item in progress:
            yield item
            if item.get("done"):
                self._ended = True
                self._stop.set()


def _base_environment(kept: store.Store, environ: Mapping[str, str], *, refresh: bool) -> Mapping[str, str]:
    """S8.1: captured when the project's controller is first started, reused by every later one."""
    known = kept.setting(BASE_ENVIRONMENT)
    if isinstance(known, dict) and not refresh:
        return known
    captured = {name: value for name, value in environ.items() if name not in contract.PRIVATE}
    kept.put_setting(BASE_ENVIRONMENT, captured)
    return captured


def _load_yaml(body: bytes) -> kinds.Object:
    """One document as JSON values; ValueError says what is wrong with it."""
    read = reader.read_text(body.decode())
    if read.problems:
        raise ValueError(read.problems[0].message)
    if len(read.documents) != 1:
        raise ValueError(f"one document is expected here, not {len(read.documents)}")
    return read.documents[0].object


def _engine_settings() -> settings.EngineSettings:
    """Monotonic times of another boot mean nothing (S4.11): the boot's id tells them apart."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return settings.EngineSettings(boot_id=file.read().strip())
