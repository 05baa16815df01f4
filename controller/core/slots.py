"""The decision for one slot: named steps from levels to verbs, a record and a view (S4).

Each step reads what the earlier ones left on the draft; the state walks through `lifecycle.TABLE` only.
"""

from __future__ import annotations

import dataclasses

from controller.core import (
    ailing,
    backoff,
    depending,
    exits,
    listening,
    records,
    runs,
    spec,
    stopping,
    views,
    worker,
)
from controller.core.draft import Draft
from controller.core.lifecycle import Event
from controller.core.notes import Note


def plan_slot(
    slot: worker.Slot, facts: worker.SetFacts, now: worker.Moment, mint: worker.Mint
) -> worker.WorkerPlan:
    """What to do about one slot now; pure, and harmless to repeat."""
    draft = Draft(slot, facts.with_grace(slot.grace_seconds), now, mint)
    live = slot.live
    if len(slot.processes) > (live is not None):
        _count_exits(draft)
        _end_remains(draft, live)
    if slot.withdrawn and facts.template_hash is not None:
        _withdraw(draft, facts.template_hash)
    if live is not None:
        _tend(draft, live)
    elif draft.remains:
        draft.step(Event.REMAINS)
    else:
        _fill(draft)
    return worker.WorkerPlan(
        slot=slot,
        verbs=tuple(draft.verbs),
        record=draft.record,
        mark=draft.mark,
        view=views.of(draft, live),
        notes=tuple(draft.notes),
        wake_at=draft.wake_at,
    )


def _withdraw(draft: Draft, template_hash: str) -> None:
    """S7.2: remembered until the template changes, so that nobody tries it again."""
    record = draft.record if draft.record.template_hash == template_hash else records.Record(template_hash)
    draft.record = dataclasses.replace(record, phase=records.Phase.WITHDRAWN)


def _count_exits(draft: Draft) -> None:
    """Each exit is counted once, oldest first; `recorded` holds those the runtime still lists."""
    ended = [process for process in draft.slot.processes if process.exit is not None]
    for process in ended:
        if process.run in draft.record.recorded:
            continue
        judged = exits.judge(draft.slot, process, draft.record, draft.facts, draft.now)
        draft.record = judged.record
        if judged.note is not None:
            draft.notes.append(judged.note)
        elif not process.survivors:
            draft.notes.append(Note("Stopped", draft.slot.ref.worker))
    # A commanded stop changes no counter, so counting it twice is harmless and it needs no memory.
    condemned = {*draft.slot.record.recorded, draft.slot.record.condemned}
    listed = tuple(
        process.run for process in ended if process.handle_closed_at is None or process.run in condemned
    )
    if listed != draft.record.recorded:
        draft.record = dataclasses.replace(draft.record, recorded=listed)


def _end_remains(draft: Draft, live: runs.Process | None) -> None:
    """Ended runs are acknowledged once nothing of them lives; a second live run is one too many."""
    for process in draft.slot.processes:
        if process is live:
            continue
        if process.exit is None:
            draft.remains = True
            draft.take(stopping.stop_run(process, draft.facts, draft.now.monotonic))
        elif process.survivors:
            draft.remains = True
            draft.take(stopping.clear_remains(process, draft.facts, draft.now.monotonic))
        else:
            draft.verbs.append(runs.Acknowledge(process.ref, process.run))


def _tend(draft: Draft, live: runs.Process) -> None:
    """A run lives: follow its levels, stop it if it must go, else see to its counters and its ticket."""
    slot, now = draft.slot, draft.now
    draft.step(Event.START)
    since = exits.ready_since(live, slot.mark, draft.facts.spec, now.monotonic)
    if live.pid:
        draft.step(Event.SPAWNED)
        if since is not None:
            draft.step(Event.PASSED)
    ailing.tell(draft, live)
    _mark(draft, live, since)
    if live.handle_closed_at is not None or _must_go(draft, live) or ailing.condemn(draft, live):
        draft.step(Event.STOP)
        draft.take(stopping.stop_run(live, draft.facts, now.monotonic))
        return
    if live.pid == 0:
        return
    if since is None:
        alive = exits.alive_gate_seconds(live, draft.facts.spec)
        passed = exits.gate_passed(live, draft.facts.spec, now.monotonic)
        draft.wake(None if alive is None or passed else live.started_at + alive)
        if draft.facts.spec.ready_when is spec.Gate.LISTENING and not passed:
            _look(draft, live)
    elif exits.is_proven(live):
        _forgive(draft, since)
    _see_to_ticket(draft, live)


def _must_go(draft: Draft, live: runs.Process) -> bool:
    slot = draft.slot
    if not slot.wanted or slot.replace or slot.evicted:
        return True
    # A ticket was redeemed although the policy says that the worker is done (the policy changed meanwhile).
    resting = draft.record.phase is records.Phase.COMPLETED or draft.facts.spec.restart is spec.Restart.NEVER
    return live.by_ticket and resting and draft.record.phase is not records.Phase.NONE


def _mark(draft: Draft, live: runs.Process, since: float | None) -> None:
    old = draft.mark
    same = old is not None and old.run == live.run
    if old is not None and same and old.ready_since == since and old.health is live.health:
        return
    wall = 0.0 if since is None else draft.now.wall_at(since)
    if old is None or not same:
        draft.mark = worker.Mark(live.run, since, wall, health=live.health)
        return
    lost_at = draft.now.monotonic if since is None and old.ready_since is not None else old.lost_at
    draft.mark = worker.Mark(live.run, since, wall, old.looked_at, live.health, lost_at)


def _look(draft: Draft, live: runs.Process) -> None:
    """S5: nothing tells when a process begins to listen, so it is looked at, ever more rarely."""
    mark, now = draft.mark or worker.Mark(live.run), draft.now.monotonic
    due = listening.next_look(live.started_at, mark.looked_at)
    if now >= due:
        draft.verbs.append(runs.Look(live.ref, live.run))
        draft.mark = dataclasses.replace(mark, looked_at=now)
        due = listening.next_look(live.started_at, now)
        if listening.is_suspicious(live, draft.mark) and not listening.is_suspicious(live, mark):
            text = listening.idle_sentence(live, draft.mark, draft.facts.spec)
            draft.notes.append(Note("NotListening", text, warning=True, worker=live.ref.worker))
    draft.wake(due)


def _forgive(draft: Draft, since: float) -> None:
    """S4.4: ready for ten seconds, and what was before is forgotten."""
    record = draft.record
    if record.counters == backoff.ZERO and record.phase is records.Phase.NONE:
        return
    due = since + draft.facts.ready_resets_after_seconds
    if draft.now.monotonic < due:
        draft.wake(due)
        return
    if record.counters.failures:
        failures = record.counters.failures
        text = f"ready again; {failures} {'failure' if failures == 1 else 'failures in a row'} forgotten"
        draft.notes.append(Note("Recovered", text, worker=draft.slot.ref.worker))
    draft.record = record.reset()


def _see_to_ticket(draft: Draft, live: runs.Process) -> None:
    """S4.5a: where the next run would need no wait, the runtime may start it without being asked.

    As soon as it would need one, or must not start at all, the ticket is taken back.
    """
    on_success = draft.facts.spec.restart is spec.Restart.ALWAYS
    if not _next_is_free(draft, live):
        if live.ticket is not None:
            draft.verbs.append(runs.WithdrawTicket(live.ref, live.run))
    elif live.ticket is None:
        draft.verbs.append(runs.PlaceTicket(live.ref, live.run, draft.mint(), on_success))
    elif live.ticket_on_success is not on_success:
        draft.verbs.append(runs.PlaceTicket(live.ref, live.run, live.ticket, on_success))


def _next_is_free(draft: Draft, live: runs.Process) -> bool:
    rules, record = draft.facts.spec, draft.record
    hold = draft.facts.hold
    held = draft.facts.opening or (hold is not None and hold.reason not in depending.STARTS)
    if rules.restart is spec.Restart.NEVER or held:
        return False
    if live.template_hash != draft.facts.template_hash or record.phase is not records.Phase.NONE:
        return False
    counters = record.counters if record.template_hash == live.template_hash else backoff.ZERO
    return backoff.first_retry_is_free(counters, rules.max_consecutive_failures)


def _fill(draft: Draft) -> None:
    """Nothing lives in the slot: leave it, let it rest, or start the next run."""
    slot, facts = draft.slot, draft.facts
    draft.mark = None
    if not slot.wanted:
        _leave_empty(draft)
        return
    if slot.evicted:
        renewed = draft.record.renewed(facts.template_hash or draft.record.template_hash)
        draft.record = dataclasses.replace(renewed, incarnation=renewed.incarnation + 1)
        draft.step(Event.RENEW)
    elif facts.template_hash not in (None, draft.record.template_hash):
        if draft.record is not records.EMPTY:
            draft.record = draft.record.renewed(facts.template_hash or "")
        draft.step(Event.RENEW)
    if _rests(draft) or facts.hold is not None or facts.opening or facts.template_hash is None:
        return
    run = draft.mint()
    draft.step(Event.START)
    draft.mark = worker.Mark(run)
    draft.verbs.append(
        runs.StartRun(
            ref=slot.ref,
            run=run,
            template_hash=facts.template_hash,
            ordinal=slot.ordinal,
            worker_name=slot.worker_name,
            scope=facts.spec.scope,
            background=facts.spec.kind is spec.SetKind.BACKGROUND,
            template=facts.spec.template,
            log=facts.spec.log,
            env_file_values=facts.env_file_values,
        )
    )
    draft.notes.append(Note("Started", slot.ref.worker))


def _leave_empty(draft: Draft) -> None:
    """S4.8: a stop ends a backoff at once. Only what is done stays known, so that it is not done twice."""
    record, facts = draft.record, draft.facts
    done = record.phase is records.Phase.COMPLETED
    if facts.spec.kind is spec.SetKind.HTTP and facts.template_hash not in (None, record.template_hash):
        done = False  # this worker never comes back: another template makes others
    elif record.phase is records.Phase.WITHDRAWN:
        done = True
    if not done:
        draft.record = records.EMPTY
    draft.step(Event.REMOVE)


def _rests(draft: Draft) -> bool:
    """Completed, given up or in backoff, and it is not yet time (S4.2, S4.5)."""
    record, facts = draft.record, draft.facts
    if record.phase is records.Phase.COMPLETED and facts.spec.restart is not spec.Restart.ALWAYS:
        draft.step(Event.COMPLETE)
        return True
    if record.phase is records.Phase.FAILED:
        draft.step(Event.GIVE_UP)
        if record.generation != facts.generation:
            draft.record = record.reset()
            draft.step(Event.RENEW)
            return False
        if facts.spec.restart is spec.Restart.NEVER:
            return True
        return _rest_for(
            draft, backoff.retry_wait_seconds(record.counters.pace, facts.spec.retry_after_seconds)
        )
    wait = backoff.wait_seconds(record.counters.pace)
    if wait == 0:
        return False
    draft.step(Event.WAIT)
    return _rest_for(draft, wait)


def _rest_for(draft: Draft, wait: float | None) -> bool:
    if wait is None:
        return True
    due = draft.record.due_at(wait, draft.facts.boot_id)
    if draft.now.monotonic >= due:
        draft.step(Event.DUE)
        return False
    draft.wake(due)
    return True
