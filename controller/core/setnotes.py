"""What is told of a set as a whole, and what it waits for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from controller.core import kinds, notes, sentences, spec, steps, worker
from controller.core.notes import Note
from controller.core.rollout import Stage

Workers = Mapping[str, worker.WorkerPlan]


def replaced(
    facts: worker.SetFacts, workers: Workers, evicted: Collection[str], obj: kinds.Object | None
) -> tuple[Note, ...]:
    """Workers of another template that begin to stop in this pass, and why."""
    closed = [
        live
        for one in workers.values()
        if (live := one.slot.live) is not None and live.handle_closed_at is None and _gives_way(one, facts)
    ]
    annotations = {} if obj is None else obj["metadata"].get("annotations") or {}
    by = str(annotations.get(kinds.ANNOTATION_RESTARTED_BY) or "")
    note = steps.replacing_note(closed, facts.template_hash or "", evicted, by)
    return () if note is None else (note,)


def _gives_way(one: worker.WorkerPlan, facts: worker.SetFacts) -> bool:
    slot, live = one.slot, one.slot.live
    if slot.wanted:
        return slot.replace or slot.evicted
    if facts.spec.kind is not spec.SetKind.HTTP or live is None or facts.template_hash is None:
        return False
    return slot.evicted or live.template_hash != facts.template_hash


def rollout(facts: worker.SetFacts, workers: Workers) -> tuple[Note, ...]:
    """S7.2: the new template had its time."""
    if facts.spec.kind is not spec.SetKind.HTTP:
        return ()
    failed = sorted(name for name, one in workers.items() if one.slot.withdrawn)
    if not failed:
        return ()
    deadline = sentences.seconds(facts.spec.rollout.progress_deadline_seconds)
    who = ", ".join(failed)
    text = f"not ready within {deadline}, stopped: {who}; the template before it goes on"
    return (Note(Stage.FAILED, text, warning=True),)


def rolled_out(
    facts: worker.SetFacts, before: Mapping[str, Any], now: Mapping[str, Any] | None
) -> tuple[Note, ...]:
    """Another template is now the one that all workers run."""
    if facts.spec.kind is not spec.SetKind.HTTP or now is None or not before.get("currentRevision"):
        return ()
    if before["currentRevision"] == now["currentRevision"]:
        return ()
    ready = now["readyReplicas"]
    return (Note("RolledOut", f"{ready} of {ready} run {now['currentRevision']}"),)


def held(hold: worker.Wait | None, before: worker.Wait | None) -> tuple[Note, ...]:
    """What the set waits for, when that is new."""
    if hold is None or hold.reason not in notes.REASONS:
        return ()
    if before is not None and before.message == hold.message:
        return ()
    return (Note(hold.reason, hold.message, warning=True),)


def left_out(facts: worker.SetFacts, before: worker.SetFacts | None) -> tuple[Note, ...]:
    """Names that lose their place in this pass, and why."""
    now, was = facts.left_out, worker.NOT_ANY if before is None else before.left_out
    found = []
    if set(now.capped) - set(was.capped):
        found.append(Note("NotRun", f"{now.why_capped}; release a name or raise it", warning=True))
    if new := [name for name in now.taken if name not in was.taken]:
        text = f"not run here, another set answers to them: {sentences.several(new)}"
        found.append(Note("NotRun", text, subject="taken", count=len(new)))
    return tuple(found)


def waits(facts: worker.SetFacts, views: Iterable[worker.View], workers: Workers) -> tuple[worker.Wait, ...]:
    """Why what is wanted is left alone, and until when."""
    hold = () if facts.hold is None else (facts.hold,)
    resting = tuple(
        worker.Wait(view.reason, f"{view.ref.worker}: {view.message}", workers[view.ref.worker].wake_at)
        for view in views
        if view.reason in ("CrashLoopBackOff", "GivenUp", "Stopping")
    )
    return (*hold, *resting)
