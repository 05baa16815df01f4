"""The steps of a plan that concern a set as a whole: its places, and who is replaced when."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from controller.core import (
    depending,
    exits,
    kinds,
    listening,
    names,
    records,
    runs,
    sentences,
    spec,
    worker,
)
from controller.core.notes import Note

TRIED_ENOUGH = 3
"""A replacement that failed this often no longer holds up the rest of the pool."""

SETTLE_SECONDS = 60.0
"""One that lives this long without getting ready does not either (S1's progress_deadline default)."""

TOLD_WITH_THE_ANSWER = ("Started", "Ensured")

_STAYS = listening.REASONS | depending.STAYS


@dataclass(frozen=True, slots=True)
class Place:
    """A slot that is wanted."""

    worker: str
    ordinal: int
    worker_name: str


def places(
    workerset: str,
    rules: spec.WorkerSetSpec,
    *,
    yielded: Collection[str] = (),
    known: Mapping[str, Place] | None = None,
    target: int | None = None,
) -> tuple[Place, ...]:
    """The slots a set wants: ordinals from 0, and one a name for a catch-all (S1.10).

    `yielded` are names that another set has: they are not run here. `known` lends places made before.
    `target` is what an HTTP set was scaled to.
    """
    if rules.suspend:
        return ()
    if rules.is_catch_all:
        lazy = _lazy(workerset, rules, rules.instances, yielded, known or {})
        return (*_pool(workerset, workerset, rules.num), *lazy)
    most = rules.declared_max_threads
    count = rules.eager if target is None else target
    count = count if most is None else min(count, most)
    return _pool(workerset, rules.name or workerset, count)


def grown(
    workerset: str,
    rules: spec.WorkerSetSpec,
    before: tuple[Place, ...],
    was: Sequence[str],
    now: Sequence[str],
) -> tuple[Place, ...] | None:
    """The `places` of a catch-all that listed the names in `was`, all of which are run, where names were only
    added at the end; else None."""
    cap = rules.declared_max_threads or kinds.DEFAULT_CAP
    if not rules.is_catch_all or rules.suspend or len(now) > cap or now[: len(was)] != was:
        return None
    return (*before, *_lazy(workerset, rules, now[len(was) :], (), {}))


def _lazy(
    workerset: str,
    rules: spec.WorkerSetSpec,
    instances: Sequence[str],
    yielded: Collection[str],
    known: Mapping[str, Place],
) -> list[Place]:
    """One place a name, as many as `max_threads` says (S2.5); eager processes have the set's own name."""
    cap = rules.declared_max_threads or kinds.DEFAULT_CAP
    return [
        known.get(name) or Place(names.instance(workerset, name), 0, name)
        for name in instances[:cap]
        if name not in yielded and not (rules.num and name == workerset)
    ]


def left_out(rules: spec.WorkerSetSpec, yielded: Collection[str]) -> worker.LeftOut:
    """The listed names that have no place."""
    cap = rules.declared_max_threads or kinds.DEFAULT_CAP
    if not rules.is_catch_all or (len(rules.instances) <= cap and not yielded):
        return worker.NOT_ANY
    taken = tuple(name for name in rules.instances if name in yielded)
    return worker.LeftOut(tuple(name for name in rules.instances[cap:] if name not in yielded), taken, cap)


def _pool(workerset: str, answers_to: str, count: int) -> tuple[Place, ...]:
    return tuple(Place(names.worker(workerset, ordinal), ordinal, answers_to) for ordinal in range(count))


def only_starts(verbs: Sequence[runs.Verb], told: Sequence[Note]) -> bool:
    """Whether all there is to do is to ask for runs that are answered at once: whoever tells of the answer
    has told all."""
    return (
        bool(verbs)
        and all(isinstance(verb, runs.StartRun) for verb in verbs)
        and all(note.reason in TOLD_WITH_THE_ANSWER for note in told)
    )


def by_worker(processes: Iterable[runs.Process]) -> dict[str, list[runs.Process]]:
    """Runs by slot, oldest first."""
    grouped: dict[str, list[runs.Process]] = {}
    for process in processes:
        grouped.setdefault(process.ref.worker, []).append(process)
    return grouped


def surplus(
    wanted: Sequence[Place],
    grouped: Mapping[str, Sequence[runs.Process]],
    known: Mapping[str, records.Record],
) -> tuple[Place, ...]:
    """Slots nobody wants that still hold something; the highest ordinals first."""
    names_wanted = {place.worker for place in wanted}
    found = [
        Place(worker_, processes[-1].ordinal, worker_)
        for worker_, processes in grouped.items()
        if worker_ not in names_wanted
    ]
    found += [
        Place(worker_, 0, worker_)
        for worker_ in known
        if worker_ not in names_wanted and worker_ not in grouped
    ]
    return tuple(sorted(found, key=lambda place: (-place.ordinal, place.worker)))


@dataclass(frozen=True, slots=True)
class Replacing:
    """Which workers give way in this pass, and when a holdup ends by itself."""

    workers: frozenset[str] = frozenset()
    wake_at: float | None = None


def choose_replacements(
    wanted: Sequence[Place],
    grouped: Mapping[str, Sequence[runs.Process]],
    known: Mapping[str, records.Record],
    marks: Mapping[str, worker.Mark | None],
    facts: worker.SetFacts,
    now: float,
) -> Replacing:
    """S4.10 in place, one ready worker at a time; those that are not ready give way at once.

    The next one follows when the last is ready, done, given up, has failed `TRIED_ENOUGH` times or was alive
    for `SETTLE_SECONDS`: a broken template cannot hold up the pool for ever. Where nothing may start because
    another set holds the name, all of them go: it is no longer theirs. Where the sockets of the new template
    are not bound (S7.1), or must wait for what they depend on, none goes.
    """
    if facts.template_hash is None:
        return Replacing()
    if all(one.template_hash == facts.template_hash for group in grouped.values() for one in group):
        return Replacing()
    outdated = [
        live
        for place in wanted
        if (live := _live(grouped.get(place.worker, ()))) is not None
        and live.template_hash != facts.template_hash
    ]
    if not outdated:
        return Replacing()
    if facts.opening or (facts.hold is not None and facts.hold.reason in _STAYS):
        return Replacing()
    if facts.hold is not None:
        return Replacing(frozenset(live.ref.worker for live in outdated))
    idle = {live.ref.worker for live in outdated if not _serves(live, marks, facts, now)}
    holdups = [
        until
        for place in wanted
        if (until := _unsettled_until(place, grouped, known, marks, facts, now)) is not None
    ]
    if holdups:
        return Replacing(frozenset(idle), min(holdups))
    first = next((live.ref.worker for live in outdated if live.ref.worker not in idle), None)
    return Replacing(frozenset(idle if first is None else idle | {first}))


def _live(processes: Sequence[runs.Process]) -> runs.Process | None:
    return next((process for process in reversed(processes) if process.exit is None), None)


def _serves(
    live: runs.Process, marks: Mapping[str, worker.Mark | None], facts: worker.SetFacts, now: float
) -> bool:
    if live.handle_closed_at is not None:
        return False
    if facts.spec.ready_when is spec.Gate.COMPLETED:
        return live.pid != 0
    return exits.ready_since(live, marks.get(live.ref.worker), facts.spec, now) is not None


def _unsettled_until(
    place: Place,
    grouped: Mapping[str, Sequence[runs.Process]],
    known: Mapping[str, records.Record],
    marks: Mapping[str, worker.Mark | None],
    facts: worker.SetFacts,
    now: float,
) -> float | None:
    """Until when this slot holds up the others; None if it does not. Infinity: until something changes."""
    processes = grouped.get(place.worker, ())
    live = _live(processes)
    record = known.get(place.worker, records.EMPTY)
    if live is not None and live.handle_closed_at is not None:
        return float("inf")
    if live is not None and live.template_hash != facts.template_hash:
        return None
    if record.template_hash == facts.template_hash and (
        record.phase is not records.Phase.NONE or record.counters.failures >= TRIED_ENOUGH
    ):
        return None
    if live is None and any(not process.survivors for process in processes):
        return now  # this pass counts its exit, the next one judges by it
    if live is None or live.pid == 0:
        return float("inf")
    if exits.ready_since(live, marks.get(place.worker), facts.spec, now) is not None:
        return None
    patience = SETTLE_SECONDS
    if facts.spec.ready_when is spec.Gate.COMPLETED:
        patience = facts.spec.min_ready_seconds
    until = live.started_at + patience
    return until if now < until else None


def merge_notes(found: Iterable[Note]) -> tuple[Note, ...]:
    """Starts and stops of one pass are one note about the set, with the workers it names."""
    merged: dict[str, list[str]] = {}
    others: list[Note] = []
    for note in found:
        if note.reason in ("Started", "Stopped"):
            merged.setdefault(note.reason, []).append(note.message)
        else:
            others.append(note)
    told = [Note(reason, _several(reason, workers), count=1) for reason, workers in merged.items()]
    return (*told, *others)


def _several(reason: str, workers: Sequence[str]) -> str:
    count = f"{len(workers)} workers: " if len(workers) > 1 else ""
    return f"{reason.lower()} {count}{sentences.several(workers)}"


def replacing_note(
    closed: Sequence[runs.Process], wanted_hash: str, evicted: Collection[str], restarted_by: str
) -> Note | None:
    """Why workers are being replaced; `restarted_by` is what asked for the last restart, if that is known."""
    if not closed:
        return None
    workers = [process.ref.worker for process in closed]
    if all(name in evicted for name in workers):
        why = "its Pod was deleted"
    else:
        parts = {process.template_hash.rpartition("-")[0] for process in closed}
        same = parts == {wanted_hash.rpartition("-")[0]}
        asked = f"by {restarted_by}" if restarted_by else "asked for, or an env file changed"
        why = f"restart {asked}" if same else "template changed"
    return Note("Replacing", f"{why}: {_several('replacing', workers)}")


def unenforced_notes(views: Mapping[str, worker.View], before: Mapping[str, worker.View]) -> tuple[Note, ...]:
    """Told once, when the first worker runs without a limit that was declared for it."""
    text = _unenforced(views)
    return (Note("NotEnforced", text, warning=True),) if text and not _unenforced(before) else ()


def _unenforced(views: Mapping[str, worker.View]) -> str:
    return next(filter(None, (view.unenforced for view in views.values())), "")
