"""What others see of a slot once it is decided: state, levels, and the sentence that says why."""

from __future__ import annotations

from controller.core import (
    ailing,
    draft,
    exits,
    gates,
    listening,
    records,
    runs,
    sentences,
    spec,
    stopping,
    worker,
)
from controller.core.lifecycle import State


def of(made: draft.Draft, live: runs.Process | None) -> worker.View | None:
    """What others see. A slot that is empty and not wanted has no worker."""
    state, record, slot, facts = made.state, made.record, made.slot, made.facts
    if state is State.GONE:
        return None
    run, pid, started_wall = "", 0, 0.0
    template_hash = facts.template_hash or record.template_hash
    if live is not None:
        run, pid, started_wall, template_hash = live.run, live.pid, live.started_wall, live.template_hash
    elif state is State.STARTING:
        run = made.mark.run if made.mark is not None else ""
    elif state is State.STOPPING:
        template_hash = record.template_hash
    ready = state is State.READY
    failing = record.counters.failures > 0 and not ready
    reason, message = _why(made)
    return worker.View(
        ref=slot.ref,
        ordinal=slot.ordinal,
        worker_name=slot.worker_name,
        state=state,
        template_hash=template_hash,
        incarnation=record.incarnation,
        run=run,
        pid=pid,
        created_wall=record.created or started_wall,
        started_wall=started_wall,
        ready=ready,
        ready_wall=made.mark.ready_wall if ready and made.mark is not None else 0.0,
        restarts=max(0, record.exits - (0 if run else 1)),
        given_up=record.phase is records.Phase.FAILED and not ready,
        failing=failing,
        wanted=slot.wanted,
        reason=reason,
        message=message,
        last=record.last,
        published=live is not None and live.published,
        unenforced="" if live is None else live.unenforced,
        health=None if live is None else live.health,
    )


def _why(made: draft.Draft) -> tuple[str, str]:
    """Reason and sentence for a worker that is not simply running; no times that move."""
    record, facts = made.record, made.facts
    hint = listening.bind_hint(made.slot.ref, record.last, facts.spec)
    match made.state:
        case State.GONE:
            return "", ""
        case State.READY:
            return "", _why_ready(made)
        case State.STARTING | State.RUNNING:
            if record.counters.failures:
                return "Retrying", sentences.failure(record, "running again", hint)
            return "", _gate(made) if made.state is State.RUNNING else ""
        case State.BACKOFF:
            return "CrashLoopBackOff", sentences.failure(record, exits.next_try(record, facts.spec), hint)
        case State.FAILED:
            return "GivenUp", sentences.failure(record, exits.next_try(record, facts.spec), hint)
        case State.COMPLETED:
            return "Completed", sentences.ending(record.last) if record.last else ""
        case State.STOPPING:
            return "Stopping", _why_stopping(made)
        case _:
            hold = facts.hold
            return (hold.reason, hold.message) if hold else ("Pending", "")


def _gate(made: draft.Draft) -> str:
    """What its gate waits for."""
    rules, live = made.facts.spec, made.slot.live
    if live is not None and exits.gate_passed(live, rules, made.now.monotonic):
        return ailing.sentence(live, rules.probes)
    if rules.ready_when is spec.Gate.LISTENING and live is not None:
        return listening.idle_sentence(live, made.mark, rules)
    return gates.waits_for(rules.ready_when, live)


def _why_stopping(made: draft.Draft) -> str:
    live = made.slot.live
    if live is not None and stopping.is_draining(live, made.facts):
        return "lets its clients leave; stop_signal comes after drain_timeout at the latest"
    return ailing.stopping_because(made.record, live) or "waits until everything of the last run is gone"


def _why_ready(made: draft.Draft) -> str:
    """Nothing, unless it counts as ready by its age alone where its gate says more."""
    rules, live = made.facts.spec, made.slot.live
    unseen = live is not None and not exits.level_passed(live, rules.ready_when)
    return listening.unseen_sentence(rules) if unseen and rules.ready_when is spec.Gate.LISTENING else ""
