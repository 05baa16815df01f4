"""What crosses the seam to a runtime: runs of workers as levels, and the verbs that change them.

Values only; the planner reads and returns them, so they live on the lowest floor. `ports` offers
them to everyone else under the same names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.core import kinds, probes, spec


@dataclass(frozen=True, slots=True, order=True)
class WorkerRef:
    """A slot: the worker (Pod) `worker` of set `workerset`."""

    namespace: str
    workerset: str
    worker: str


@dataclass(frozen=True, slots=True)
class Survivor:
    """A process that outlived the main process of a run."""

    pid: int
    command: str


@dataclass(frozen=True, slots=True)
class Exit:
    """How a run ended. Exactly one of `code`, `signal`, `error` is set; `error` = it never started.

    `error` is a whole sentence with what to do: `command not found: jbos (looked in PATH=…)`. `exception` is
    what a worker said it died of: `type`, `message`, `file`, `line`. `out_of_memory` is None
    where nothing can tell.
    """

    at: float
    code: int | None = None
    signal: int | None = None
    error: str = ""
    last_lines: tuple[str, ...] = ()
    exception: Mapping[str, Any] | None = None
    out_of_memory: bool | None = None


@dataclass(frozen=True, slots=True)
class Process:
    """One run as the runtime sees it: what was asked for and what has been heard so far, as levels.

    `pid == 0` means "asked for, not yet started". A process with `exit` stays listed until it is
    acknowledged. `survivors` is non-empty while attributed descendants of an ended run live (S4.6).
    `drained`: after its handle was closed it has told that all who were connected have left (S7.2).
    `listening`: a `Look` has seen it wait for connections; `blind`: it cannot be seen whether it does (S5).
    `unenforced`: which declared limits do not hold here, and why.
    `health` is added by the engine: what its probes say, None without probes.
    `user`: as declared when it was asked for.
    Times are monotonic seconds, `started_wall` epoch seconds.
    """

    ref: WorkerRef
    run: str
    template_hash: str
    ordinal: int
    pid: int = 0
    started_at: float = 0.0
    started_wall: float = 0.0
    handle_taken: bool = False
    ready: bool = False
    published: bool = False
    status_text: str = ""
    ticket: str | None = None
    ticket_on_success: bool = False
    by_ticket: bool = False
    handle_closed_at: float | None = None
    signalled_at: float | None = None
    killed_at: float | None = None
    exit: Exit | None = None
    survivors: tuple[Survivor, ...] = ()
    listening: bool = False
    blind: bool = False
    unenforced: str = ""
    health: probes.Health | None = None
    drained: bool = False
    user: str | None = None


@dataclass(frozen=True, slots=True)
class Socket:
    """One address of a set (S7.1): `bound` is the real address, or `error`, a whole sentence, says why not.

    `in_use`: somebody else has it. With neither it was asked for and is not there yet.
    """

    address: str
    bound: str = ""
    error: str = ""
    in_use: bool = False


@dataclass(frozen=True, slots=True)
class StartRun:
    """Start `run` in the slot. `worker_name` is the name the worker answers to (S8.2)."""

    ref: WorkerRef
    run: str
    template_hash: str
    ordinal: int
    worker_name: str
    scope: str
    background: bool
    template: spec.Template
    log: spec.LogRules
    env_file_values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlaceTicket:
    """S4.5a: should `run` exit by itself (non-zero, or at all if `on_success`), start `next_run` at once.

    A second one for the same run replaces the first.
    """

    ref: WorkerRef
    run: str
    next_run: str
    on_success: bool


@dataclass(frozen=True, slots=True)
class WithdrawTicket:
    """S4.5a: whatever becomes of `run`, nothing is started without being asked for again."""

    ref: WorkerRef
    run: str


@dataclass(frozen=True, slots=True)
class CloseHandle:
    """Begin a stop: EOF on the handle; withdraws the run's ticket.

    A main process that has not taken its handle also gets `signal`; the shim decides that at the moment
    of the stop (S4.6).
    """

    ref: WorkerRef
    run: str
    signal: int


@dataclass(frozen=True, slots=True)
class Signal:
    """Send `signal` to the main process, then to what it leaves behind."""

    ref: WorkerRef
    run: str
    signal: int


@dataclass(frozen=True, slots=True)
class Kill:
    """SIGKILL to the main process and every attributed descendant of the run."""

    ref: WorkerRef
    run: str


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """The exit is recorded durably; the runtime may forget the run."""

    ref: WorkerRef
    run: str


@dataclass(frozen=True, slots=True)
class Look:
    """See whether a process of the run waits for connections on a socket of its set; a level says so (S5)."""

    ref: WorkerRef
    run: str


@dataclass(frozen=True, slots=True)
class OpenSockets:
    """The set's sockets are these addresses (`core/addresses.py`), in canonical text.

    What is bound already is left alone, what failed is tried again, what is not named is closed here;
    processes that have a closed one keep it. Applies before any start that is submitted later.
    """

    key: kinds.Key
    listen: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CloseSockets:
    """The set has no sockets any more."""

    key: kinds.Key


RunVerb = StartRun | PlaceTicket | WithdrawTicket | CloseHandle | Signal | Kill | Acknowledge | Look
SetVerb = OpenSockets | CloseSockets
Verb = RunVerb | SetVerb
