"""A runtime that plays a script for each run, in virtual time, as a shim would: levels, tickets, survivors.

It lives on when the controller is restarted (`detach`, then a new engine attaches), can be disconnected,
and refuses what a shim must never be asked: two live runs in one slot.
"""

from __future__ import annotations

import dataclasses
import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from controller import ports
from controller.core import kinds, spec
from controller.runtime import environment
from tests.fakes.clock import FakeClock
from tests.fakes.sockets import FakeSockets


@dataclass(frozen=True, slots=True)
class Script:
    """How one run behaves; times are seconds after its process exists. The default lives until stopped.

    `clients_leave_after` counts from the end of the handle, if it took that: then it waits for the signal.
    """

    start_delay: float = 0.0
    error: str = ""
    handle_after: float | None = None
    ready_after: float | None = None
    publish_after: float | None = None
    listens_after: float | None = None
    drained_after: float | None = None
    clients_leave_after: float | None = None
    blind: bool = False
    exit_after: float | None = None
    exit_code: int = 0
    exit_signal: int | None = None
    lines: tuple[str, ...] = ()
    stop_seconds: float = 0.0
    ignores_stop: bool = False
    survivors: int = 0
    survivors_stay: bool = False


Director = Callable[[ports.StartRun, int], Script]
"""Chooses the script of a run; the number counts the runs of that worker from 0."""


class ScriptedRuntime:
    """`ports.Runtime` in virtual time: `play()` makes everything happen that is due."""

    def __init__(self, clock: FakeClock, director: Director | None = None, *, strict: bool = True) -> None:
        self.on_change: Callable[[kinds.Key], None] = _ignore
        self.unattributed: tuple[ports.Survivor, ...] = ()
        self.guardian_alive = True
        self.log_trouble = ""
        self.director: Director = director or (lambda _start, _count: Script())
        self.env_files: dict[str, dict[str, str]] = {}
        self.started: list[str] = []
        self.start_times: list[float] = []
        self.verbs: list[ports.Verb] = []
        self._clock = clock
        self.bound = FakeSockets()
        self._connected = True
        self._strict = strict
        self._queued: dict[ports.WorkerRef, str] = {}
        self._runs: dict[kinds.Key, dict[str, ports.Process]] = {}
        self._starts: dict[str, ports.StartRun] = {}
        self._scripts: dict[str, Script] = {}
        self._counts: dict[ports.WorkerRef, int] = {}
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._sequence = 0
        self._next_pid = 100

    # ---- ports.Runtime

    def processes(self, key: kinds.Key) -> tuple[ports.Process, ...]:
        return tuple(self._runs.get(key, {}).values())

    def sockets(self, key: kinds.Key) -> tuple[ports.Socket, ...]:
        return self.bound.of(key)

    def keys(self) -> tuple[kinds.Key, ...]:
        found = [key for key, runs in self._runs.items() if runs]
        return tuple(dict.fromkeys([*found, *self.bound.keys()]))

    def connected(self) -> bool:
        return self._connected

    def submit(self, verbs: Sequence[ports.Verb]) -> None:
        for verb in verbs:
            self.verbs.append(verb)
            match verb:
                case ports.StartRun():
                    self._start(verb, by_ticket=False)
                case ports.PlaceTicket():
                    self._place_ticket(verb, verb.next_run, on_success=verb.on_success)
                case ports.WithdrawTicket():
                    self._place_ticket(verb, None, on_success=False)
                case ports.CloseHandle():
                    self._close(verb)
                case ports.Signal():
                    self._signal(verb)
                case ports.Kill():
                    self._kill(verb)
                case ports.Acknowledge():
                    self._acknowledge(verb)
                case ports.Look():
                    self._later(0.0, lambda run=verb.run: self._look(run))  # type: ignore[misc]
                case ports.OpenSockets() | ports.CloseSockets():
                    self._ask_sockets(verb)

    def env_file_values(self, template: spec.Template) -> Mapping[str, str]:
        values: dict[str, str] = {}
        for path in template.env_files:
            if path not in self.env_files:
                raise ports.LaunchProblem(f"env file not found: {path}")
            values |= self.env_files[path]
        return values

    # ---- what `projectcontrol.Tree` adds

    def environment(
        self, template: spec.Template, identity: environment.Identity, env_file_values: Mapping[str, str]
    ) -> Sequence[Mapping[str, str]]:
        values = {"WORKERSET_NAME": identity.worker_name, **template.env, **env_file_values}
        return [{"name": name, "value": value, "source": "scripted"} for name, value in values.items()]

    def usage(self, workers: Iterable[ports.WorkerRef]) -> Sequence[ports.Usage]:
        wanted = set(workers)
        return [ports.Usage(one.ref, one.pid, 0.0, 0) for one in self.live() if one.ref in wanted and one.pid]

    # ---- for tests

    def play(self) -> None:
        """Let everything happen that is due by now."""
        while self._agenda and self._agenda[0][0] <= self._clock.monotonic():
            heapq.heappop(self._agenda)[2]()

    def next_at(self) -> float | None:
        return self._agenda[0][0] if self._agenda else None

    def detach(self) -> None:
        """The controller is gone; what happens meanwhile is kept as levels."""
        self.on_change = _ignore

    def set_connected(self, connected: bool) -> None:
        """Lose or regain the connection; regaining it tells of every set."""
        self._connected = connected
        if connected:
            for key in self.keys():
                self.on_change(key)

    def live(self, key: kinds.Key | None = None) -> list[ports.Process]:
        """Runs that have not ended."""
        keys = self._runs if key is None else (key,)
        return [one for each in keys for one in self.processes(each) if one.exit is None]

    def crash(self, run: str, code: int = 1, signal: int | None = None) -> None:
        """The main process ends by itself now."""
        self._exit(run, None if signal is not None else code, signal)

    def forget_everything(self) -> None:
        """The shim died and the guardian killed all: no process, no record of an exit."""
        keys = self.keys()
        for table in (self._runs, self._starts, self._scripts):
            table.clear()  # type: ignore[attr-defined]
        self._agenda.clear()
        self.bound.clear()
        for key in keys:
            self.on_change(key)

    # ---- the life of a run

    def _start(self, start: ports.StartRun, *, by_ticket: bool) -> None:
        if start.run in self._starts:
            if self._strict:
                raise AssertionError(f"a run id was used twice: {start.run}")
            return
        occupant = self._occupant(start.ref)
        if occupant is not None and self._strict:
            raise AssertionError(f"two live runs in one slot: {start.ref} {occupant.run} {start.run}")
        unbound = self._unbound(start)
        if unbound and self._strict:
            raise AssertionError(f"started before its sockets are bound: {start.ref} {unbound}")
        count = self._counts.get(start.ref, 0)
        self._counts[start.ref] = count + 1
        script = self.director(start, count)
        self._starts[start.run], self._scripts[start.run] = start, script
        self.started.append(start.run)
        self._put(
            ports.Process(
                start.ref,
                start.run,
                start.template_hash,
                start.ordinal,
                by_ticket=by_ticket,
                user=start.template.user,
            )
        )
        if occupant is not None:
            self._queued[start.ref] = start.run
            return
        self._later(script.start_delay, lambda: self._spawn(start.run))

    def _occupant(self, ref: ports.WorkerRef) -> ports.Process | None:
        for other in self.processes(kinds.Key(ref.namespace, ref.workerset)):
            if other.ref == ref and (other.exit is None or other.survivors):
                return other
        return None

    def _unbound(self, start: ports.StartRun) -> set[str]:
        held = self.bound.of(kinds.Key(start.ref.namespace, start.ref.workerset))
        return set(start.template.listen) - {one.address for one in held if one.bound}

    def _vacate(self, ref: ports.WorkerRef) -> None:
        """Something of the slot ended: a run that waited for it may start."""
        run = self._queued.get(ref)
        others = [one for one in self.live(kinds.Key(ref.namespace, ref.workerset)) if one.ref == ref]
        if run is not None and all(one.run == run for one in others):
            del self._queued[ref]
            self._later(0.0, lambda: self._spawn(run))

    def _spawn(self, run: str) -> None:
        process, script = self._find(run), self._scripts.get(run)
        if process is None or script is None or process.exit is not None:
            return
        if script.error:
            self._exit(run, None, None, script.error)
            return
        self._next_pid += 1
        self.start_times.append(self._clock.monotonic())
        now = self._clock.monotonic()
        changed = dataclasses.replace(
            process, pid=self._next_pid, started_at=now, started_wall=self._clock.wall()
        )
        self._put(changed)
        self._tell(process.ref)
        for after, level in (
            (script.handle_after, "handle_taken"),
            (script.ready_after, "ready"),
            (script.publish_after, "published"),
            (script.drained_after, "drained"),
        ):
            if after is not None:
                self._later(after, lambda level=level: self._level(run, level))  # type: ignore[misc]
        if script.exit_after is not None:
            code = None if script.exit_signal is not None else script.exit_code
            self._later(script.exit_after, lambda: self._exit(run, code, script.exit_signal))
        if changed.handle_closed_at is not None and not script.ignores_stop:
            self._later(script.stop_seconds, lambda: self._exit(run, 0, None))

    def _level(self, run: str, level: str) -> None:
        """As the shim hears it: `drained` means nothing while the handle is open."""
        process = self._find(run)
        means = process is not None and (level != "drained" or process.handle_closed_at is not None)
        if process is not None and process.exit is None and means:
            self._put(dataclasses.replace(process, **{level: True}))
            self._tell(process.ref)

    def _look(self, run: str) -> None:
        process, script = self._find(run), self._scripts.get(run)
        if process is None or script is None or process.exit is not None or not process.pid:
            return
        due = script.listens_after
        listens = due is not None and self._clock.monotonic() >= process.started_at + due
        seen = dataclasses.replace(process, listening=listens, blind=script.blind)
        if seen != process:
            self._put(seen)
            self._tell(process.ref)

    def _ask_sockets(self, verb: ports.SetVerb) -> None:
        def later(settle: Callable[[], None]) -> None:
            def settled() -> None:
                settle()
                if self._connected:
                    self.on_change(verb.key)

            self._later(0.0, settled)

        self.bound.ask(verb, later)

    def _exit(self, run: str, code: int | None, signal: int | None, error: str = "") -> None:
        process = self._find(run)
        if process is None or process.exit is not None:
            return
        script = self._scripts[run]
        left = () if process.killed_at is not None or error else self._survivors(script)
        ended = ports.Exit(self._clock.monotonic(), code, signal, error, script.lines)
        self._put(dataclasses.replace(process, exit=ended, survivors=left))
        redeem = process.ticket is not None and process.handle_closed_at is None and not left
        if redeem and (code != 0 or process.ticket_on_success):
            start = dataclasses.replace(self._starts[run], run=process.ticket)
            self._start(start, by_ticket=True)
        self._vacate(process.ref)
        self._tell(process.ref)

    def _survivors(self, script: Script) -> tuple[ports.Survivor, ...]:
        return tuple(ports.Survivor(90000 + number, "leftover") for number in range(script.survivors))

    def _place_ticket(self, verb: ports.RunVerb, ticket: str | None, *, on_success: bool) -> None:
        process = self._find(verb.run)
        if process is not None and process.exit is None and process.handle_closed_at is None:
            self._put(dataclasses.replace(process, ticket=ticket, ticket_on_success=on_success))

    def _close(self, verb: ports.CloseHandle) -> None:
        now = self._clock.monotonic()
        process = self._change(verb, quiet=True, handle_closed_at=now, ticket=None)
        if process is None or process.exit is not None:
            return
        script = self._scripts[verb.run]
        if script.clients_leave_after is not None and process.handle_taken:
            self._later(script.clients_leave_after, lambda: self._level(verb.run, "drained"))
        elif not script.ignores_stop and process.pid:
            code = 0 if process.handle_taken else None
            self._later(
                script.stop_seconds, lambda: self._exit(verb.run, code, None if code == 0 else verb.signal)
            )

    def _signal(self, verb: ports.Signal) -> None:
        process = self._change(verb, quiet=True, signalled_at=self._clock.monotonic())
        if process is None:
            return
        script = self._scripts[verb.run]
        if process.exit is None and (verb.signal == 9 or not script.ignores_stop):
            self._later(script.stop_seconds, lambda: self._exit(verb.run, None, verb.signal))
        elif process.exit is not None and not script.survivors_stay:
            self._later(0.01, lambda: self._clear(verb.run))

    def _kill(self, verb: ports.Kill) -> None:
        process = self._change(verb, quiet=True, killed_at=self._clock.monotonic())
        if process is None:
            return
        if process.exit is None:
            self._later(0.0, lambda: self._exit(verb.run, None, 9))
        else:
            self._later(0.0, lambda: self._clear(verb.run))

    def _clear(self, run: str) -> None:
        process = self._find(run)
        if process is not None and process.survivors:
            self._put(dataclasses.replace(process, survivors=()))
            self._vacate(process.ref)
            self._tell(process.ref)

    def _acknowledge(self, verb: ports.Acknowledge) -> None:
        key = kinds.Key(verb.ref.namespace, verb.ref.workerset)
        process = self._runs.get(key, {}).get(verb.run)
        if process is None:
            return
        if process.exit is None or process.survivors:
            raise AssertionError(f"acknowledged while something of it lives: {verb.run}")
        del self._runs[key][verb.run]

    # ---- small change

    def _change(self, verb: ports.RunVerb, *, quiet: bool, **levels: object) -> ports.Process | None:
        process = self._find(verb.run)
        if process is None:
            return None
        changed = dataclasses.replace(process, **levels)  # type: ignore[arg-type]
        self._put(changed)
        if not quiet:
            self._tell(process.ref)
        return changed

    def _find(self, run: str) -> ports.Process | None:
        start = self._starts.get(run)
        if start is None:
            return None
        return self._runs.get(kinds.Key(start.ref.namespace, start.ref.workerset), {}).get(run)

    def _put(self, process: ports.Process) -> None:
        key = kinds.Key(process.ref.namespace, process.ref.workerset)
        self._runs.setdefault(key, {})[process.run] = process

    def _tell(self, ref: ports.WorkerRef) -> None:
        if self._connected:
            self.on_change(kinds.Key(ref.namespace, ref.workerset))

    def _later(self, seconds: float, what: Callable[[], None]) -> None:
        self._sequence += 1
        heapq.heappush(self._agenda, (self._clock.monotonic() + seconds, self._sequence, what))


def _ignore(_key: kinds.Key) -> None:
    pass
