"""An HTTP set's pool for the state machine of `rollout.py`, read from what there is; its answer as places.

What is wanted is the declared template, unless its rollout is held: then it is the last one that was rolled
out completely, where that is known. A rollout is held while it is paused, and once the declared template was
not ready in time: a record that was withdrawn says so until the template changes (S7.2).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from controller.core import exits, names, records, rollout, runs, sentences, spec, steps, template, worker
from controller.core.rollout import Mode, Stage

_SHORT = 5

_LOOK_SECONDS = 0.5
"""What is seen by a look is known by then."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A template the set had before, with what its env files say now."""

    template: spec.Template
    template_hash: str
    env_file_values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class History:
    """`good`: the last template that was rolled out completely, as the declared part of its hash; `earlier`:
    templates by that part."""

    good: str = ""
    earlier: Mapping[str, Earlier] = field(default_factory=dict)


NO_HISTORY = History()


@dataclass(frozen=True, slots=True)
class Target:
    """Which template is wanted now: `facts` are the declared ones, or those of what is gone back to."""

    facts: worker.SetFacts
    stage: Stage = Stage.GOES_ON
    returns: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class Rolled:
    """`places` are the workers that are wanted, `facts` those of workers with a template of their own."""

    places: tuple[steps.Place, ...] = ()
    facts: Mapping[str, worker.SetFacts] = field(default_factory=dict)
    failed: frozenset[str] = frozenset()
    wake_at: float | None = None


def target(facts: worker.SetFacts, known: Mapping[str, records.Record], history: History) -> Target:
    """Whether the declared template is rolled out, and what is wanted instead where it is not."""
    withdrawn = [
        record
        for _, record in sorted(known.items())
        if record.phase is records.Phase.WITHDRAWN and facts.template_hash in (None, record.template_hash)
    ]
    paused = facts.spec.rollout.paused
    stage = Stage.FAILED if withdrawn else Stage.PAUSED if paused else Stage.GOES_ON
    if stage is Stage.GOES_ON or facts.template_hash is None:
        return Target(facts, stage)
    why = _why(withdrawn)
    good = history.earlier.get(history.good)
    if good is None or history.good == template.declared_part(facts.template_hash):
        return Target(facts, stage, why=why)
    return Target(_variant(facts, good, good.template_hash), stage, returns=True, why=why)


def _why(withdrawn: Sequence[records.Record]) -> str:
    """What the workers of a template that was not ready in time died of, if they did."""
    for record in withdrawn:
        if record.last is not None and not record.last.stopped:
            words = sentences.last_words(record.last)
            return sentences.ending(record.last) + (f": {words}" if words else "")
    return ""


def trouble(declared: worker.SetFacts, aim: Target) -> str:
    """The sentence for a rollout that failed, with what to do."""
    if aim.stage is not Stage.FAILED:
        return ""
    deadline = sentences.seconds(declared.spec.rollout.progress_deadline_seconds)
    again = "rollout undo" if aim.returns else "restart"
    why = f" ({aim.why})" if aim.why else ""
    return (
        f"the new template was not ready within {deadline}{why}, the one before goes on: "
        f"change it, or workerctl {again} {declared.name}"
    )


def decide(
    declared: worker.SetFacts,
    aim: Target,
    found: Found,
    history: History,
    wanted: Sequence[steps.Place],
    now: float,
) -> Rolled:
    """The workers that are wanted now, of whichever template. `wanted` counts them."""
    seen = [_member(name, found, aim, history, now) for name in found.names()]
    members = {one.name: one for one in seen if not _is_over(one, found)}
    limits = rollout.limits(declared.spec.rollout, len(wanted))
    if aim.returns:
        limits = dataclasses.replace(limits, deadline_seconds=None)
    part = template.declared_part(aim.facts.template_hash or "")
    pool = rollout.Pool(
        len(wanted),
        tuple(members.values()),
        limits,
        _mode(aim),
        can_return=history.good in history.earlier and history.good != part,
    )
    decided = rollout.decide(pool, now)
    kept = [one for one in members.values() if not one.leaving and one.name not in decided.drains]
    answers_to = wanted[0].worker_name if wanted else declared.name
    places = [steps.Place(one.name, one.ordinal, answers_to) for one in kept]
    facts = {one.name: _own_facts(declared, aim, found.hash_of(one.name), history) for one in kept}
    if part:
        for ordinal in decided.starts:
            name = names.http_worker(declared.name, part[:_SHORT], ordinal)
            places.append(steps.Place(name, ordinal, answers_to))
            facts[name] = aim.facts
    return Rolled(
        tuple(places),
        {name: own for name, own in facts.items() if own is not declared},
        decided.failed,
        decided.wake_at,
    )


def expected(
    declared: Sequence[steps.Place], workerset: str, live: Mapping[str, runs.Process], wanted_hash: str
) -> tuple[steps.Place, ...]:
    """Whom a change concerns: the workers that run, and newcomers where there are too few."""
    ordered = sorted(live.values(), key=lambda one: (one.ordinal, one.ref.worker))[: len(declared)]
    taken = {one.ordinal for one in ordered}
    free = (number for number in range(2 * len(declared)) if number not in taken)
    part = template.declared_part(wanted_hash)[:_SHORT]
    new = [(names.http_worker(workerset, part, number), number) for number in free]
    found = [*((one.ref.worker, one.ordinal) for one in ordered), *new]
    return tuple(steps.Place(name, number, workerset) for name, number in found[: len(declared)])


def _is_over(one: rollout.Member, found: Found) -> bool:
    """It has left and only waits to be forgotten: its place is free."""
    return one.leaving and not one.occupied and found.record(one.name).phase is not records.Phase.WITHDRAWN


def _mode(aim: Target) -> Mode:
    """Where nothing can be started, nothing that runs is given up, unless it is no longer the set's own."""
    hold = aim.facts.hold
    if hold is not None and hold.reason == "Conflict":
        return Mode.YIELD
    still = aim.facts.template_hash is None or aim.facts.opening or hold is not None
    if still or aim.facts.spec.rollout.paused or (aim.stage is not Stage.GOES_ON and not aim.returns):
        return Mode.STILL
    return Mode.ROLL


@dataclass(frozen=True, slots=True)
class Found:
    """What there is of a pool: runs by worker, records, when runs were first seen ready, Pods deleted; and
    the runs again, as they were listed."""

    grouped: Mapping[str, Sequence[runs.Process]]
    known: Mapping[str, records.Record]
    marks: Mapping[str, worker.Mark | None]
    evicted: Mapping[str, float | None]
    processes: tuple[runs.Process, ...] = ()

    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*self.grouped, *self.known]))

    def record(self, name: str) -> records.Record:
        return self.known.get(name, records.EMPTY)

    def hash_of(self, name: str) -> str:
        """The template that the worker was last started with."""
        processes = self.grouped.get(name)
        return processes[-1].template_hash if processes else self.record(name).template_hash


def _member(name: str, found: Found, aim: Target, history: History, now: float) -> rollout.Member:
    processes, record = found.grouped.get(name, ()), found.record(name)
    live = next((one for one in reversed(processes) if one.exit is None), None)
    last = live or (processes[-1] if processes else None)
    leaving = name in found.evicted or (last is not None and last.handle_closed_at is not None)
    mark, rules = found.marks.get(name), aim.facts.spec
    since = None if live is None else exits.ready_since(live, mark, rules, now)
    done = live is None and record.phase is records.Phase.COMPLETED
    own, wanted = found.hash_of(name), aim.facts.template_hash
    if aim.returns or wanted is None:
        updated = wanted is None or template.declared_part(own) == template.declared_part(wanted)
    else:
        updated = own == wanted
    occupied = live is not None or any(one.survivors for one in processes)
    return rollout.Member(
        name,
        last.ordinal if last is not None else _ordinal(name),
        updated,
        occupied=occupied,
        ready=since is not None and not leaving,
        leaving=leaving or record.phase is records.Phase.WITHDRAWN,
        done=done and rules.restart is not spec.Restart.ALWAYS,
        lost=not occupied and not updated and not _is_known(own, aim, history),
        since=since if since is not None else _tried_since(last, record, mark, aim.facts),
    )


def _ordinal(name: str) -> int:
    """S1.10: the last part of the name."""
    digits = name.rpartition("-")[2]
    return int(digits) if digits.isdecimal() else 0


def _tried_since(
    last: runs.Process | None, record: records.Record, mark: worker.Mark | None, facts: worker.SetFacts
) -> float | None:
    """From when a worker that is not ready has been tried; None if that cannot be said yet.

    One that must be looked at (S5) has its time after a look only, so that what got ready while no controller
    was there is seen first.
    """
    if last is None or not last.started_at:
        since = record.tried_since if record.boot_id == facts.boot_id else 0.0
        return since or None
    mark = mark if mark is not None and mark.run == last.run else None
    since = last.started_at
    if mark is not None and mark.lost_at is not None:
        since = mark.lost_at
    elif record.tried_since and record.boot_id == facts.boot_id:
        since = record.tried_since
    if last.exit is not None or facts.spec.ready_when is not spec.Gate.LISTENING:
        return since
    if mark is None or not mark.looked_at:
        return None
    deadline = facts.spec.rollout.progress_deadline_seconds
    return max(since, mark.looked_at + _LOOK_SECONDS - deadline)


def _is_known(own: str, aim: Target, history: History) -> bool:
    part = template.declared_part(own)
    return part in history.earlier or part == template.declared_part(aim.facts.template_hash or "")


def _own_facts(declared: worker.SetFacts, aim: Target, own: str, history: History) -> worker.SetFacts:
    """What holds for a worker that is kept: its own template, so that a crash of it changes nothing."""
    if own == declared.template_hash or declared.template_hash is None or not own:
        return declared
    if own == aim.facts.template_hash:
        return aim.facts
    earlier = history.earlier.get(template.declared_part(own))
    if earlier is None:
        return dataclasses.replace(declared, template_hash=own)
    return _variant(declared, earlier, own)


def _variant(facts: worker.SetFacts, earlier: Earlier, template_hash: str) -> worker.SetFacts:
    return dataclasses.replace(
        facts,
        spec=dataclasses.replace(facts.spec, template=earlier.template),
        template_hash=template_hash,
        env_file_values=earlier.env_file_values,
    )
