"""Bodies in Kubernetes' protobuf: how kubectl, and operators in Go, write the kinds they have compiled in.

An envelope (`k8s\\0`, then runtime.Unknown) names the kind, a table the fields of it; what the table does not
name is passed over, as protobuf wants. Only what clients send is here: answers are JSON.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NoReturn

from controller.core import errors

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"

_MAGIC = b"k8s\x00"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DEEPEST = 32

Scalar = Literal["text", "bytes", "bool", "int", "count", "time", "microtime"]
"""A `count` is a number of which zero says nothing, as in a field of Go that has no pointer."""
Message = Mapping[int, "Field"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message: its name in JSON, and what it holds."""

    name: str
    of: Scalar | Message = "text"
    shape: Literal["one", "list", "map"] = "one"


def _texts(*names: str) -> Message:
    """A message of texts, numbered in this order."""
    return {number: Field(name) for number, name in enumerate(names, start=1)}


_OWNER: Message = {
    1: Field("kind"),
    3: Field("name"),
    4: Field("uid"),
    5: Field("apiVersion"),
    6: Field("controller", "bool"),
    7: Field("blockOwnerDeletion", "bool"),
}
_METADATA: Message = {
    1: Field("name"),
    2: Field("generateName"),
    3: Field("namespace"),
    5: Field("uid"),
    6: Field("resourceVersion"),
    7: Field("generation", "int"),
    8: Field("creationTimestamp", "time"),
    11: Field("labels", "text", "map"),
    12: Field("annotations", "text", "map"),
    13: Field("ownerReferences", _OWNER, "list"),
    14: Field("finalizers", "text", "list"),
}
_ATTRIBUTES = _texts("namespace", "verb", "group", "version", "resource", "subresource", "name")
_ACCESS: Message = {
    1: Field("resourceAttributes", _ATTRIBUTES),
    2: Field("nonResourceAttributes", {1: Field("path"), 2: Field("verb")}),
}
_META = {1: Field("metadata", _METADATA)}
_REFERENCE = _texts("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
_EVENT: Message = {
    **_META,
    2: Field("involvedObject", _REFERENCE),
    3: Field("reason"),
    4: Field("message"),
    5: Field("source", {1: Field("component"), 2: Field("host")}),
    6: Field("firstTimestamp", "time"),
    7: Field("lastTimestamp", "time"),
    8: Field("count", "count"),
    9: Field("type"),
    10: Field("eventTime", "microtime"),
    11: Field("series", {1: Field("count", "count"), 2: Field("lastObservedTime", "microtime")}),
    12: Field("action"),
    13: Field("related", _REFERENCE),
    14: Field("reportingComponent"),
    15: Field("reportingInstance"),
}

KINDS: Mapping[tuple[str, str], Message] = {
    ("v1", "Event"): _EVENT,
    ("v1", "Namespace"): {**_META, 2: Field("spec", {1: Field("finalizers", "text", "list")})},
    ("v1", "ConfigMap"): {
        **_META,
        2: Field("data", "text", "map"),
        3: Field("binaryData", "bytes", "map"),
        4: Field("immutable", "bool"),
    },
    ("authorization.k8s.io/v1", "SelfSubjectAccessReview"): {**_META, 2: Field("spec", _ACCESS)},
    ("authorization.k8s.io/v1", "SelfSubjectRulesReview"): {
        **_META,
        2: Field("spec", {1: Field("namespace")}),
    },
    ("authentication.k8s.io/v1", "SelfSubjectReview"): _META,
    ("v1", "DeleteOptions"): {
        1: Field("gracePeriodSeconds", "int"),
        2: Field("preconditions", {1: Field("uid"), 2: Field("resourceVersion")}),
        3: Field("orphanDependents", "bool"),
        4: Field("propagationPolicy"),
        5: Field("dryRun", "text", "list"),
    },
}
"""Field numbers are those of Kubernetes' generated.proto files."""

_ENVELOPE: Message = {1: Field("type", {1: Field("apiVersion"), 2: Field("kind")}), 2: Field("raw", "bytes")}


def parse(body: bytes) -> dict[str, Any]:
    """The object as JSON has it. Raises BadRequest, or UnsupportedMediaType for a kind that is not here."""
    if not body.startswith(_MAGIC):
        _refuse("it does not begin with the bytes k8s and zero")
    envelope = _message(body[len(_MAGIC) :], _ENVELOPE, 0)
    named = envelope.get("type", {})
    about = (named.get("apiVersion", ""), named.get("kind", ""))
    wanted = KINDS.get(about)
    if wanted is None:
        raise errors.UnsupportedMediaType(
            f"this kind is not read in protobuf, send it as JSON: {about[0] or '-'} {about[1] or '-'}"[:200],
            ("application/json", "application/yaml"),
        )
    raw = base64.b64decode(envelope.get("raw", ""))
    return {"apiVersion": about[0], "kind": about[1], **_message(raw, wanted, 0)}


def parse_options(body: bytes) -> dict[str, Any]:
    """What a deletion may say. Raises BadRequest for any other kind."""
    found = parse(body)
    if found["kind"] != "DeleteOptions":
        raise errors.BadRequest(f"DeleteOptions are expected here, not: {found['kind']}")
    return found


def _refuse(why: str) -> NoReturn:
    raise errors.BadRequest(f"the body is no valid protobuf: {why}")


def _message(data: bytes, fields: Message, depth: int) -> dict[str, Any]:
    """Absent, empty and unknown fields are left out."""
    if depth > _DEEPEST:
        _refuse("it is nested too deeply")
    found: dict[str, Any] = {}
    for number, wire in _records(data):
        field = fields.get(number)
        if field is None:
            continue
        if field.shape == "map":
            key, value = _entry(wire, field, depth)
            found.setdefault(field.name, {})[key] = value
            continue
        value = _value(wire, field.of, depth)
        if field.shape == "list":
            found.setdefault(field.name, []).append(value)
        elif value not in ("", None):
            found[field.name] = value
    return found


def _entry(wire: bytes | int, field: Field, depth: int) -> tuple[str, Any]:
    """A map is a list of pairs; a missing half is empty."""
    pair = dict(_records(_inside(wire)))
    return _text(pair.get(1, b"")), _value(pair.get(2, b""), field.of, depth)


def _value(wire: bytes | int, of: Scalar | Message, depth: int) -> Any:
    if of == "text":
        return _text(wire)
    if of == "bytes":
        return base64.b64encode(_inside(wire)).decode("ascii")
    if of in ("time", "microtime"):
        return _moment(dict(_records(_inside(wire))), of)
    if isinstance(of, str):
        return _number(wire, of)
    return _message(_inside(wire), of, depth + 1)


def _number(wire: bytes | int, of: str) -> int | None:
    if not isinstance(wire, int):
        _refuse("a number is written as text")
    if of == "bool":
        return bool(wire)
    value = wire - (1 << 64 if wire >> 63 else 0)
    return None if of == "count" and not value else value


def _moment(parts: Mapping[int, bytes | int], of: str) -> str | None:
    seconds, nanos = parts.get(1), parts.get(2, 0)
    if not isinstance(seconds, int) or not 0 < seconds < 1 << 37:
        return None
    micros = nanos // 1000 if of == "microtime" and isinstance(nanos, int) and nanos < 10**9 else 0
    moment = (_EPOCH + timedelta(seconds=seconds, microseconds=micros)).replace(tzinfo=None)
    return moment.isoformat(timespec="microseconds" if of == "microtime" else "seconds") + "Z"


def _text(wire: bytes | int) -> str:
    try:
        return _inside(wire).decode()
    except UnicodeDecodeError:
        _refuse("a text is no UTF-8")


def _inside(wire: bytes | int) -> bytes:
    if isinstance(wire, int):
        _refuse("a text is written as a number")
    return wire


def _records(data: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Field numbers with what follows them: a number, or bytes."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        kind = tag & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield tag >> 3, value
            continue
        if kind == 2:
            size, at = _varint(data, at)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            _refuse(f"there is no such wire type: {kind}")
        if at + size > len(data):
            _refuse("it ends too early")
        yield tag >> 3, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            _refuse("it ends too early")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & (1 << 64) - 1, at
    _refuse("a number is too long")
