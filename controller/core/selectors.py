"""Label and field selectors: text to predicate.

Grammar: Kubernetes' labels.Selector (`=`, `==`, `!=`, `in`, `notin`, `exists`, `!`, `>`, `<`) and
fields.Selector. A predicate never raises on a malformed object.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from controller.core import errors, fields, kinds

Predicate = Callable[[kinds.Object], bool]

_KEY = r"(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
_VALUE = r"(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?"
_EXISTS = re.compile(rf"\s*(!?)\s*({_KEY})\s*")
_EQUALS = re.compile(rf"\s*({_KEY})\s*(==?|!=)\s*({_VALUE})\s*")
_ORDER = re.compile(rf"\s*({_KEY})\s*([<>])\s*(-?[0-9]+)\s*")
_AMONG = re.compile(rf"\s*({_KEY})\s+(in|notin)\s*\(((?:\s*{_VALUE}\s*)(?:,\s*{_VALUE}\s*)*)\)\s*")
_COMMA = re.compile(r",(?![^(]*\))")

_COMMON = ("metadata.name", "metadata.namespace")
_FIELDS: dict[str, tuple[str, ...]] = {
    kinds.PODS.qualified: (
        "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
        "status.phase", "status.podIP", "status.nominatedNodeName",
    ),
    kinds.NAMESPACES.qualified: ("status.phase",),
    kinds.EVENTS.qualified: (
        "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
        "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath",
        "reason", "reportingComponent", "source", "type",
    ),
}  # fmt: skip


def everything(_: kinds.Object) -> bool:
    return True


def parse_labels(text: str) -> Predicate:
    """`app=web,tier in (a, b),!old`; empty text selects everything. Raises BadRequest."""
    if not text.strip():
        return everything
    tests = [_label_test(part) for part in _COMMA.split(text)]

    def matches(obj: kinds.Object) -> bool:
        labels = fields.mapping(fields.mapping(obj.get("metadata")).get("labels"))
        return all(test(labels) for test in tests)

    return matches


def _label_test(part: str) -> Callable[[dict[str, Any]], bool]:
    if found := _EQUALS.fullmatch(part):
        key, sign, value = found.groups()
        if sign == "!=":
            return lambda labels: labels.get(key) != value
        return lambda labels: labels.get(key) == value
    if found := _AMONG.fullmatch(part):
        key, word, inside = found.groups()
        values = {value.strip() for value in inside.split(",")}
        if word == "in":
            return lambda labels: key in labels and labels[key] in values
        return lambda labels: key not in labels or labels[key] not in values
    if found := _EXISTS.fullmatch(part):
        absent, key = found.groups()
        return lambda labels: (key in labels) is not bool(absent)
    if found := _ORDER.fullmatch(part):
        return _order_test(*found.groups())
    raise errors.BadRequest(
        "unable to parse the label selector, write for example app=web,tier in (a, b),!old: "
        + repr(part.strip())
    )


def _order_test(key: str, sign: str, bound: str) -> Callable[[dict[str, Any]], bool]:
    limit = int(bound)

    def test(labels: dict[str, Any]) -> bool:
        try:
            value = int(labels.get(key, ""))
        except ValueError:
            return False
        return value > limit if sign == ">" else value < limit

    return test


def parse_fields(text: str, resource: kinds.Resource) -> Predicate:
    """`status.phase=Running,metadata.name!=x`; raises BadRequest for an unknown field."""
    if not text.strip():
        return everything
    known = (*_COMMON, *_FIELDS.get(resource.qualified, ()))
    tests: list[tuple[tuple[str, ...], bool, str]] = []
    for part in re.split(r"(?<!\\),", text):
        found = re.fullmatch(r"\s*([^=!\s]+)\s*(==?|!=)\s?(.*?)\s*", part, re.DOTALL)
        if not found:
            raise errors.BadRequest(
                f"unable to parse the field selector, write for example {known[0]}=x: {part!r}"
            )
        name, sign, value = found.groups()
        if name not in known:
            raise errors.BadRequest(f"field label not supported: {name}")
        tests.append((tuple(name.split(".")), sign != "!=", re.sub(r"\\([\\,=])", r"\1", value)))

    def matches(obj: kinds.Object) -> bool:
        return all((_field(obj, path) == value) is wanted for path, wanted, value in tests)

    return matches


def _field(obj: kinds.Object, path: tuple[str, ...]) -> str:
    """The field as text; an absent one is empty, as in Kubernetes. `source` means its component."""
    value: Any = obj
    for part in (*path, "component") if path == ("source",) else path:
        value = fields.mapping(value).get(part)
    return "" if value is None else str(value)
