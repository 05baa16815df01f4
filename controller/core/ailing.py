"""What a run's probes lead to (S1): Events, the restart of what is not alive, sentences for people."""

from __future__ import annotations

import dataclasses

from controller.core import probes, records, runs
from controller.core.draft import Draft
from controller.core.notes import Note


def tell(draft: Draft, live: runs.Process) -> None:
    """An Event for every probe that has begun to fail, or fails in another way than before."""
    if live.health is None:
        return
    mark = draft.mark
    before = mark.health if mark is not None and mark.run == live.run else None
    known = () if before is None else before.answers
    for answer in live.health.answers:
        if answer.counted and answer not in known:
            text = answer.sentence
            draft.notes.append(
                Note("Unhealthy", text, warning=True, worker=live.ref.worker, subject=answer.role)
            )


def condemn(draft: Draft, live: runs.Process) -> bool:
    """S4.2: a run that is not alive is stopped, and its end counts as a failure, with all that follows.

    That is written down, since whoever sees the end must know why it was stopped.
    """
    why = "" if live.health is None else live.health.failed
    if not why or live.pid == 0:
        return False
    record = draft.record
    if record.template_hash != live.template_hash:
        record = record.renewed(live.template_hash)
    draft.record = dataclasses.replace(record, condemned=live.run, cause=why)
    role = why.partition(" ")[0].lower()
    text = f"{live.ref.worker} failed its {role} probe, will be restarted"
    draft.notes.append(Note("Killing", text, worker=live.ref.worker))
    return True


def stopping_because(record: records.Record, live: runs.Process | None) -> str:
    """Why a run is being stopped, if it was for a probe."""
    return record.cause if live is not None and record.condemned == live.run else ""


def sentence(live: runs.Process | None, asked: probes.Probes) -> str:
    """Which probe keeps a run from being ready, and what it said last; empty if none does."""
    if live is None or not asked.gate:
        return ""
    health = live.health or probes.UNKNOWN
    if health.passing:
        return ""
    started = health.started or asked.startup is None
    role = probes.Role.READINESS if started else probes.Role.STARTUP
    answer = health.answer(role)
    if answer is None or answer.passed:
        return f"its {role} probe has not passed yet"
    return answer.sentence if answer.counted else f"its {role} probe has not passed yet: {answer.message}"
