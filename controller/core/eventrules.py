"""What a client may say in an Event (core/v1): judged here, kept and forgotten like the controller's own.

Kubernetes' own rules where it has them: what an Event is about lies in the Event's namespace, or, for things
that have none, in `default`.
"""

from __future__ import annotations

from typing import Any

from controller.core import errors, fields, kinds, names, stamps

TYPES = ("Normal", "Warning")
LONGEST_REASON, LONGEST_MESSAGE = 128, 16 * 1024

_TIMES = ("firstTimestamp", "lastTimestamp", "eventTime")
_TEXTS = {"reason": LONGEST_REASON, "message": LONGEST_MESSAGE, "action": LONGEST_REASON}
_TEXTS |= {"reportingComponent": LONGEST_REASON, "reportingInstance": LONGEST_REASON}
_OBJECTS = ("involvedObject", "source", "series", "related")
FIELDS = (*_OBJECTS, *_TEXTS, "type", "count", *_TIMES)
"""What an Event has beside its metadata."""

_KNOWN = frozenset({"apiVersion", "kind", "metadata", *FIELDS})


def completed(event: kinds.Object, owner_label: str, now: str) -> kinds.Object:
    """With the label its owner's Events have in common, and the times and count a client may leave out."""
    meta = fields.mapping(event.get("metadata"))
    labels = meta.get("labels") or {}
    if isinstance(labels, dict):
        labels = {**labels, kinds.LABEL_SET: owner_label}
    found = {key: value for key, value in event.items() if value is not None}
    last = found.get("lastTimestamp") or found.get("eventTime") or now
    times = {"firstTimestamp": found.get("firstTimestamp") or last, "lastTimestamp": last}
    return {"type": TYPES[0], "count": 1, **found, **times, "metadata": {**meta, "labels": labels}}


def owner_label(event: kinds.Object, pod: kinds.Object | None) -> str:
    """Of the set that the Event is about, itself or by a Pod of it; empty for anything else."""
    about = fields.mapping(event.get("involvedObject"))
    name = str(about.get("name", ""))
    if about.get("kind") == kinds.WORKERSETS.kind:
        return names.label_value(name) if name.isascii() else ""
    found = fields.mapping(pod["metadata"].get("labels")).get(kinds.LABEL_SET) if pod else None
    return str(found or "")


def problems(event: kinds.Object) -> list[errors.FieldProblem]:
    """All that is wrong with it."""
    found = [
        errors.FieldProblem((key,), "UnknownField", "is no field of an Event")
        for key in event
        if key not in _KNOWN
    ]
    found += [
        errors.FieldProblem((key,), "TypeInvalid", "must be an object", value=event[key])
        for key in _OBJECTS
        if not isinstance(event.get(key, {}), dict)
    ]
    found += [one for key, most in _TEXTS.items() for one in _text_problems(key, event.get(key, ""), most)]
    found += [one for key in _TIMES for one in _time_problems(key, event.get(key))]
    count = event.get("count", 1)
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        found.append(
            errors.FieldProblem(("count",), "Invalid", "must be a whole number above 0", value=count)
        )
    if event.get("type", TYPES[0]) not in TYPES:
        supported = "supported values: " + ", ".join(f'"{one}"' for one in TYPES)
        found.append(errors.FieldProblem(("type",), "NotSupported", supported, value=event["type"]))
    return found + _about_problems(event)


def _text_problems(key: str, value: Any, most: int) -> list[errors.FieldProblem]:
    if not isinstance(value, str):
        return [errors.FieldProblem((key,), "TypeInvalid", "must be a string", value=value)]
    if len(value) > most:
        return [errors.FieldProblem((key,), "TooLong", f"may not be longer than {most} characters")]
    return []


def _time_problems(key: str, value: Any) -> list[errors.FieldProblem]:
    try:
        if value is not None:
            stamps.parse(value)
    except (TypeError, ValueError):
        return [errors.FieldProblem((key,), "Invalid", "must be a time as of RFC 3339", value=value)]
    return []


def _about_problems(event: kinds.Object) -> list[errors.FieldProblem]:
    about = fields.mapping(event.get("involvedObject"))
    namespace = fields.mapping(event.get("metadata")).get("namespace")
    if (about.get("namespace") or "default") == namespace:
        return []
    return [
        errors.FieldProblem(
            ("involvedObject", "namespace"),
            "Invalid",
            "does not match event.namespace",
            value=about.get("namespace", ""),
        )
    ]
