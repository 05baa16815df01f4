"""`ports.Runtime` on this machine: the mirror of what the shim knows, and the way to it.

The mirror holds levels only. What was asked for is reflected at once, what the shim says replaces it.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence

from controller import clock as clocks
from controller import ports, settings
from controller.core import kinds, proberules, spec
from controller.runtime import (
    commands,
    connection,
    envfile,
    environment,
    inflight,
    listening,
    logtail,
    specs,
    traffic,
    usage,
    wire,
)
from controller.sdk.workerset import contract

_LAST_LINES = 20


class LocalRuntime:
    """Levels of all runs, kept by messages from the shim; verbs go out in batches.

    `on_fact(name)` is called when something about the tree itself changed: `guardian` (`guardian_alive`),
    `log_trouble` (`log_trouble`), `orphans` (`unattributed`), `lost` (no shim for ten seconds). `away` is set
    while there is no shim, once there was one.
    """

    def __init__(
        self,
        paths: settings.ProjectPaths,
        base_env: Mapping[str, str],
        clock: ports.Clock | None = None,
        contacts: environment.Contacts | None = None,
    ) -> None:
        self.on_change: Callable[[kinds.Key], None] = _ignore
        self.on_fact: Callable[[str], None] = _ignore
        self.guardian_alive = True
        self.away = asyncio.Event()
        self.log_trouble = ""
        self.unattributed: tuple[ports.Survivor, ...] = ()
        self._paths = paths
        self._clock = clock or clocks.SystemClock()
        self._resolver = environment.Resolver(paths.root, base_env, contacts)
        self._specs = specs.Specs(self._resolver)
        self._runs: dict[str, ports.Process] = {}
        self._by_key: dict[kinds.Key, dict[str, ports.Process]] = {}
        self._sockets = listening.Mirror(paths.root)
        self._local: set[str] = set()
        self._listed: set[str] | None = None
        self._changed: dict[kinds.Key, None] = {}
        self._connection = connection.Connection(
            paths.shim_socket, self._receive, self._disconnected, lambda: self.on_fact("lost")
        )
        self.commands = commands.Commands(self._connection.send, self.connected)
        self.traffic = traffic.Traffic(self._connection.send, self.connected)

    # ------------------------------------------------------------------ the connection

    async def connect(self) -> None:
        """Connect to the shim and learn all its runs; afterwards reconnects by itself.

        Raises `ConnectionError` with what to do if there is no shim within ten seconds.
        """
        await self._connection.open()

    async def close(self) -> None:
        """Let go of the shim: its workers go on."""
        await self._connection.close()

    def connected(self) -> bool:
        return self._connection.is_ready

    def end(self) -> None:
        """The controller ends for good: a shim without a guardian must end too."""
        self._connection.send([["end"]])

    def repair(self) -> None:
        """State or run-time folder were lost: guardian and shim put back what is theirs."""
        self._connection.send([["repair"]])

    def _disconnected(self) -> None:
        self._specs.forget_all()
        self.commands.lost()
        self._listed = None
        self.away.set()

    def _receive(self, messages: Sequence[wire.Message]) -> None:
        for message in messages:
            match message[0]:
                case "run":
                    self._heard(wire.process(message))
                case "sockets":
                    if self._sockets.heard(kinds.Key(*message[1]), message[2], message[3]):
                        self._changed[kinds.Key(*message[1])] = None
                case "gone":
                    self._remove(message[1])
                case "answer":
                    self.commands.answered(message[1], message[2])
                case "traffic":
                    self.traffic.heard(message[1], message[2])
                case "fact":
                    self._learn(message[1], message[2])
                case "hello":
                    self._listed = set()
                    self._changed.update(dict.fromkeys(self._sockets.keys()))
                    self._sockets.clear()
                case "listed":
                    self._finish_listing()
        self._tell()

    def _heard(self, process: ports.Process) -> None:
        if self._listed is not None:
            self._listed.add(process.run)
        if process.exit is not None and process.handle_closed_at is None:
            process = self._with_last_lines(process, process.exit)
        if process != self._runs.get(process.run):  # an echo of what was asked for is no news
            self._put(process)

    def _with_last_lines(self, process: ports.Process, ended: ports.Exit) -> ports.Process:
        """The shim has waited until the log writer wrote them, so they are in the file."""
        known = self._runs.get(process.run)
        if known is not None and known.exit is not None:
            lines = known.exit.last_lines
        elif ended.error:
            return process
        else:
            path = logtail.path_of(self._paths.logs, process.ref)
            lines = logtail.run_tail(path, process.run, _LAST_LINES)
        return dataclasses.replace(process, exit=dataclasses.replace(ended, last_lines=lines))

    def _learn(self, fact: str, value: object) -> None:
        if fact == "guardian":
            self.guardian_alive = bool(value)
        elif fact == "log_trouble":
            self.log_trouble = str(value)
        elif fact == "orphans" and isinstance(value, dict):
            self.unattributed = tuple(ports.Survivor(int(pid), text) for pid, text in value.items())
        else:
            return
        self.on_fact(fact)

    def _finish_listing(self) -> None:
        """Runs the shim does not know have gone with another shim; what was asked of it is gone too."""
        listed, self._listed = self._listed or set(), None
        for run in [run for run in self._runs if run not in listed and run not in self._local]:
            self._remove(run)
        self._connection.is_ready = True
        self.traffic.listed()
        self.away.clear()
        for key in self._by_key:
            self._changed[key] = None

    # ------------------------------------------------------------------ the mirror

    def processes(self, key: kinds.Key) -> tuple[ports.Process, ...]:
        return tuple(self._by_key.get(key, {}).values())

    def keys(self) -> tuple[kinds.Key, ...]:
        return tuple({**self._by_key, **dict.fromkeys(self._sockets.keys())})

    def sockets(self, key: kinds.Key) -> tuple[ports.Socket, ...]:
        return self._sockets.of(key)

    def _put(self, process: ports.Process) -> None:
        key = kinds.Key(process.ref.namespace, process.ref.workerset)
        self._runs[process.run] = process
        self._by_key.setdefault(key, {})[process.run] = process
        self._changed[key] = None

    def _remove(self, run: str) -> None:
        process = self._runs.pop(run, None)
        self._local.discard(run)
        if process is None:
            return
        key = kinds.Key(process.ref.namespace, process.ref.workerset)
        of_set = self._by_key[key]
        del of_set[run]
        if not of_set:
            del self._by_key[key]
        self._changed[key] = None

    def _tell(self) -> None:
        """Once a set, however much of it changed; never before a listing is complete."""
        if self._listed is not None:
            return
        changed, self._changed = self._changed, {}
        for key in changed:
            self.on_change(key)

    # ------------------------------------------------------------------ verbs

    def submit(self, verbs: Sequence[ports.Verb]) -> None:
        """Reflected at once, sent as one message. While the shim is away nothing is sent or reflected."""
        if not self._connection.is_ready:
            return
        now = self._clock.monotonic()
        out: list[wire.Message] = []
        self._specs.begin_batch()
        for asked in verbs:
            if isinstance(asked, ports.StartRun):
                self._start(asked, now, out)
            elif isinstance(asked, ports.OpenSockets | ports.CloseSockets):
                number = self._sockets.reflect(asked)
                out.append(wire.set_verb(asked, self._paths.root, number))
            elif asked.run in self._runs:
                self._reflect(asked, now)
                out.append(wire.verb(asked))
        self._changed.clear()  # the caller knows what it asked for
        if out:
            self._connection.send(out)

    def _start(self, asked: ports.StartRun, now: float, out: list[wire.Message]) -> None:
        if asked.run in self._runs:
            return
        user = asked.template.user
        process = ports.Process(asked.ref, asked.run, asked.template_hash, asked.ordinal, user=user)
        try:
            spec_id = self._specs.spec_for(asked, out)
        except ports.LaunchProblem as problem:
            self._local.add(asked.run)
            process = dataclasses.replace(process, exit=ports.Exit(at=now, error=str(problem)))
            key = kinds.Key(asked.ref.namespace, asked.ref.workerset)
            asyncio.get_running_loop().call_soon(lambda: self.on_change(key))
        else:
            out.append(wire.start(asked, spec_id, self._own_of(asked)))
        self._put(process)

    def _own_of(self, asked: ports.StartRun) -> dict[str, str]:
        own = self._resolver.own_of(asked.ref)
        if asked.template.probe_port == proberules.UNIX:
            own[contract.PROBE_SOCKET] = self._paths.probe_socket(asked.ref.namespace, asked.ref.worker)
        return own

    def _reflect(self, asked: ports.RunVerb, now: float) -> None:
        process = self._runs[asked.run]
        match asked:
            case ports.Acknowledge():
                if process.exit is not None and not process.survivors:
                    self._remove(asked.run)
                return
            case ports.PlaceTicket():
                if process.exit is None and process.handle_closed_at is None:
                    process = dataclasses.replace(
                        process, ticket=asked.next_run, ticket_on_success=asked.on_success
                    )
            case ports.WithdrawTicket():
                process = dataclasses.replace(process, ticket=None)
            case ports.CloseHandle():
                if process.exit is None and process.handle_closed_at is None:
                    process = dataclasses.replace(process, handle_closed_at=now, ticket=None)
            case ports.Signal():
                process = dataclasses.replace(process, signalled_at=now)
            case ports.Kill():
                closed = now if process.handle_closed_at is None else process.handle_closed_at
                process = dataclasses.replace(process, killed_at=now, handle_closed_at=closed, ticket=None)
            case ports.StartRun() | ports.Look():
                return
        self._put(process)

    # ------------------------------------------------------------------ looking things up

    def env_file_values(self, template: spec.Template) -> Mapping[str, str]:
        return envfile.read(template.env_files, self._paths.root)

    def environment(
        self,
        template: spec.Template,
        identity: environment.Identity,
        env_file_values: Mapping[str, str],
    ) -> Sequence[Mapping[str, str]]:
        """S8.1: each variable a worker would get, with its source. Raises `LaunchProblem`."""
        return environment.listing(self._resolver.resolve(template, identity, env_file_values))

    def in_flight(self, workers: Iterable[ports.WorkerRef]) -> Mapping[ports.WorkerRef, int]:
        """Of those that count their requests."""
        return inflight.of_workers(self._runs.values(), set(workers))

    def usage(self, workers: Iterable[ports.WorkerRef]) -> Sequence[ports.Usage]:
        """What the living processes of these workers have used; reads /proc now."""
        return usage.of_workers(self._runs.values(), set(workers))


def _ignore(_news: object) -> None:
    pass
