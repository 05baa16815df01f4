"""Sets and workers as typed values, read from their objects. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from controller.core import awaiting, fields, kinds, standing

AppliedAction = Literal["created", "configured", "unchanged"]


@dataclass(frozen=True, slots=True)
class SetState:
    """A declared set. `state` is the STATUS word (S1.9), `message` why; `object` is all of it, not to be
    changed."""

    namespace: str
    set_name: str
    name: str | None
    scope: str
    state: str
    ready: int
    message: str
    object: Mapping[str, Any] = field(repr=False, compare=False)

    @property
    def has_settled(self) -> bool:
        """Its boot phase is over: ready, completed or idle as declared, or given up (S4.5)."""
        return standing.has_settled(self.object)

    @property
    def has_failed(self) -> bool:
        """Given up (S4.5)."""
        return standing.has_failed(self.object)


@dataclass(frozen=True, slots=True)
class WorkerState:
    """One worker of a set. `name` is the worker name it answers to, `pid` None while no process runs."""

    namespace: str
    worker: str
    set_name: str
    name: str
    pid: int | None
    phase: str
    is_ready: bool
    restarts: int
    message: str
    object: Mapping[str, Any] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Change:
    """What a watch tells: an `item` is there or came, is another, or has gone."""

    action: Literal["added", "modified", "deleted"]
    item: SetState | WorkerState


@dataclass(frozen=True, slots=True)
class Applied:
    """What an apply did to one set."""

    action: AppliedAction
    namespace: str
    set_name: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Instance:
    """A name that was ensured: the set and the worker that run it."""

    namespace: str
    name: str
    scope: str
    set_name: str
    worker: str
    pid: int | None
    is_ready: bool


def set_state(obj: kinds.Object) -> SetState:
    spec, status = obj["spec"], fields.mapping(obj.get("status"))
    return SetState(
        namespace=obj["metadata"]["namespace"],
        set_name=obj["metadata"]["name"],
        name=spec.get("name"),
        scope=spec.get("scope", ""),
        state=standing.state(obj),
        ready=int(status.get("readyReplicas") or 0),
        message=standing.why(obj),
        object=obj,
    )


def worker_state(pod: kinds.Object) -> WorkerState:
    meta, status = pod["metadata"], pod["status"]
    return WorkerState(
        namespace=meta["namespace"],
        worker=meta["name"],
        set_name=meta["ownerReferences"][0]["name"],
        name=meta["annotations"][kinds.ANNOTATION_WORKER_NAME],
        pid=awaiting.pid([pod]),
        phase=status.get("reason") or status["phase"],
        is_ready=awaiting.is_ready([pod]),
        restarts=int(status["containerStatuses"][0]["restartCount"]),
        message=status.get("message", ""),
        object=pod,
    )


def instance(told: Mapping[str, Any]) -> Instance:
    """From the answer of the desk."""
    return Instance(
        namespace=told["namespace"],
        name=told["name"],
        scope=told["scope"],
        set_name=told["set"],
        worker=told["worker"],
        pid=told["pid"],
        is_ready=told["ready"],
    )
