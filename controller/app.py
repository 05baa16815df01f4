"""The composition root: builds the parts of a controller, starts them in order, stops them in reverse.

The only place where adapters meet. Policy is in `core`, effects in the adapters; nothing here decides.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import json
import logging
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from controller import clock, gateway, ids, logkeeping, ports, projectcontrol, settings
from controller.api import application, server, services
from controller.api.workers import serving
from controller.client import errors as client_errors
from controller.client import project
from controller.core import conditions, errors, notes, tallies
from controller.engine import engine, loop, metering, probed, reserving, watching
from controller.files import follow
from controller.manifest import reader, schema
from controller.probes import prober
from controller.runtime import environment, local, logs, upkeep
from controller.sdk.workerset import contract
from controller.shim import accounts
from controller.store import store
from controller.vars import shared

TOKEN_SECRET = "worker-token-secret"  # noqa: S105 - a setting's name
VARS_MARK = "vars-mark"
GARBAGE_THRESHOLD = 50_000
ENDED_FOR_GOOD = 0
TO_BE_RESTARTED = 1
_FIRST_LOOK_SECONDS = 2.0
_LOG = logging.getLogger(__name__)

WatchSignals = Callable[[Callable[[], None], Callable[[], None]], None]
"""Given what to call to end and what to call to drain, from inside the running loop."""


def main(
    paths: settings.ProjectPaths,
    *,
    foreground: bool,
    refresh_env: bool,
    max_processes: int | None,
    environ: Mapping[str, str],
    watch_signals: WatchSignals,
) -> int:
    """Run a project's controller until told to end. Exit code 0 = ended for good, 1 = to be started again."""
    os.makedirs(paths.state, mode=0o700, exist_ok=True)
    gc.freeze()  # what was imported stays; the store's objects hold no cycles and are many
    gc.set_threshold(GARBAGE_THRESHOLD, 20, 50)
    kept = store.Store.open(paths.database, clock.SystemClock())
    try:
        for note in kept.notes:
            _LOG.warning(note)
        base = base_environment(kept, environ, refresh=refresh_env)
        guardian = int(environ.get(contract.GUARDIAN_PID) or os.getppid())
        say, limits = functools.partial(_say, environ), reserving.limits(kept, max_processes, environ)
        birth = Birth(paths, base, guardian, say, foreground=foreground, limits=limits)
        return asyncio.run(Controller(kept, birth).run(watch_signals))
    finally:
        kept.close()


@dataclass(frozen=True, slots=True)
class Birth:
    """Where and by whom a controller was started. `say` gets its one word: `ready`, or `failed` and why."""

    paths: settings.ProjectPaths
    base_env: Mapping[str, str]
    guardian: int
    say: Callable[[Mapping[str, object]], None]
    foreground: bool = True
    serves_api: bool = True
    limits: settings.Limits = settings.NO_LIMITS


class Controller:
    """One project's controller: its parts, and their order. It owns nothing of the process it is in."""

    def __init__(self, kept: store.Store, birth: Birth) -> None:
        paths, base_env = birth.paths, birth.base_env
        self._paths, self._store, self._birth = paths, kept, birth
        self._clock, self._ids = clock.SystemClock(), ids.SystemIds()
        knobs = _engine_settings(birth.limits)
        self._budget = reserving.follow(kept, birth.limits.max_processes)
        self._secret = _secret(kept, self._ids)
        self._shared = _shared_vars(paths, knobs.boot_id, kept, self._clock)
        self._runtime = local.LocalRuntime(paths, base_env, self._clock, self._contacts())
        self._prober = prober.Prober(paths, self._clock, self._runtime.commands)
        beside = probed.Beside(self._shared, self._prober, self._runtime.traffic, self._budget)
        self._engine = engine.Engine(kept, self._runtime, self._clock, self._ids, knobs, beside)
        self._tally = tallies.Tally()
        metering.Meter(self._engine, self._tally)
        pids = {"controller": os.getpid(), "guardian": birth.guardian}
        about = projectcontrol.About(paths, pids, self._clock.wall(), birth.foreground, base_env)
        self._control = projectcontrol.ProjectControl(about, self._engine, kept, self._runtime, self._clock)
        self._files = follow.LocalFiles(self._clock)
        self._sources = watching.SourceWatch(self._engine, kept, self._runtime, self._files, paths.root)
        self._gateway = gateway.Gateway(paths, kept, self._clock, self._tell)
        self._control.more_conditions = self._more_conditions
        self._logs = logkeeping.LogKeeper(paths.logs, kept, self._clock)
        self._stop, self._drain, self._looked = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.services, self._api, self._workers = self._endpoints()
        self._control.on_shutdown = self._workers.desk.close

    def _more_conditions(self) -> tuple[conditions.Condition, ...]:
        return (*self._gateway.conditions(), reserving.condition(self._budget))

    async def run(self, watch_signals: WatchSignals) -> int:
        watch_signals(self._stop.set, self._drain.set)
        self._runtime.on_fact = self._note
        try:
            await self._runtime.connect()
        except ConnectionError as error:
            return self._failed(error)
        self._engine.start()
        problems: list[Exception] = []
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(loop.run(self._engine, self._stop, self._looked), name="engine")
                tasks.create_task(self._workers.serve(self._stop), name="workers")
                tasks.create_task(self._serve(), name="api")
                waiting = (
                    tasks.create_task(self._drain_when_asked(), name="drain"),
                    tasks.create_task(self._repair_losses(), name="upkeep"),
                    tasks.create_task(self._gateway.run(self._looked, reopen=self._birth.serves_api)),
                    tasks.create_task(self._stop_when_ended(), name="end"),
                    tasks.create_task(self._stop_when_alone(), name="alone"),
                    tasks.create_task(self._sources.run(), name="files"),
                )
                await self._stop.wait()
                for task in waiting:
                    task.cancel()
        except* server.SocketProblem as group:
            problems += group.exceptions
        finally:
            if self._control.ended.is_set():
                self._runtime.end()
            self._logs.close()
            await self._prober.close()
            await self._runtime.close()
        if problems:
            return self._failed(problems[0])
        if self._control.purge:
            shutil.rmtree(self._paths.state, ignore_errors=True)
        return ENDED_FOR_GOOD if self._control.ended.is_set() else TO_BE_RESTARTED

    def _failed(self, why: Exception) -> int:
        _LOG.error("%s", why)
        self._birth.say({"failed": str(why)})
        return TO_BE_RESTARTED

    def _contacts(self) -> environment.Contacts:
        def slot(namespace: str, scope: str, name: str, user: str | None) -> str:
            return self._shared.slot_of(ports.VarsName(namespace, scope, name), accounts.number(user))

        return environment.Contacts(self._paths.worker_socket, self._secret, slot)

    def _endpoints(self) -> tuple[services.Services, server.Endpoint, serving.Endpoint]:
        """The API for people, and the narrow socket for workers; and what both are made of."""
        parts = application.Parts(
            store=self._store,
            schema=schema.WorkerSetSchema(),
            logs=logs.LogReader(self._paths.logs),
            files=self._files,
            control=self._control,
            clock=self._clock,
            ids=self._ids,
            shared=self._shared,
            secret=self._secret,
            gateway=self._gateway,
            load_yaml=reader.read_object,
            tally=self._tally,
            budget=self._budget,
        )
        app = self._gateway.app = application.build(parts)
        api = server.Endpoint(app, self._paths.api_socket)
        doors = {self._paths.worker_socket: 0o600}
        if accounts.may_change():
            doors[self._paths.others_socket] = 0o666
        return app.state.services, api, serving.Endpoint(app.state.desk, doors)

    async def _serve(self) -> None:
        """Not before each set was looked at once: nobody shall read of workers that a dead shim had."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FIRST_LOOK_SECONDS):
                await self._looked.wait()
        if self._birth.serves_api:
            await self._api.serve(self._ready, self._stop)
        else:
            self._ready()

    def _ready(self) -> None:
        self._birth.say({"ready": os.getpid()})
        self._logs.begin(at_once=self._looked.is_set())

    async def _drain_when_asked(self) -> None:
        """The guardian asks once nobody holds the leash: each set stops by its own rules (S4.6)."""
        await self._drain.wait()
        async for _ in self._control.shutdown(None, purge=False):
            pass

    async def _stop_when_ended(self) -> None:
        await self._control.ended.wait()
        self._stop.set()

    async def _stop_when_alone(self) -> None:
        """Only a guardian starts shims: once both are gone this controller is in the way of a new start."""
        await upkeep.ended(self._birth.guardian)
        await self._runtime.away.wait()
        _LOG.error("guardian and shim are gone, nothing can be run: start anew with workerctl up -d")
        self._stop.set()

    async def _repair_losses(self) -> None:
        """A folder of ours was deleted: guardian and shim put back what is theirs."""
        try:
            async for folder in upkeep.losses(self._paths):
                _LOG.warning("lost, is put back: %s", folder)
                await self._put_back()
        except OSError as error:
            _LOG.warning("deleted folders will not be noticed: %s", error)

    async def _put_back(self) -> None:
        self._runtime.repair()
        try:
            project.make_folders(project.Project(self._paths.root, self._paths.state, self._paths.run))
            self._store.repair()
            await self._api.repair()
            await self._workers.repair()
            await self._gateway.repair()
        except (client_errors.ProjectError, errors.StatusError, server.SocketProblem) as error:
            _LOG.warning("not put back: %s", error)

    def _tell(self, reason: str, message: str) -> None:
        """Something about the TCP port, worth an Event and a line in the log."""
        _LOG.warning("%s: %s", reason, message)
        note = notes.Note(reason, message, warning=True)
        self._engine.tell(notes.project(self._paths.root), (note,))

    def _note(self, fact: str) -> None:
        """Something about the tree itself changed."""
        for one in self._control.noticed(fact):
            _LOG.warning("%s changed, %s: %s", fact, one.reason, one.message)


def _say(environ: Mapping[str, str], word: Mapping[str, object]) -> None:
    """The one line on the guardian's ready pipe."""
    descriptor = environ.get(contract.READY_FD)
    if descriptor is not None:
        with contextlib.suppress(OSError):  # said already, or nobody waits any more
            os.write(int(descriptor), json.dumps(word).encode() + b"\n")
            os.close(int(descriptor))


def _secret(kept: store.Store, chance: ids.SystemIds) -> str:
    """Signs the tokens of workers: made once a project, so that those of a running worker stay good."""
    known = kept.setting(TOKEN_SECRET)
    if isinstance(known, str) and known:
        return known
    made = chance.secret()
    kept.put_setting(TOKEN_SECRET, made)
    return made


def _shared_vars(
    paths: settings.ProjectPaths, boot_id: str, kept: store.Store, now: clock.SystemClock
) -> shared.SharedVars:
    """S6.5: the high-water mark of generations is kept."""

    def mark() -> int:
        known = kept.setting(VARS_MARK)
        return known if isinstance(known, int) else 0

    put = functools.partial(kept.put_setting, VARS_MARK)
    return shared.SharedVars(paths.vars, boot_id, now.wall, mark, put)


def base_environment(kept: store.Store, environ: Mapping[str, str], *, refresh: bool) -> Mapping[str, str]:
    """S8.1: captured when the project's controller is first started, reused by every later one."""
    known = kept.setting(settings.BASE_ENVIRONMENT)
    if isinstance(known, dict) and not refresh:
        return known
    captured = {name: value for name, value in environ.items() if name not in contract.PRIVATE}
    kept.put_setting(settings.BASE_ENVIRONMENT, captured)
    return captured


def _engine_settings(limits: settings.Limits) -> settings.EngineSettings:
    """Monotonic times of another boot mean nothing (S4.11): the boot's id tells them apart."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return settings.EngineSettings(boot_id=file.read().strip(), cpu_saturated=limits.cpu_saturated)
