"""The seams of the write door's schema and of the logs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from controller.core import errors, kinds, runs


class Schema(Protocol):
    """The JSON Schema of a kind, applied to a live object."""

    def problems(self, obj: kinds.Object) -> Sequence[errors.FieldProblem]:
        """Every problem of the object, cross-field rules of one object included.

        Unknown fields have the code `UnknownField`.
        """
        ...

    def document(self) -> Mapping[str, Any]:
        """The schema itself (JSON Schema 2020-12), with its references filled in."""
        ...


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Kubernetes' log options, for one or many workers.

    `since_run`: of these workers from the start of this run on, whenever that is; where the log does not
    know the run yet, what is there already is older. `tail_lines` and `since_wall` do not matter then.
    """

    follow: bool = False
    tail_lines: int | None = None
    since_wall: float | None = None
    timestamps: bool = False
    previous: bool = False
    limit_bytes: int | None = None
    prefix: bool = False
    since_run: Mapping[runs.WorkerRef, str] = field(default_factory=dict)


class Logs(Protocol):
    """Reads what the log writer wrote. Chunks are whole lines as bytes."""

    def read(self, workers: Iterable[runs.WorkerRef], query: LogQuery) -> AsyncIterator[bytes]:
        """Lines of the workers; merged in order of time, each prefixed `worker | ` with `prefix`.

        Raises BadRequest for `previous` without a previous run. With `follow`, goes on across restarts.
        """
        ...

    def kept(self, namespace: str) -> Sequence[str]:
        """Names of workers that there is a log of, whether or not they are there any more."""
        ...
