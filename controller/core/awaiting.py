"""Whether an ensured name is there yet (S3.3, S3.5), read from its Pods; and the errors of S3.6. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controller.core import gates, kinds, names, records, refusals, resolution, sentences

Pods = Sequence[kinds.Object]


@dataclass(frozen=True, slots=True)
class Target:
    """A name that was asked for, and the set that answers to it."""

    name: str
    declared: resolution.Declared

    @property
    def workers(self) -> tuple[str, ...]:
        """The Pods that may run under the name; a pool has several."""
        workerset = self.declared.key.name
        if self.declared.is_catch_all and not (self.declared.num and self.name == workerset):
            return (names.instance(workerset, self.name),)
        return tuple(names.worker(workerset, number) for number in range(max(1, self.declared.num)))


@dataclass(frozen=True, slots=True)
class Mode:
    """How long a caller waits: until `ready`, or only until there is a process; `bootstrap` takes no failed
    boot for an answer (S3.5); `published` waits for vars of the current run too (S5)."""

    ready: bool = True
    bootstrap: bool = False
    published: bool = False


def is_ready(pods: Pods) -> bool:
    """One ready process makes a name ready; so does a one-shot that is done."""
    return any(_condition(pod) or pod["status"]["phase"] == "Succeeded" for pod in pods)


def is_published(pods: Pods) -> bool:
    """A process of the name has published vars in its current run."""
    return any(
        (pod["metadata"].get("annotations") or {}).get(kinds.ANNOTATION_PUBLISHED) == "true" for pod in pods
    )


def is_there(pods: Pods, mode: Mode) -> bool:
    """What the caller waits for has come."""
    if not mode.ready:
        return pid(pods) is not None or is_ready(pods)
    return is_ready(pods) and (not mode.published or is_published(pods))


def pid(pods: Pods) -> int | None:
    """A process of the name, a ready one if there is one."""
    found = [
        0
        if pod["status"].get("reason") == "Stopping"
        else int(pod["metadata"].get("annotations", {}).get(kinds.ANNOTATION_PID, 0))
        for pod in pods
    ]
    ready = [number for number, pod in zip(found, pods, strict=True) if number and _condition(pod)]
    return next(iter((*ready, *(number for number in found if number))), None)


def is_given_up(pods: Pods) -> bool:
    """Every process of the name is given up, and nobody has asked for it anew."""
    return bool(pods) and all(
        pod["status"].get("reason") == "GivenUp" and "deletionTimestamp" not in pod["metadata"]
        for pod in pods
    )


def judge(
    target: Target, pods: Pods, known: Mapping[str, Mapping[str, Any]], mode: Mode
) -> refusals.Refusal | bool:
    """True = there; False = go on waiting; a Refusal ends the wait. `known` are the set's run records."""
    if is_there(pods, mode):
        return True
    if is_given_up(pods):
        why = pods[0]["status"].get("message", "").replace("given up: ", "")
        return failed(refusals.Kind.GIVEN_UP, f"{target.name} was given up: {why}", target, pods, known)
    if mode.bootstrap and mode.ready:
        return _boot_failure(target, pods, known) or False
    return False


def timed_out(
    target: Target, pods: Pods, known: Mapping[str, Mapping[str, Any]], seconds: float, why: str
) -> refusals.Refusal:
    """`why` is what the set says of itself, for where there is no Pod to ask."""
    if is_ready(pods):
        text = f"{target.name} is ready, but never published vars within {sentences.seconds(seconds)}"
        return failed(refusals.Kind.TIMEOUT, text, target, pods, known, gates.NEVER_PUBLISHED)
    message = pods[0]["status"].get("message", "") if pods else ""
    missing = gates.MISSING.get(message, "")
    told = missing or message or why or "it has not been alive for long enough"
    text = f"{target.name} was not ready within {sentences.seconds(seconds)}: {told}"
    return failed(refusals.Kind.TIMEOUT, text, target, pods, known)


def failed(
    kind: refusals.Kind,
    text: str,
    target: Target,
    pods: Pods,
    known: Mapping[str, Mapping[str, Any]],
    missing: str = "",
) -> refusals.Refusal:
    """A Refusal with all that is known of the worker (S3.6); `missing` is what it has not done yet."""
    worker = pods[0]["metadata"]["name"] if pods else target.workers[0]
    details: dict[str, Any] = {
        "name": target.name,
        "scope": target.declared.scope,
        "set": target.declared.key.name,
        "worker": worker,
        "entrypoint": target.declared.entrypoint,
    }
    record = records.from_json(known[worker]) if worker in known else records.EMPTY
    last = record.last
    if last is not None and not last.stopped:
        details |= {"attempt": record.counters.failures, "exitCode": last.code, "signal": last.signal}
        if last.exception:
            details["error"] = dict(last.exception)
        else:
            details["lines"] = list(last.lines)
    if not missing and pods:
        missing = gates.MISSING.get(pods[0]["status"].get("message", ""), "")
    if missing:
        details["missing"] = missing
    place = f"set {target.declared.key.name}, {resolution.said(target.declared.scope)}"
    advice = _advice(kind, worker if pods else "", target.declared.key.name)
    return refusals.Refusal(kind, f"{text} ({place}, {target.declared.entrypoint})", details, advice)


def _advice(kind: refusals.Kind, worker: str, workerset: str) -> str:
    if kind is refusals.Kind.GIVEN_UP:
        return f"see why: workerctl logs {worker}; once it is repaired, ensure it again"
    if kind is refusals.Kind.BOOT_FAILURE:
        return f"see why: workerctl logs {worker}"
    return (
        f"it goes on trying; see why: workerctl describe {f'pod/{worker}' if worker else f'ws {workerset}'}"
    )


def _boot_failure(
    target: Target, pods: Pods, known: Mapping[str, Mapping[str, Any]]
) -> refusals.Refusal | None:
    """S3.5: a recorded failure of a worker that is not ready now, even one from before this call."""
    for pod in pods:
        worker = pod["metadata"]["name"]
        record = records.from_json(known[worker]) if worker in known else records.EMPTY
        if record.last is None or record.last.stopped or "deletionTimestamp" in pod["metadata"]:
            continue
        if record.counters.failures or record.last.boot:
            text = f"{target.name} failed to boot: {sentences.failure(record, 'it is tried again')}"
            return failed(refusals.Kind.BOOT_FAILURE, text, target, [pod], known)
    return None


def _condition(pod: kinds.Object) -> bool:
    return any(
        one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions", ())
    )
