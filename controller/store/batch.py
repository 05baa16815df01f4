"""What one commit writes, as plain values: collected in memory, handed to the database at once."""

from __future__ import annotations

from dataclasses import dataclass, field

ObjectId = tuple[str, str, str]
"""Resource (qualified), namespace, name."""

RecordId = tuple[str, str, str]
"""Namespace, WorkerSet, worker."""

EnsureId = tuple[str, str, str]
"""Namespace, WorkerSet, the name that was asked for."""


@dataclass(slots=True)
class Batch:
    """The last state of everything touched; None = removed. Counters are numbers that outlive a restart."""

    objects: dict[ObjectId, tuple[int, bytes] | None] = field(default_factory=dict)
    records: dict[RecordId, bytes | None] = field(default_factory=dict)
    ensures: dict[EnsureId, bytes | None] = field(default_factory=dict)
    settings: dict[str, bytes] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.objects or self.records or self.ensures or self.settings or self.counters)


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything a database holds, read once when it is opened."""

    objects: list[tuple[str, str, str, int, bytes]]
    records: list[tuple[str, str, str, bytes]]
    ensures: list[tuple[str, str, bytes, bytes]]
    settings: list[tuple[str, bytes]]
    counters: dict[str, int]
