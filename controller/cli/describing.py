"""The text of `describe`, line by line. Pure: objects, their events and the time in, lines out."""

from __future__ import annotations

from controller.cli import healthlines, instances, objects, tables, text
from controller.core import masking

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    Object = dict[str, Any]

_LAST_RUN_TOOK = "workerset.dev/last-run-took"
_HIDDEN = frozenset({"kubectl.kubernetes.io/last-applied-configuration"})


class Around:
    """What is told of a set or a worker besides itself. `published`: of the names of its scope."""

    __slots__ = ("events", "owner", "pods", "published")

    def __init__(
        self,
        events: Sequence[Object] = (),
        pods: Sequence[Object] = (),
        owner: Object | None = None,
        published: Sequence[Object] = (),
    ) -> None:
        self.events = events
        self.pods = pods
        self.owner: Object = owner or {}
        self.published = published


def workerset(obj: Object, around: Around, now: float) -> list[str]:
    """One set with its workers."""
    status = obj.get("status") or {}
    lines = _head(obj, now)
    lines += _pairs(
        ("Status", f"{objects.state(obj)}, {objects.ready(obj)} ready"),
        ("Why", objects.why(obj)),
        ("Addresses", "\n".join(objects.addresses(obj))),
        ("Scaling", objects.scaling(obj)),
        ("Source", objects.source(obj)),
        ("Restarts", str(status.get("restarts") or 0)),
        ("Revision", str(status.get("currentRevision") or "")),
    )
    lines += ["Declared:", *text.indent("\n".join(_fields(_masked(obj.get("spec") or {})))).splitlines()]
    lines += instances.lines(obj, around.pods, around.published, now)
    lines += _workers(around.pods, now)
    lines += healthlines.lines(around.pods, now)
    lines += _conditions(status.get("conditions") or (), now)
    return lines + _events(around.events, now)


def pod(obj: Object, around: Around, now: float) -> list[str]:
    """One worker: its process, this run and the last."""
    metadata, status, spec = obj["metadata"], obj.get("status") or {}, obj.get("spec") or {}
    main: Object = next(iter(status.get("containerStatuses") or ()), {})
    declared: Object = next(iter(spec.get("containers") or ()), {})
    annotations = metadata.get("annotations") or {}
    took = str(annotations.get(_LAST_RUN_TOOK) or "")
    lines = _head(obj, now)
    lines += _pairs(
        ("Set", set_of(obj)),
        *instances.of_pod(obj, around.owner, around.published, now),
        ("Phase", str(status.get("phase") or "Pending")),
        ("Ready", "yes" if main.get("ready") else "no"),
        ("Process", str(annotations.get("workerset.dev/pid") or "")),
        ("Command", " ".join(map(str, [*(declared.get("command") or ()), *(declared.get("args") or ())]))),
        ("Folder", str(declared.get("workingDir") or "")),
        ("Restarts", str(main.get("restartCount") or 0)),
        ("State", container_state(main.get("state") or {}, now, took)),
        ("Last run", container_state(main.get("lastState") or {}, now, took)),
    )
    lines += healthlines.lines([obj], now)
    lines += _conditions(healthlines.others(status.get("conditions") or ()), now)
    return lines + _events(around.events, now)


def set_of(pod: Object) -> str:
    """The name of the set a worker belongs to."""
    metadata = pod["metadata"]
    owner: Object = next(iter(metadata.get("ownerReferences") or ()), {})
    return str(owner.get("name") or (metadata.get("labels") or {}).get("workerset.dev/set") or "")


def anything(obj: Object, now: float) -> list[str]:
    """An object of another kind: its head and its fields."""
    skipped = ("metadata", "apiVersion", "kind")
    return _head(obj, now) + _fields({name: value for name, value in obj.items() if name not in skipped})


def container_state(state: Object, now: float, took: str = "") -> str:
    """`running for 3m20s`, `waiting: CrashLoopBackOff: …`, `exit 1 after 0.3s, 5m ago: …`.

    `took` is how long the last run lived, known better than by stamps of whole seconds.
    """
    for word, facts in state.items():
        reason = ": ".join(str(facts[key]) for key in ("reason", "message") if facts.get(key))
        if word == "running":
            return f"running for {text.age_of(str(facts.get('startedAt') or ''), now)}"
        if word == "waiting":
            return f"waiting: {reason}" if reason else "waiting"
        ended = f"signal {facts['signal']}" if facts.get("signal") else f"exit {facts.get('exitCode')}"
        began, finished = (text.epoch(str(facts.get(key) or "")) for key in ("startedAt", "finishedAt"))
        if began is not None and finished is not None:
            ended += f" after {took or text.age(finished - began)}"
        if finished is not None:
            ended += f", {text.age(now - finished)} ago"
        return f"{ended}: {facts['message']}" if facts.get("message") else ended
    return ""


def _head(obj: Object, now: float) -> list[str]:
    metadata = obj["metadata"]
    lines = _pairs(
        ("Name", str(metadata["name"])),
        ("Namespace", str(metadata.get("namespace") or "")),
        ("Labels", _words(metadata.get("labels") or {})),
        ("Annotations", _words(metadata.get("annotations") or {})),
        ("Created", str(metadata.get("creationTimestamp") or "")),
    )
    if metadata.get("deletionTimestamp"):
        lines += _pairs(("Deleting", f"since {text.age_of(str(metadata['deletionTimestamp']), now)}"))
    return lines


def _pairs(*pairs: tuple[str, str]) -> list[str]:
    """`Name:        web`; empty values are left out, further lines are aligned."""
    lines = []
    for name, value in pairs:
        first, *more = value.splitlines() or [""]
        if first or more:
            lines.append(f"{name + ':':<13}{first}")
            lines += [f"{'':<13}{line}" for line in more]
    return lines


def _words(values: Object) -> str:
    return "\n".join(f"{name}={value}" for name, value in sorted(values.items()) if name not in _HIDDEN)


def _fields(value: Object) -> list[str]:
    """Nested fields, indented: short lists on one line."""
    lines = []
    for name, item in value.items():
        if isinstance(item, dict) and item:
            lines += [f"{name}:", *text.indent("\n".join(_fields(item))).splitlines()]
        elif isinstance(item, list) and any(isinstance(entry, dict) for entry in item):
            lines.append(f"{name}:")
            for entry in item:
                first, *more = _fields(entry) or ["-"]
                lines += [f"- {first}", *(f"  {line}" for line in more)]
        elif isinstance(item, list):
            lines.append(f"{name}: {' '.join(_quoted(entry) for entry in item)}")
        else:
            lines.append(f"{name}: {_scalar(item)}")
    return lines


def _scalar(value: object) -> str:
    if value is True or value is False:
        return str(value).lower()
    return "" if value is None else tables.cell(str(value).replace("\n", "\\n"))


def _quoted(value: object) -> str:
    """A word of a command, so that its borders can be seen."""
    import shlex

    return shlex.quote(_scalar(value))


def _masked(spec: Object) -> Object:
    env = spec.get("env")
    return {**spec, "env": masking.masked_all(env)} if isinstance(env, dict) else spec


def _workers(pods: Sequence[Object], now: float) -> list[str]:
    if not pods:
        return ["Workers:     none"]
    rows = [("NAME", "PID", "READY", "RESTARTS", "STATE")]
    for found in pods:
        main: Object = next(iter((found.get("status") or {}).get("containerStatuses") or ()), {})
        annotations = found["metadata"].get("annotations") or {}
        rows.append(
            (
                objects.name(found),
                str(annotations.get("workerset.dev/pid") or "-"),
                "yes" if main.get("ready") else "no",
                str(main.get("restartCount") or 0),
                container_state(main.get("state") or {}, now, str(annotations.get(_LAST_RUN_TOOK) or "")),
            )
        )
    return ["Workers:", *(f"  {line}" for line in text.columns(rows))]


def _conditions(conditions: Iterable[Object], now: float) -> list[str]:
    rows = [("TYPE", "STATUS", "REASON", "SINCE", "MESSAGE")]
    for found in conditions:
        since = text.age_of(str(found.get("lastTransitionTime") or ""), now)
        message = " ".join(str(found.get("message") or "").split())
        rows.append(
            (str(found["type"]), str(found["status"]), str(found.get("reason") or ""), since, message)
        )
    return ["Conditions:", *(f"  {line}" for line in text.columns(rows))] if len(rows) > 1 else []


def _events(events: Sequence[Object], now: float) -> list[str]:
    if not events:
        return ["Events:      none"]
    rows = [("TYPE", "REASON", "AGE", "MESSAGE")]
    for event in sorted(events, key=lambda event: str(event.get("lastTimestamp") or "")):
        age = text.age_of(str(event.get("lastTimestamp") or event.get("eventTime") or ""), now)
        count = int(event.get("count") or 1)
        message = " ".join(str(event.get("message") or "").split())
        times = f"{age} (x{count})" if count > 1 else age
        rows.append((str(event.get("type")), str(event.get("reason")), times, message))
    return ["Events:", *(f"  {line}" for line in text.columns(rows))]
