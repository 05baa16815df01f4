"""What the planner knows of one worker and what it says about it: values, no decisions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from controller.core import lifecycle, notes, probes, records, runs, sentences, spec

Mint = Callable[[], str]
"""Hands out ids of runs that were never used before: chance is an argument, like time."""


@dataclass(frozen=True, slots=True)
class Moment:
    """`monotonic` decides, `wall` is displayed (S4.11)."""

    monotonic: float
    wall: float

    def wall_at(self, monotonic: float) -> float:
        """The wall-clock time of a monotonic moment, for display."""
        return self.wall - (self.monotonic - monotonic)


@dataclass(frozen=True, slots=True)
class Wait:
    """Why something wanted is left alone, and until when (None: until something changes)."""

    reason: str
    message: str
    until: float | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Names a catch-all lists and does not run: above its cap, or another set answers to them."""

    capped: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()
    cap: int = 0

    @property
    def why_capped(self) -> str:
        """Empty if none is."""
        return f"not run, max_threads is {self.cap}: {sentences.several(self.capped)}" if self.capped else ""


NOT_ANY = LeftOut()


@dataclass(frozen=True, slots=True)
class SetFacts:
    """What holds for every worker of a set in this pass.

    `template_hash` is None while the template cannot be read (an env file is missing): then nothing starts
    and nothing counts as outdated. `hold` is why nothing may start; with `opening` nothing may either, until
    it is known whether the set's `sockets` are bound. `grace_seconds` is instead of stop_grace.
    `goes_on`: the set wants processes, so that whoever leaves one that stops finds another. `caution`: what
    it is degraded by though its workers run. `left_out`: names that are listed and not run.
    """

    namespace: str
    name: str
    uid: str
    generation: int
    spec: spec.WorkerSetSpec
    template_hash: str | None
    boot_id: str = ""
    env_file_values: Mapping[str, str] = field(default_factory=dict)
    hold: Wait | None = None
    sockets: tuple[runs.Socket, ...] = ()
    opening: bool = False
    grace_seconds: float | None = None
    goes_on: bool = True
    caution: str = ""
    left_out: LeftOut = NOT_ANY
    ready_resets_after_seconds: float = 10.0

    @property
    def stop_grace_seconds(self) -> float:
        own = self.spec.stop_grace_seconds
        return own if self.grace_seconds is None else self.grace_seconds

    @property
    def drain_seconds(self) -> float:
        """How long clients of a server may leave politely before stop_signal (S7.2); then comes the grace.

        Of a grace that was asked for it is half at most.
        """
        if not self.spec.template.listen or not self.goes_on:
            return 0.0
        own = self.spec.drain_timeout_seconds
        return own if self.grace_seconds is None else min(own, self.grace_seconds / 2)

    def with_grace(self, seconds: float | None) -> SetFacts:
        """For a worker that was given a grace of its own; less of one given to all still holds."""
        if seconds is None:
            return self
        given = self.grace_seconds
        return replace(self, grace_seconds=seconds if given is None else min(seconds, given))


@dataclass(frozen=True, slots=True)
class Mark:
    """When a run was first seen ready, last looked at (S5), and `lost_at` ceased to be ready; kept in memory
    only, by worker.

    `health` is what its probes said then, so that what is new can be told.
    """

    run: str
    ready_since: float | None = None
    ready_wall: float = 0.0
    looked_at: float = 0.0
    health: probes.Health | None = None
    lost_at: float | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    """One place of a set and everything observed about it.

    `replace`: a live run is to be stopped and a new one started in its place. `evicted`: its Pod was deleted
    by hand, so whatever lives is replaced under a new identity; `grace_seconds` is what that delete allows.
    `withdrawn`: its template did not get ready in time, and is not tried again.
    """

    ref: runs.WorkerRef
    ordinal: int
    worker_name: str
    wanted: bool
    processes: tuple[runs.Process, ...] = ()
    record: records.Record = records.EMPTY
    mark: Mark | None = None
    replace: bool = False
    evicted: bool = False
    grace_seconds: float | None = None
    withdrawn: bool = False

    @property
    def live(self) -> runs.Process | None:
        """The run that has not ended, if any."""
        for process in reversed(self.processes):
            if process.exit is None:
                return process
        return None


@dataclass(frozen=True, slots=True)
class View:
    """One worker as others see it: what its Pod and the set's status are made from."""

    ref: runs.WorkerRef
    ordinal: int
    worker_name: str
    state: lifecycle.State
    template_hash: str
    incarnation: int
    run: str = ""
    pid: int = 0
    started_wall: float = 0.0
    ready: bool = False
    ready_wall: float = 0.0
    restarts: int = 0
    given_up: bool = False
    failing: bool = False
    wanted: bool = True
    reason: str = ""
    message: str = ""
    last: records.LastExit | None = None
    created_wall: float = 0.0
    published: bool = False
    unenforced: str = ""
    health: probes.Health | None = None


@dataclass(frozen=True, slots=True)
class WorkerPlan:
    """The decision for one slot. `view` is None when nothing of it is wanted or lives."""

    slot: Slot
    verbs: tuple[runs.Verb, ...] = ()
    record: records.Record | None = None
    mark: Mark | None = None
    view: View | None = None
    notes: tuple[notes.Note, ...] = ()
    wake_at: float | None = None

    @property
    def quiet(self) -> bool:
        """Nothing to do and nothing to write: the same inputs give the same answer until `wake_at`."""
        return not self.verbs and not self.notes and self.record is self.slot.record
