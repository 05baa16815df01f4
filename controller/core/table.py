"""Kinds as tables, for `get` without `-o`: columns, and the cells of one object (meta.k8s.io/v1 Table).

Pure, and never raises on a malformed object: what is missing shows as Kubernetes shows it. Columns of
priority 1 appear with `-o wide` only. The names are kubectl's where it has the kind.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from controller.core import ages, fields, kinds
from controller.core.status import Word

NONE = "<none>"
CATCH_ALL = "*"
"""Shown as the worker name of a catch-all, which has none of its own (S2.1)."""


@dataclass(frozen=True, slots=True)
class Column:
    """One columnDefinition."""

    name: str
    description: str
    type: Literal["string", "integer"] = "string"
    priority: int = 0
    format: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "type": self.type,
            "format": self.format,
            "description": self.description,
            "priority": self.priority,
        }


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a kind and how an object becomes a row of them.

    `age` is the cell that moves while the object does not, if there is just that one.
    """

    columns: tuple[Column, ...]
    cells: Callable[[kinds.Object, float], list[Any]]
    age: int | None = None


_NAME = Column("Name", "the name, unique in its namespace", format="name")
_AGE = Column("Age", "since it was created")


def layout(resource: kinds.Resource) -> Layout:
    """The table of a kind; NAME and AGE for one without its own."""
    return _LAYOUTS.get(resource.qualified, _PLAIN)


def scale_layout() -> Layout:
    """The table of `/scale` (autoscaling/v1 Scale)."""
    return _SCALE


def _meta(obj: kinds.Object) -> dict[str, Any]:
    return fields.mapping(obj.get("metadata"))


def age_of(obj: kinds.Object, now: float) -> str:
    return ages.age(_meta(obj).get("creationTimestamp"), now)


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _first(value: Any) -> dict[str, Any]:
    found = _list(value)
    return fields.mapping(found[0]) if found else {}


# --------------------------------------------------------------------------- WorkerSets


def _workerset(obj: kinds.Object, now: float) -> list[Any]:
    spec, status = fields.mapping(obj.get("spec")), fields.mapping(obj.get("status"))
    return [
        _meta(obj).get("name"),
        f"{_number(status.get('readyReplicas'))}/{_wanted(spec, status)}",
        _number(status.get("updatedReplicas")),
        _number(status.get("restarts")),
        _workerset_state(obj, status),
        age_of(obj, now),
        _command(spec),
        spec.get("scope") or NONE,
        spec.get("name") or (CATCH_ALL if spec.get("background") is True else NONE),
        str(fields.mapping(spec.get("resources")).get("memory") or NONE),
        " ".join(str(one) for one in _list(status.get("addresses"))) or NONE,
    ]


def _wanted(spec: dict[str, Any], status: dict[str, Any]) -> int:
    """What READY counts towards; for a catch-all the places it has (S1: `max_threads`, default 16)."""
    background = spec.get("background") is True
    if background and not spec.get("name"):
        return _number(spec.get("max_threads")) or kinds.DEFAULT_CAP
    declared = spec.get("num")
    eager = _number(declared) if declared is not None else (0 if background else 1)
    eager = max(eager, _number(fields.mapping(status.get("scaling")).get("target")))
    return max(eager, len(_list(spec.get("instances")) or _list(status.get("instances"))))


def _workerset_state(obj: kinds.Object, status: dict[str, Any]) -> str:
    """The STATUS word: always one of S1.9, also before this generation has been looked at."""
    if _meta(obj).get("deletionTimestamp"):
        return Word.WAITING
    if _number(status.get("observedGeneration")) < _number(_meta(obj).get("generation")):
        return Word.STARTING
    return str(status.get("state") or Word.STARTING)


def _command(spec: dict[str, Any]) -> str:
    """What is run, as one would type it."""
    command = spec.get("command")
    words = [command] if isinstance(command, str) else [shlex.quote(str(word)) for word in _list(command)]
    if not words and spec.get("file"):
        words = [str(spec["file"])]
    return " ".join([*words, *(shlex.quote(str(word)) for word in _list(spec.get("args")))]) or NONE


# --------------------------------------------------------------------------- Pods


def _pod(obj: kinds.Object, now: float) -> list[Any]:
    status, spec = fields.mapping(obj.get("status")), fields.mapping(obj.get("spec"))
    containers = [fields.mapping(one) for one in _list(status.get("containerStatuses"))]
    annotations = fields.mapping(_meta(obj).get("annotations"))
    ready = sum(1 for one in containers if one.get("ready") is True)
    return [
        _meta(obj).get("name"),
        f"{ready}/{len(_list(spec.get('containers'))) or 1}",
        _pod_state(obj, status, containers),
        _pod_restarts(containers, now),
        age_of(obj, now),
        annotations.get(kinds.ANNOTATION_PID) or NONE,
        annotations.get(kinds.ANNOTATION_WORKER_NAME) or NONE,
        spec.get("nodeName") or NONE,
    ]


def _pod_state(obj: kinds.Object, status: dict[str, Any], containers: Sequence[dict[str, Any]]) -> str:
    """One word, in kubectl's order: being deleted, what the container says, the reason, the phase."""
    if _meta(obj).get("deletionTimestamp"):
        return "Terminating"
    reason = str(status.get("reason") or "")
    state = fields.mapping(containers[0].get("state")) if containers else {}
    if reason != "GivenUp":
        for name in ("waiting", "terminated"):
            told = fields.mapping(state.get(name)).get("reason")
            if told:
                return str(told)
    return reason or str(status.get("phase") or "Unknown")


def _pod_restarts(containers: Sequence[dict[str, Any]], now: float) -> str:
    """`4 (12s ago)`: how often, and when the run before this one ended."""
    count = sum(_number(one.get("restartCount")) for one in containers)
    last = fields.mapping(fields.mapping(containers[0].get("lastState")).get("terminated")) if count else {}
    since = ages.age(last.get("finishedAt"), now)
    return str(count) if since == ages.UNKNOWN else f"{count} ({since} ago)"


# --------------------------------------------------------------------------- Events and the rest


def _event(obj: kinds.Object, now: float) -> list[Any]:
    about = fields.mapping(obj.get("involvedObject"))
    count = _number(obj.get("count"))
    first = ages.age(obj.get("firstTimestamp"), now)
    last = ages.age(obj.get("lastTimestamp") or obj.get("eventTime"), now)
    return [
        f"{last} (x{count} over {first})" if count > 1 else last,
        obj.get("type") or "",
        obj.get("reason") or "",
        f"{str(about.get('kind', '')).lower()}/{about.get('name', '')}",
        str(obj.get("message") or "").strip(),
        fields.mapping(obj.get("source")).get("component") or obj.get("reportingComponent") or "",
        first,
        max(count, 1),
        _meta(obj).get("name"),
    ]


def _namespace(obj: kinds.Object, now: float) -> list[Any]:
    phase = fields.mapping(obj.get("status")).get("phase")
    return [_meta(obj).get("name"), phase or "Active", age_of(obj, now)]


def _revision(obj: kinds.Object, now: float) -> list[Any]:
    owner = _first(_meta(obj).get("ownerReferences"))
    named = f"{str(owner.get('kind', '')).lower()}/{owner.get('name', '')}" if owner else NONE
    return [_meta(obj).get("name"), named, _number(obj.get("revision")), age_of(obj, now)]


def _scale(obj: kinds.Object, now: float) -> list[Any]:
    wanted, found = fields.mapping(obj.get("spec")), fields.mapping(obj.get("status"))
    return [
        _meta(obj).get("name"),
        _number(wanted.get("replicas")),
        _number(found.get("replicas")),
        age_of(obj, now),
    ]


def _plain(obj: kinds.Object, now: float) -> list[Any]:
    return [_meta(obj).get("name"), age_of(obj, now)]


_PLAIN = Layout((_NAME, _AGE), _plain)
_SCALE = Layout(
    (
        _NAME,
        Column("Desired", "workers that are wanted", "integer"),
        Column("Available", "workers that run", "integer"),
        _AGE,
    ),
    _scale,
)
_LAYOUTS = {
    kinds.WORKERSETS.qualified: Layout(
        (
            _NAME,
            Column("Ready", "workers that are ready, of those that are wanted"),
            Column("Up-to-date", "workers that run the current template", "integer"),
            Column("Restarts", "runs after the first, of all workers", "integer"),
            Column("Status", "one word for how the set is doing"),
            _AGE,
            Column("Command", "what is run", priority=1),
            Column("Scope", "where its names are looked up", priority=1),
            Column("Worker-name", "the name it answers to; * for a catch-all", priority=1),
            Column("Memory", "the most that one worker may use", priority=1),
            Column("Addresses", "where an HTTP set can be reached", priority=1),
        ),
        _workerset,
        age=5,
    ),
    kinds.PODS.qualified: Layout(
        (
            _NAME,
            Column("Ready", "whether the worker is ready"),
            Column("Status", "one word for how the worker is doing"),
            Column("Restarts", "runs after the first, and when the last one ended"),
            _AGE,
            Column("PID", "the process id", priority=1),
            Column("Worker", "the worker name", priority=1),
            Column("Node", "where it runs", priority=1),
        ),
        _pod,
    ),
    kinds.EVENTS.qualified: Layout(
        (
            Column("Last Seen", "since it was last seen, how often, and over what time"),
            Column("Type", "Normal or Warning"),
            Column("Reason", "one word for what happened"),
            Column("Object", "what it is about"),
            Column("Message", "what happened"),
            Column("Source", "who tells", priority=1),
            Column("First Seen", "since it was first seen", priority=1),
            Column("Count", "how often it was seen", "integer", priority=1),
            Column("Name", "the name of the Event", priority=1, format="name"),
        ),
        _event,
    ),
    kinds.NAMESPACES.qualified: Layout(
        (_NAME, Column("Status", "Active, or Terminating while its sets drain"), _AGE), _namespace
    ),
    kinds.REVISIONS.qualified: Layout(
        (
            _NAME,
            Column("Controller", "the set it is a revision of"),
            Column("Revision", "its number; the newest is current", "integer"),
            _AGE,
        ),
        _revision,
    ),
}
