"""Judging how runs ended: what a record becomes, and whether a gate had passed (S4.1–S4.5, S5)."""

from __future__ import annotations

import dataclasses

from controller.core import backoff, lifecycle, listening, records, runs, sentences, spec, worker
from controller.core.notes import Note


def level_passed(process: runs.Process, gate: spec.Gate) -> bool:
    """Whether what was heard of the run satisfies the gate; time-based gates are `ready_since`'s."""
    match gate:
        case spec.Gate.HANDLE:
            return process.handle_taken
        case spec.Gate.VARS:
            return process.handle_taken and process.published
        case spec.Gate.NOTIFY:
            return process.ready
        case spec.Gate.LISTENING:
            return process.ready or process.listening
        case _:
            return False


def alive_gate_seconds(process: runs.Process, rules: spec.WorkerSetSpec) -> float | None:
    """How long being alive is enough to be ready; None where it never is. It stands in where it cannot be
    seen whether a process listens (S5)."""
    if rules.ready_when is spec.Gate.STARTED:
        return rules.min_ready_seconds
    if rules.ready_when is spec.Gate.LISTENING and process.blind:
        return rules.min_ready_seconds
    return None


def ready_since(
    process: runs.Process, mark: worker.Mark | None, rules: spec.WorkerSetSpec, now: float
) -> float | None:
    """Since when the run counts as ready (S5); None if it does not, or not yet.

    A level is a fact without a time: it dates from when it was first seen. A run nobody has watched
    (its level was up before this controller came) dates from its start.
    """
    since = _gate_since(process, mark, rules, now)
    return since if since is None or not rules.probes.gate else _as_probed(process, mark, since, now)


def gate_passed(process: runs.Process, rules: spec.WorkerSetSpec, now: float) -> bool:
    """Whether only a probe can be missing."""
    return _gate_since(process, None, rules, now) is not None


def _gate_since(
    process: runs.Process, mark: worker.Mark | None, rules: spec.WorkerSetSpec, now: float
) -> float | None:
    if process.pid == 0:
        return None
    moments: list[float] = []
    alive = alive_gate_seconds(process, rules)
    if alive is not None and process.started_at + alive <= now:
        moments.append(process.started_at + alive)
    if level_passed(process, rules.ready_when):
        if mark is None or mark.run != process.run:
            moments.append(process.started_at)
        elif mark.ready_since is not None:
            moments.append(mark.ready_since)
        else:
            moments.append(now)
    return min(moments, default=None)


def _as_probed(process: runs.Process, mark: worker.Mark | None, since: float, now: float) -> float | None:
    """A probe must pass as well; it says nothing of when it began to. What is not known yet stays as it was,
    so a run that was found alive does not stop being ready for as long as its first check takes."""
    watched = mark is not None and mark.run == process.run
    before = mark.ready_since if watched and mark is not None else None
    passing = None if process.health is None else process.health.passing
    if process.exit is not None or passing is None:
        return since if mark is None else before
    if not passing:
        return None
    return before or (max(since, now) if watched else since)


def is_proven(process: runs.Process) -> bool:
    """S4.4 is for those whose liveness probe, if there is one, has found them alive."""
    return process.health is None or process.health.proven


@dataclasses.dataclass(frozen=True, slots=True)
class Judged:
    """A record after one more exit, with what to tell about it."""

    record: records.Record
    event: lifecycle.Event
    note: Note | None


def judge(
    slot: worker.Slot,
    process: runs.Process,
    record: records.Record,
    facts: worker.SetFacts,
    now: worker.Moment,
) -> Judged:
    """Count one exit. A commanded stop is never a crash (S4.8)."""
    exit_ = process.exit
    if exit_ is None:
        raise AssertionError(f"run {process.run} has not ended")
    if record.template_hash != process.template_hash:
        record = record.renewed(process.template_hash)
    withdrawn = record.phase is records.Phase.WITHDRAWN
    last = _last_exit(process, exit_, record, facts.spec, now)
    created = record.created or process.started_wall or last.finished_wall
    if last.stopped:
        told = record.last if withdrawn and record.last else last
        record = dataclasses.replace(record, created=created, last=told)
        return Judged(record, lifecycle.Event.AGAIN, None)
    since = ready_since(process, slot.mark, facts.spec, exit_.at)
    long_enough = since is not None and exit_.at - since >= facts.ready_resets_after_seconds
    if long_enough and is_proven(process):
        record = record.reset()
    clean = last.code == 0 and not last.boot and not last.cause
    counters = backoff.after_exit(record.counters, clean=clean, alive_seconds=last.seconds)
    record = dataclasses.replace(
        record,
        counters=counters,
        phase=record.phase if withdrawn else _phase(clean, counters, facts.spec),
        created=created,
        exits=record.exits + 1,
        condemned="",
        cause="",
        exited_at=exit_.at,
        boot_id=facts.boot_id,
        generation=facts.generation,
        last=last,
        tried_since=exit_.at if since is not None else record.tried_since or process.started_at or exit_.at,
    )
    return Judged(record, _event(record), _note(slot, record, facts.spec, clean=clean))


def _last_exit(
    process: runs.Process,
    exit_: runs.Exit,
    record: records.Record,
    rules: spec.WorkerSetSpec,
    now: worker.Moment,
) -> records.LastExit:
    cause = record.cause if record.condemned == process.run else ""
    alive = max(0.0, exit_.at - process.started_at) if process.started_at else 0.0
    gated = rules.ready_when not in (spec.Gate.STARTED, spec.Gate.COMPLETED)
    waited = alive_gate_seconds(process, rules)
    reached = level_passed(process, rules.ready_when) or (waited is not None and alive >= waited)
    if process.health is not None:
        gated, reached = gated or rules.probes.gate, reached and process.health.was_ready
    return records.LastExit(
        run=process.run,
        pid=process.pid,
        code=exit_.code,
        signal=exit_.signal,
        error=exit_.error,
        started_wall=process.started_wall,
        finished_wall=now.wall_at(exit_.at),
        seconds=alive,
        lines=exit_.last_lines[-records.KEPT_LINES :],
        boot=gated and not reached,
        stopped=process.handle_closed_at is not None and not cause,
        cause=cause,
        exception=exit_.exception,
        out_of_memory=exit_.out_of_memory,
    )


def _phase(clean: bool, counters: backoff.Counters, rules: spec.WorkerSetSpec) -> records.Phase:
    if clean:
        done = rules.restart is not spec.Restart.ALWAYS
        return records.Phase.COMPLETED if done else records.Phase.NONE
    if rules.restart is spec.Restart.NEVER:
        return records.Phase.FAILED
    if backoff.gives_up(counters.failures, rules.max_consecutive_failures):
        return records.Phase.FAILED
    return records.Phase.NONE


def _event(record: records.Record) -> lifecycle.Event:
    if record.phase is records.Phase.FAILED:
        return lifecycle.Event.GIVE_UP
    if record.phase is records.Phase.COMPLETED:
        return lifecycle.Event.COMPLETE
    wait = backoff.wait_seconds(record.counters.pace)
    return lifecycle.Event.WAIT if wait > 0 else lifecycle.Event.AGAIN


def _note(slot: worker.Slot, record: records.Record, rules: spec.WorkerSetSpec, *, clean: bool) -> Note:
    text = sentences.failure(
        record, next_try(record, rules), listening.bind_hint(slot.ref, record.last, rules)
    )
    name = slot.ref.worker
    if record.phase is records.Phase.COMPLETED:
        return Note("Completed", text, worker=name)
    if clean:
        return Note("Exited", text, worker=name)
    return Note(
        "GivenUp" if record.phase is records.Phase.FAILED else "Crashed", text, warning=True, worker=name
    )


def next_try(record: records.Record, rules: spec.WorkerSetSpec) -> str:
    """When it is run again, as the end of a sentence."""
    if record.phase is records.Phase.COMPLETED:
        return ""
    if record.phase is records.Phase.FAILED:
        if rules.restart is spec.Restart.NEVER:
            return "restart: never, so it stays down until its spec changes or it is restarted"
        wait = backoff.retry_wait_seconds(record.counters.pace, rules.retry_after_seconds)
        if wait is None:
            ensured = ", a restart or an ensure" if rules.kind is spec.SetKind.BACKGROUND else " or a restart"
            return f"given up: it is tried again on a change of its spec{ensured}"
        return f"next try in {sentences.seconds(wait)}"
    wait = backoff.wait_seconds(record.counters.pace)
    return f"next try in {sentences.seconds(wait)}" if wait else "started again at once"
