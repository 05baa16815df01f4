"""The run record of a worker: the little that must survive a restart of the controller (S4).

Counters, last exit, phase, and which exits are already counted. Committed in the transaction that
precedes the acknowledgement of an exit, so that no exit is lost or counted twice.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from controller.core import backoff

KEPT_LINES = 20


class Phase(StrEnum):
    """How a worker rests. All hold for one template only.

    `WITHDRAWN`: of an HTTP set, its template was not ready in time and is rolled out no further (S7.2).
    """

    NONE = ""
    FAILED = "Failed"
    COMPLETED = "Completed"
    WITHDRAWN = "Withdrawn"


@dataclass(frozen=True, slots=True)
class LastExit:
    """How the last run ended, for people: `describe`, `lastState` of the Pod, messages.

    `cause`: why it was stopped, where that counts as its failure.
    """

    run: str = ""
    pid: int = 0
    code: int | None = None
    signal: int | None = None
    error: str = ""
    started_wall: float = 0.0
    finished_wall: float = 0.0
    seconds: float = 0.0
    lines: tuple[str, ...] = ()
    boot: bool = False
    stopped: bool = False
    exception: Mapping[str, Any] | None = None
    out_of_memory: bool | None = None
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """One worker's record.

    `created` is when this Pod's first run began (wall clock; 0 until one has ended, as the live one tells);
    `exits` counts the ends of this Pod that nobody commanded; `recorded` the runs whose exit is counted but
    perhaps not yet acknowledged; `incarnation` the Pods that were deleted by hand; `exited_at` is monotonic
    and means something only under `boot_id`; `generation` is that of the spec when the worker came to rest;
    `condemned` is the run that is stopped because it failed a probe, `cause` the sentence that says so;
    `tried_since`, monotonic too, is from when the worker has not been ready.
    """

    template_hash: str = ""
    counters: backoff.Counters = backoff.ZERO
    phase: Phase = Phase.NONE
    exits: int = 0
    exited_at: float = 0.0
    boot_id: str = ""
    generation: int = 0
    incarnation: int = 0
    recorded: tuple[str, ...] = ()
    last: LastExit | None = None
    created: float = 0.0
    condemned: str = ""
    cause: str = ""
    tried_since: float = 0.0

    def renewed(self, template_hash: str) -> Record:
        """For another template: everything is forgotten but the identity of the slot."""
        return Record(template_hash=template_hash, incarnation=self.incarnation, recorded=self.recorded)

    def reset(self) -> Record:
        """S4.4: counters and a given-up phase are forgotten, the history stays."""
        return dataclasses.replace(self, counters=backoff.ZERO, phase=Phase.NONE)

    def due_at(self, wait_seconds: float, boot_id: str) -> float:
        """When a wait that began with the last exit is over; long ago under another boot of the machine."""
        return self.exited_at + wait_seconds if self.boot_id == boot_id else float("-inf")


EMPTY = Record()

_PLAIN = (
    "template_hash",
    "created",
    "exits",
    "exited_at",
    "boot_id",
    "generation",
    "incarnation",
    "condemned",
    "cause",
    "tried_since",
)
"""Fields that are stored as they are."""


def to_json(record: Record) -> dict[str, object]:
    """Only what differs from the empty record, so that a quiet worker's record is a few bytes."""
    data: dict[str, object] = {}
    for name in _PLAIN:
        value = getattr(record, name)
        if value != getattr(EMPTY, name):
            data[name] = value
    if record.counters != backoff.ZERO:
        data["failures"], data["pace"] = record.counters.failures, record.counters.pace
    if record.phase is not Phase.NONE:
        data["phase"] = str(record.phase)
    if record.recorded:
        data["recorded"] = list(record.recorded)
    if record.last is not None:
        last = {
            field.name: getattr(record.last, field.name)
            for field in dataclasses.fields(LastExit)
            if getattr(record.last, field.name) != field.default
        }
        last["lines"] = list(record.last.lines)
        data["last"] = last
    return data


def from_json(data: Mapping[str, Any]) -> Record:
    """The record from what was stored; unknown fields of a newer version are ignored."""
    last = data.get("last")
    return Record(
        template_hash=data.get("template_hash", ""),
        counters=backoff.Counters(data.get("failures", 0), data.get("pace", 0)),
        phase=Phase(data.get("phase", "")),
        created=data.get("created", 0.0),
        exits=data.get("exits", 0),
        exited_at=data.get("exited_at", 0.0),
        boot_id=data.get("boot_id", ""),
        generation=data.get("generation", 0),
        incarnation=data.get("incarnation", 0),
        tried_since=data.get("tried_since", 0.0),
        recorded=tuple(data.get("recorded", ())),
        condemned=data.get("condemned", ""),
        cause=data.get("cause", ""),
        last=None if last is None else _last_exit(last),
    )


def _last_exit(data: Mapping[str, Any]) -> LastExit:
    known = {field.name for field in dataclasses.fields(LastExit)}
    values = {name: value for name, value in data.items() if name in known}
    return LastExit(**{**values, "lines": tuple(data.get("lines", ()))})
