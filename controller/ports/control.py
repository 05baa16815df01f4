"""What the API asks of the engine and of the controller as a whole."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from controller.core import kinds, nodes, runs
from controller.ports import probes


@dataclass(frozen=True, slots=True)
class WorkerAction:
    """What applying an object would do to one worker, with the reason for people."""

    worker: str
    action: Literal["keep", "start", "stop", "restart"]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """What one process has used: CPU since its start, memory (PSS where it can be had) now."""

    worker: runs.WorkerRef
    pid: int
    cpu_seconds: float
    memory_bytes: int
    started_wall: float = 0.0


Machine = nodes.Machine
Preview = tuple[kinds.Object | None, kinds.Object | None]
"""A set before and after a write; None where it is not there."""


class Gateway(Protocol):
    """The TCP door for clients that cannot speak to a Unix socket."""

    async def open(self, address: str) -> Mapping[str, object]:
        """Listen there (empty = the project's own port); `url`, `authority` (a path), and `newAuthority` if
        that is not the one that clients know.

        Raises BadRequest for an address that is not loopback, Conflict for a port that is taken.
        """
        ...

    async def close(self) -> None:
        """Listen no more, now and after a restart."""
        ...


class Control(Protocol):
    """The controller as a whole, for the private endpoints of the API. All but `shutdown` answer at once."""

    def project(self) -> Mapping[str, object]:
        """`root`, `runDir`, `pids`, `version`, `startedAt`, `foreground`, `environment`, `conditions`."""
        ...

    def preview(self, objects: Sequence[Preview]) -> Sequence[Sequence[WorkerAction]]:
        """What each of these writes would do to workers; nothing is done."""
        ...

    def refresh(self, keys: Iterable[kinds.Key]) -> None:
        """Look at these sets again, their env files included: they were applied again."""
        ...

    def shutdown(self, grace_seconds: float | None, *, purge: bool) -> AsyncIterator[Mapping[str, object]]:
        """Stop everything and end the controller; yields progress, the last item has `done`.

        Items count what is `stopped` and `killed`; the last one lists as `survivors` what no worker can be
        held for, which ends with the guardian (S4.6), and has `seconds`.

        Begins when called, not when iterated; a reader that goes away does not end it. A second call with
        less grace hurries the first.
        """
        ...

    def machine(self) -> nodes.Machine:
        """What all of it runs on."""
        ...

    def environment(self, key: kinds.Key) -> Sequence[Mapping[str, object]]:
        """S8.1: each variable of a worker of the set as `name`, `value` (secrets masked), `source`."""
        ...

    def rollback(self, key: kinds.Key, revision: int | None) -> kinds.Object:
        """The set with the template of a revision (None = the one before), written. Raises NotFound."""
        ...

    async def open_session(self, worker: runs.WorkerRef, asked: probes.Interactive) -> probes.Session:
        """A command beside the worker to talk to; without a command, the worker itself.

        Raises LookupError where it does not run, and ConnectionError while nobody can start anything.
        """
        ...

    def in_flight(self, workers: Iterable[runs.WorkerRef]) -> Mapping[runs.WorkerRef, int]:
        """Requests in flight, of those of these workers that count them."""
        ...

    def queue_depth(self) -> int:
        """Sets that are due for a pass of the reconcile loop."""
        ...

    def usage(self, workers: Iterable[runs.WorkerRef]) -> Sequence[Usage]:
        """One entry a living process of these workers."""
        ...
