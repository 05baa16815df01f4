"""The closed list of conditions of a WorkerSet, each with its reasons (S1.9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

REASONS: dict[str, dict[str, str]] = {
    "Ready": {
        "AllReady": "as many workers are ready as are wanted",
        "Idle": "nothing is wanted now: a lazy set, a catch-all, or num: 0",
        "Completed": "every worker is done",
        "Starting": "workers are on their way",
        "Crashing": "a worker failed and is tried again",
        "GivenUp": "a worker failed too often",
        "Waiting": "something else must happen first; see Waiting",
        "Suspended": "declared, not running",
        "Stopping": "workers are being stopped",
    },
    "Progressing": {
        "Starting": "workers start",
        "Rolling": "workers of an older template are replaced",
        "Retrying": "failed workers are run again",
        "Stopping": "workers or leftovers of them are being stopped",
        "Paused": "the rollout of an HTTP set is paused",
        "ProgressDeadlineExceeded": "a new template was not ready in time; the one before goes on",
        "Settled": "nothing is going on",
    },
    "Degraded": {
        "Crashing": "a worker fails and is run again",
        "GivenUp": "a worker failed too often",
        "NotEnforced": "a limit of resources does not hold here; the workers run",
        "ProgressDeadlineExceeded": "workers of the template before run instead of the declared one",
        "NotRun": "names are listed, or were ensured, that max_threads has no place for",
        "WatchLoop": "a worker writes files that the set watches; they restart nothing",
        "AsDeclared": "no worker fails",
    },
    "GivenUp": {
        "TooManyFailures": "too many failures in a row; tried again every retry_after",
        "NeverRestarted": "it failed, and restart: never",
        "NotGivenUp": "no worker is given up",
    },
    "Waiting": {
        "Conflict": "an older set holds a name or an address of this one",
        "DependencyNotReady": "what it depends on is not ready; the message says what, and how it stands",
        "DependencyCycle": "it depends on itself, by way of others",
        "DependentsStop": "it is to stop, after what depends on it",
        "EnvFile": "an env file cannot be read",
        "Handover": "processes of another user, or of names of a former catch-all, are to end first",
        "AddressInUse": "another program listens on an address of the set; tried again",
        "CannotListen": "an address of the set cannot be bound; tried again",
        "RuntimeDisconnected": "the part that runs processes is away",
        "Paused": "for the rollout to be resumed",
        "ShuttingDown": "the controller ends",
        "NotWaiting": "nothing is waited for",
    },
}
"""Condition → reason → meaning. `status.py` may use nothing else; `describe` and the docs show it."""


def markdown() -> str:
    """The table of conditions in `docs/reconcile.md`."""
    lines = ["| condition | reason | meaning |", "| --- | --- | --- |"]
    for type_, reasons in REASONS.items():
        lines += [f"| {type_} | {reason} | {meaning} |" for reason, meaning in reasons.items()]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class Condition:
    type: str
    status: bool
    reason: str
    message: str = ""


def render(
    conditions: Sequence[Condition], previous: Sequence[Mapping[str, Any]], generation: int, now: str
) -> list[dict[str, Any]]:
    """Kubernetes' shape; `lastTransitionTime` moves only when the status of a condition does."""
    before = {condition["type"]: condition for condition in previous}
    rendered = []
    for condition in conditions:
        value = "True" if condition.status else "False"
        old = before.get(condition.type)
        since = old["lastTransitionTime"] if old is not None and old["status"] == value else now
        rendered.append(
            {
                "type": condition.type,
                "status": value,
                "observedGeneration": generation,
                "lastTransitionTime": since,
                "reason": condition.reason,
                "message": condition.message,
            }
        )
    return rendered
