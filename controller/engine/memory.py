"""What the engine remembers of a set between passes. Lost with the controller, and no harm done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from controller.core import kinds, notes, plan, records, rolling, spec, steps, worker

Identity = tuple[str, int, str]
"""Uid, generation, restart annotation: while it stands, parsing and hashing need not be repeated."""


@dataclass(slots=True)
class SetMemory:
    """One set. `records`, `last` and `pods` change only after the transaction that wrote them.

    `held`: what is still to be told of a pass that was not written (None: the last one was).
    `places_of`, `listed`, `yielded` and `target` are what `places` and `left_out` were made of; `names` have
    a slot of shared memory because of this set, and those in `ready_runs` are marked ready there. `idle_due`
    is when each lazy name is looked at. `earlier` are the templates that an HTTP set had before. `caution`:
    what the set is degraded by though its workers run.
    """

    records: dict[str, records.Record] = field(default_factory=dict)
    identity: Identity | None = None
    facts: worker.SetFacts | None = None
    places: tuple[steps.Place, ...] = ()
    places_of: spec.WorkerSetSpec | None = None
    listed: Sequence[str] | None = None
    yielded: frozenset[str] = frozenset()
    target: int | None = None
    left_out: worker.LeftOut = worker.NOT_ANY
    scope: str = ""
    names: frozenset[str] = frozenset()
    names_of: object = None
    running: set[str] = field(default_factory=set)
    ready_runs: dict[str, set[str]] | None = None
    idle_due: dict[str, float] = field(default_factory=dict)
    idle_at: float | None = None
    status_rests_until: float = 0.0
    env_file_values: Mapping[str, str] = field(default_factory=dict)
    env_problem: str = ""
    earlier: Mapping[str, rolling.Earlier] = field(default_factory=dict)
    caution: str = ""
    env_stale: bool = True
    last: plan.Plan | None = None
    pods: dict[str, worker.View] = field(default_factory=dict)
    pod_labels: Mapping[str, str] | None = None
    evicted: dict[str, float | None] = field(default_factory=dict)
    revision: str = ""
    held: tuple[notes.Note, ...] | None = None
    attempts: int = 0
    plan_seconds: float = 0.0

    def is_patient(self, obj: kinds.Object | None) -> bool:
        """Whether what is told of the set may wait for an answer: not twice in a row, nor while the store
        says what an earlier controller saw, of workers that may be gone with their shim."""
        is_others_word = self.last is None and obj is not None and "status" in obj
        return self.held is None and not is_others_word


def identity_of(obj: kinds.Object) -> Identity:
    meta = obj["metadata"]
    annotations = meta.get("annotations") or {}
    return meta["uid"], meta["generation"], annotations.get(kinds.ANNOTATION_RESTARTED_AT, "")
