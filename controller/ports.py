"""The seams: a Protocol for every side effect, and the values that cross them.

Engine and API know these and never the adapters behind them. One contract suite per seam runs on
the fake and on the real thing (`tests/contracts/`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Literal, Protocol

from controller.core import errors, kinds, runs, spec

# --------------------------------------------------------------------------- time and chance


class Clock(Protocol):
    """All readings of time. `monotonic` is CLOCK_MONOTONIC (seconds, shared by all processes of one boot)."""

    def monotonic(self) -> float: ...

    def wall(self) -> float:
        """Seconds since the epoch; for display and stored stamps only, never for decisions (S4.11)."""
        ...


class Ids(Protocol):
    """All randomness."""

    def uid(self) -> str:
        """A UUID for an object."""
        ...

    def run(self) -> str:
        """An id for one run of a worker, never handed out twice: 12 lower-case hex digits."""
        ...

    def suffix(self) -> str:
        """Five characters for `generateName`."""
        ...


# --------------------------------------------------------------------------- runtime (the shim's client)


WorkerRef = runs.WorkerRef
Survivor = runs.Survivor
Exit = runs.Exit
Process = runs.Process
StartRun = runs.StartRun
PlaceTicket = runs.PlaceTicket
CloseHandle = runs.CloseHandle
Signal = runs.Signal
Kill = runs.Kill
Acknowledge = runs.Acknowledge
Verb = runs.Verb


class Runtime(Protocol):
    """Verbs only, no policy. All methods but `env_file_values` are non-blocking and in order.

    `submit` is reflected by `processes` at once (a StartRun appears with pid 0), so planning twice is
    harmless. Whenever anything about a set's processes changes later, `on_change(key)` is called from
    the event loop; after a lost and regained connection it is called for every set.
    """

    on_change: Callable[[kinds.Key], None]

    def processes(self, key: kinds.Key) -> tuple[Process, ...]:
        """All runs of the set, oldest first: O(runs of that set)."""
        ...

    def keys(self) -> tuple[kinds.Key, ...]:
        """Every set that has at least one process here, declared or not."""
        ...

    def connected(self) -> bool:
        """False while the shim is away; nothing is planned then."""
        ...

    def submit(self, verbs: Sequence[Verb]) -> None: ...

    def env_file_values(self, template: spec.Template) -> Mapping[str, str]:
        """Read `env_files`, later files win. Raises `LaunchProblem` with the file and what to do."""
        ...


class LaunchProblem(Exception):
    """A worker cannot be started as declared; the text says what, where and what to do."""


# --------------------------------------------------------------------------- store


@dataclass(frozen=True, slots=True)
class Change:
    """One watch event; `previous` is the object before it (None for ADDED), to judge selectors by."""

    type: Literal["ADDED", "MODIFIED", "DELETED"]
    resource: kinds.Resource
    object: kinds.Object
    previous: kinds.Object | None
    version: int
    encodings: dict[str, bytes] = field(default_factory=dict, compare=False, repr=False)

    def encoded(self, form: str, encode: Callable[[kinds.Object], bytes]) -> bytes:
        """`object` in a form such as `json`, encoded by whoever asks first, once for all watchers."""
        found = self.encodings.get(form)
        if found is None:
            found = self.encodings[form] = encode(self.object)
        return found


class Subscription(Protocol):
    """A watch. Iterate for batches of changes; a reader that falls too far behind gets `errors.Expired`."""

    def __aiter__(self) -> AsyncIterator[Sequence[Change]]: ...

    def close(self) -> None: ...


class Store(Protocol):
    """Objects and records behind one counter.

    Synchronous: a write is committed when the call returns, or at the end of the enclosing `transaction()`.
    Objects of resources with `durable=False` (Pods) live in memory only but share versions and watches.
    Raises `errors.*`; on a full disk `errors.StorageFull` with nothing written.
    """

    def get(self, resource: kinds.Resource, key: kinds.Key) -> kinds.Object:
        """Raises NotFound."""
        ...

    def find(self, resource: kinds.Resource, key: kinds.Key) -> kinds.Object | None: ...

    def list(
        self, resource: kinds.Resource, namespace: str | None = None
    ) -> tuple[Sequence[kinds.Object], int]:
        """Objects sorted by (namespace, name), and the version they are of."""
        ...

    def create(self, resource: kinds.Resource, obj: kinds.Object) -> kinds.Object:
        """Stores with a new resourceVersion; raises AlreadyExists. Uid and timestamps are the caller's."""
        ...

    def update(
        self, resource: kinds.Resource, obj: kinds.Object, *, expected_version: str | None = None
    ) -> kinds.Object:
        """Replace. Equal content: nothing written, the stored object returned. Raises NotFound, Conflict."""
        ...

    def delete(
        self, resource: kinds.Resource, key: kinds.Key, *, expected_version: str | None = None
    ) -> kinds.Object:
        """Remove; returns the last object with its deletion's version. Raises NotFound, Conflict."""
        ...

    def version(self) -> int: ...

    def watch(
        self, resource: kinds.Resource, namespace: str | None = None, *, since: int | None = None
    ) -> Subscription:
        """Changes after `since` (None = from now). Raises Expired if they are no longer held."""
        ...

    def subscribe(self, listener: Callable[[Change], None]) -> None:
        """Every change of every kind, called once committed; for the engine's queue."""
        ...

    def transaction(self, *, durable: bool = False) -> AbstractContextManager[None]:
        """Group writes into one commit; `durable` also waits for the disk (a user's write)."""
        ...

    def record(self, namespace: str, workerset: str) -> Mapping[str, Mapping[str, object]]:
        """Run records of a set by worker name."""
        ...

    def put_record(
        self, namespace: str, workerset: str, worker: str, record: Mapping[str, object] | None
    ) -> None:
        """Write or (None) remove one run record."""
        ...

    def setting(self, name: str) -> object:
        """A small durable value (base environment, high-water marks); None if absent."""
        ...

    def put_setting(self, name: str, value: object) -> None: ...


# --------------------------------------------------------------------------- the write door's schema, logs


class Schema(Protocol):
    """The JSON Schema of a kind, applied to a live object."""

    def problems(self, obj: kinds.Object) -> Sequence[errors.FieldProblem]:
        """Every problem of the object, cross-field rules of one object included.

        Unknown fields have the code `UnknownField`.
        """
        ...


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Kubernetes' log options, for one or many workers."""

    follow: bool = False
    tail_lines: int | None = None
    since_wall: float | None = None
    timestamps: bool = False
    previous: bool = False
    limit_bytes: int | None = None
    prefix: bool = False


class Logs(Protocol):
    """Reads what the log writer wrote. Chunks are whole lines as bytes."""

    def read(self, workers: Iterable[WorkerRef], query: LogQuery) -> AsyncIterator[bytes]:
        """Lines of the workers; merged in order of time, each prefixed `worker | ` with `prefix`.

        Raises BadRequest for `previous` without a previous run. With `follow`, goes on across restarts.
        """
        ...


# --------------------------------------------------------------------------- what the API asks of the engine


@dataclass(frozen=True, slots=True)
class WorkerAction:
    """What applying an object would do to one worker, with the reason for people."""

    worker: str
    action: Literal["keep", "start", "stop", "restart"]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """What one process has used: CPU since its start, memory (PSS where it can be had) now."""

    worker: WorkerRef
    pid: int
    cpu_seconds: float
    memory_bytes: int
    started_wall: float = 0.0


Preview = tuple[kinds.Object | None, kinds.Object | None]
"""A set before and after a write; None where it is not there."""


class Control(Protocol):
    """The controller as a whole, for the private endpoints of the API. All but `shutdown` answer at once."""

    def project(self) -> Mapping[str, object]:
        """`root`, `runDir`, `pids`, `version`, `startedAt`, `foreground`, `conditions`."""
        ...

    def preview(self, objects: Sequence[Preview]) -> Sequence[Sequence[WorkerAction]]:
        """What each of these writes would do to workers; nothing is done."""
        ...

    def refresh(self, keys: Iterable[kinds.Key]) -> None:
        """Look at these sets again, their env files included: they were applied and have not changed."""
        ...

    def shutdown(self, grace_seconds: float | None, *, purge: bool) -> AsyncIterator[Mapping[str, object]]:
        """Stop everything and end the controller; yields progress, the last item has `done`.

        Begins when called, not when iterated; a reader that goes away does not end it. A second call with
        less grace hurries the first.
        """
        ...

    def environment(self, key: kinds.Key) -> Sequence[Mapping[str, object]]:
        """S8.1: each variable of a worker of the set as `name`, `value` (secrets masked), `source`."""
        ...

    def rollback(self, key: kinds.Key, revision: int | None) -> kinds.Object:
        """The set with the template of a revision (None = the one before), written. Raises NotFound."""
        ...

    def usage(self, workers: Iterable[WorkerRef]) -> Sequence[Usage]:
        """One entry a living process of these workers."""
        ...
