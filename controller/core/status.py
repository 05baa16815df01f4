"""The status of a set from the views of its workers (S1.9). Nothing in it moves with the clock alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from controller.core import (
    conditions,
    depending,
    ensured,
    instances,
    kinds,
    listening,
    names,
    sentences,
    spec,
    stamps,
    template,
    worker,
)
from controller.core import tally as counts
from controller.core.conditions import Condition
from controller.core.rollout import Stage
from controller.core.tally import Tally


class Word:
    """STATUS words (S1.9)."""

    READY = "Ready"
    LAZY = "Lazy"
    CATCH_ALL = "CatchAll"
    STARTING = "Starting"
    ROLLING = "Rolling"
    WAITING = "Waiting"
    BACKOFF = "Backoff"
    FAILED = "Failed"
    SUSPENDED = "Suspended"
    COMPLETED = "Completed"


WORDS = (
    Word.READY,
    Word.LAZY,
    Word.CATCH_ALL,
    Word.STARTING,
    Word.ROLLING,
    Word.WAITING,
    Word.BACKOFF,
    Word.FAILED,
    Word.SUSPENDED,
    Word.COMPLETED,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a set: how many workers, whether it is to go, which names for whom, how the
    rollout of its template stands, and how it is scaled."""

    wanted: int
    deleting: bool = False
    ensures: ensured.Ensures = field(default_factory=ensured.none)
    stage: Stage = Stage.GOES_ON
    trouble: str = ""
    scale: Mapping[str, Any] | None = None


_AT_TIMES = frozenset({"addresses", "scaling"})
"""Keys of the status that only some sets have. They are the controller's all the same."""


def compute(
    obj: kinds.Object,
    facts: worker.SetFacts,
    views: Sequence[worker.View],
    asked: Asked,
    now: worker.Moment,
) -> dict[str, Any]:
    """The whole `status`, equal to the stored one when nothing has changed. What others keep there stays."""
    previous = obj.get("status") or {}
    tally = counts.count(views, facts.template_hash, asked.wanted)
    word, message = _word(facts, tally, asked)
    own = {
        **({"addresses": listening.shown(facts.sockets)} if facts.sockets else {}),
        **({"scaling": dict(asked.scale)} if asked.scale else {}),
        "observedGeneration": facts.generation,
        "replicas": tally.alive,
        "readyReplicas": tally.ready,
        "updatedReplicas": tally.updated,
        "restarts": tally.restarts,
        "state": word,
        "message": message,
        "selector": f"{kinds.LABEL_SET}={names.label_value(facts.name)}",
        "currentRevision": _revision(facts, tally, asked, previous),
        "instances": instances.of_views(views, asked.ensures),
        "conditions": conditions.render(
            _conditions(facts, tally, word, message, asked),
            previous.get("conditions") or (),
            facts.generation,
            stamps.rfc3339(now.wall),
        ),
    }
    others = {key: value for key, value in previous.items() if key not in own and key not in _AT_TIMES}
    return {**others, **own}


def _word(facts: worker.SetFacts, tally: Tally, asked: Asked) -> tuple[str, str]:
    """The STATUS word and the one line that says why."""
    rules = facts.spec
    hold = facts.hold
    last = hold is not None and hold.reason == depending.STOPS_LATER
    if asked.deleting:
        why = hold.message if hold is not None and last else _stopping(facts, tally)
        return Word.WAITING, f"being deleted: {why}"
    if rules.suspend and not last:
        stopping = f"; {_stopping(facts, tally)}" if tally.stopping else ""
        return Word.SUSPENDED, f"stopped: workerctl start {facts.name} runs it{stopping}"
    if hold is not None and not (tally.given_up is not None and hold.reason in depending.STARTS):
        return Word.WAITING, hold.message
    if asked.stage is Stage.FAILED and tally.wanted:
        return Word.FAILED, asked.trouble
    if tally.given_up is not None:
        return Word.FAILED, _of_worker(tally.given_up, rules)
    if tally.wanted == 0:
        return (Word.WAITING, _stopping(facts, tally)) if tally.stopping else _idle(rules)
    if tally.failing is not None:
        return Word.BACKOFF, _of_worker(tally.failing, rules)
    if tally.completed == tally.wanted and tally.done is not None:
        return Word.COMPLETED, tally.done.message
    if tally.replaceable:
        progress = f"{tally.updated} of {tally.wanted} updated"
        if asked.stage is Stage.PAUSED:
            return Word.WAITING, f"rollout paused, {progress}: workerctl rollout resume {facts.name}"
        return Word.ROLLING, progress
    if tally.ready + tally.completed >= tally.wanted:
        if tally.stopping:
            return Word.READY, _stopping(facts, tally)
        return Word.READY, _used(rules, tally) if tally.unseen is None else _of_worker(tally.unseen, rules)
    return Word.STARTING, "" if tally.pending is None else _of_worker(tally.pending, rules)


def _idle(rules: spec.WorkerSetSpec) -> tuple[str, str]:
    if rules.is_catch_all:
        return Word.CATCH_ALL, "starts on ensure()"
    if rules.kind is spec.SetKind.BACKGROUND:
        return Word.LAZY, "starts on ensure()"
    return Word.READY, "nothing is wanted: num is 0"


def _used(rules: spec.WorkerSetSpec, tally: Tally) -> str:
    """How many of its places a catch-all has given away."""
    if not rules.is_catch_all:
        return ""
    return f"{tally.wanted - rules.num} of {rules.declared_max_threads or kinds.DEFAULT_CAP} names"


def _stopping(facts: worker.SetFacts, tally: Tally) -> str:
    """`2 workers still to stop, killed after 30s`: a time that does not move with the clock."""
    text = f"{_plural(tally.stopping, 'worker')} still to stop"
    grace = facts.stop_grace_seconds
    return f"{text}, killed after {sentences.seconds(grace)}" if tally.stopping and grace else text


def _of_worker(view: worker.View, rules: spec.WorkerSetSpec) -> str:
    """In a pool the sentence names its worker."""
    alone = rules.num <= 1 and not rules.is_catch_all
    return view.message if alone else f"{view.ref.worker}: {view.message}"


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _revision(facts: worker.SetFacts, tally: Tally, asked: Asked, previous: dict[str, Any]) -> str:
    """Claimed only once no process of another template lives; of an HTTP set also not before all are ready,
    since it is what a rollout that fails goes back to (S7.2)."""
    before: str = previous.get("currentRevision") or ""
    if facts.template_hash is None or tally.outdated:
        return before
    ready = 0 < tally.wanted <= tally.ready + tally.completed and asked.stage is not Stage.FAILED
    if facts.spec.kind is spec.SetKind.HTTP and not ready:
        return before
    return revision_name(facts.name, template.declared_part(facts.template_hash))


def revision_name(workerset: str, declared_hash: str) -> str:
    return f"{workerset}-{declared_hash}"


def _conditions(
    facts: worker.SetFacts, tally: Tally, word: str, message: str, asked: Asked
) -> tuple[Condition, ...]:
    failed = asked.trouble if asked.stage is Stage.FAILED else ""
    stands = asked.stage is Stage.PAUSED and word == Word.WAITING and tally.wanted and tally.replaceable
    paused = message if stands and facts.hold is None else ""
    return (
        _ready(tally, word, message, deleting=asked.deleting, held=facts.hold is not None),
        _progressing(tally, word, failed, paused),
        _degraded(facts, tally, failed),
        _given_up(facts, tally),
        _waiting(facts, paused),
    )


def _ready(tally: Tally, word: str, message: str, *, deleting: bool, held: bool) -> Condition:
    ready = tally.ready + tally.completed >= tally.wanted and tally.given_up is None
    match word:
        case Word.SUSPENDED:
            return Condition("Ready", False, "Suspended", message)
        case Word.WAITING if tally.wanted == 0 and not held and not deleting:
            return Condition("Ready", True, "Stopping", message)
        case Word.WAITING:
            reason = "Stopping" if deleting else "Waiting"
            still = ready and tally.wanted > 0 and not deleting
            return Condition("Ready", still, "AllReady" if still else reason, message)
        case Word.FAILED if tally.given_up is not None:
            return Condition("Ready", False, "GivenUp", message)
        case Word.LAZY | Word.CATCH_ALL:
            return Condition("Ready", True, "Idle", message)
        case Word.COMPLETED:
            return Condition("Ready", True, "Completed", message)
        case Word.BACKOFF:
            return Condition("Ready", ready, "Crashing", message)
        case _:
            reason = "Idle" if tally.wanted == 0 else "AllReady" if ready else "Starting"
            return Condition("Ready", ready, reason, message)


def _progressing(tally: Tally, word: str, failed: str, paused: str) -> Condition:
    if failed:
        return Condition("Progressing", False, str(Stage.FAILED), failed)
    if paused:
        return Condition("Progressing", False, str(Stage.PAUSED), paused)
    if word == Word.ROLLING:
        return Condition("Progressing", True, "Rolling")
    if word == Word.BACKOFF:
        return Condition("Progressing", True, "Retrying")
    if tally.stopping:
        return Condition("Progressing", True, "Stopping")
    if word == Word.STARTING:
        return Condition("Progressing", True, "Starting")
    return Condition("Progressing", False, "Settled")


def _degraded(facts: worker.SetFacts, tally: Tally, failed: str) -> Condition:
    if failed:
        return Condition("Degraded", True, str(Stage.FAILED), failed)
    if tally.given_up is not None:
        return Condition("Degraded", True, "GivenUp", tally.given_up.message)
    if tally.failing is not None:
        return Condition("Degraded", True, "Crashing", tally.failing.message)
    if tally.unenforced:
        return Condition("Degraded", True, "NotEnforced", tally.unenforced)
    if facts.left_out.capped:
        return Condition("Degraded", True, "NotRun", facts.left_out.why_capped)
    if facts.caution:
        return Condition("Degraded", True, "WatchLoop", facts.caution)
    return Condition("Degraded", False, "AsDeclared")


def _given_up(facts: worker.SetFacts, tally: Tally) -> Condition:
    if tally.given_up is None:
        return Condition("GivenUp", False, "NotGivenUp")
    never = facts.spec.restart is spec.Restart.NEVER
    return Condition(
        "GivenUp", True, "NeverRestarted" if never else "TooManyFailures", tally.given_up.message
    )


def _waiting(facts: worker.SetFacts, paused: str) -> Condition:
    if facts.hold is not None:
        return Condition("Waiting", True, facts.hold.reason, facts.hold.message)
    if paused:
        return Condition("Waiting", True, str(Stage.PAUSED), paused)
    return Condition("Waiting", False, "NotWaiting")
