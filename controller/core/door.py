"""The schema's part of the write door: strictness, pruning, and bad fields as Kubernetes words them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from controller.core import ensured, errors, eventrules, fields, kinds, metadata


class SchemaPort(Protocol):
    """What the door needs of `ports.Schema`."""

    def problems(self, obj: kinds.Object) -> Sequence[errors.FieldProblem]: ...


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """Who writes and how. `uid` is used by creates only, `force` by applies only.

    `ensured` is what workers asked for of the set that is written to (S3.2); None leaves its list as it is.
    """

    manager: str
    operation: Literal["Update", "Apply"] = "Update"
    subresource: str = ""
    force: bool = False
    validation: Literal["Strict", "Warn", "Ignore"] = "Strict"
    now: str = ""
    uid: str = ""
    ensured: ensured.Ensures | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What to store, what to tell the client, and whether there is anything to store."""

    object: kinds.Object
    warnings: tuple[str, ...]
    changed: bool


_REASONS = {
    "Required": ("FieldValueRequired", "Required value"),
    "TypeInvalid": ("FieldValueTypeInvalid", "Invalid value"),
    "Invalid": ("FieldValueInvalid", "Invalid value"),
    "NotSupported": ("FieldValueNotSupported", "Unsupported value"),
    "Duplicate": ("FieldValueDuplicate", "Duplicate value"),
    "TooLong": ("FieldValueTooLong", "Too long"),
    "Forbidden": ("FieldValueForbidden", "Forbidden"),
    "NotFound": ("FieldValueNotFound", "Not found"),
}
_VALUELESS = ("Required", "Forbidden", "TooLong")
_OF_METADATA = (("metadata", "labels"), ("metadata", "annotations"))
"""Judged for every kind alike, in Kubernetes' words; a schema says the same of its kind, with a position."""


def has_status(resource: kinds.Resource) -> bool:
    """Kinds whose status is a subresource: writes to the main path leave it alone."""
    return resource in (kinds.WORKERSETS, kinds.PODS)


def checked(
    resource: kinds.Resource,
    live: kinds.Object | None,
    new: kinds.Object,
    options: WriteOptions,
    schema: SchemaPort | None,
) -> tuple[kinds.Object, tuple[str, ...]]:
    """`new`, pruned if asked for, with warnings; raises BadRequest or Invalid.

    A problem in a value the live object has already is let pass, so that an object an older version accepted
    can still be finalized, labelled or scaled.
    """
    if resource == kinds.WORKERSETS and live is not None:
        new = ensured.fitting(new)
    found = _new_problems(resource, live, new, schema)
    given = new
    new, warnings = _without_unknown(resource, given, found, options)
    if new is not given:  # what was hidden behind an unknown field shows now
        found = _new_problems(resource, live, new, schema)
    bad = [one for one in found if one.code != "UnknownField" and one.path[:2] not in _OF_METADATA]
    covered = {one.path for one in bad}
    bad += [one for one in metadata.problems(resource, new) if one.path not in covered]
    if bad:
        name = str(new["metadata"].get("name") or "")
        qualified = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
        raise invalid(qualified, name, bad, kind=resource.kind, group=resource.group)
    return new, warnings


def _new_problems(
    resource: kinds.Resource, live: kinds.Object | None, new: kinds.Object, schema: SchemaPort | None
) -> list[errors.FieldProblem]:
    """Those that the live object does not have already, in the very same value."""
    found = _schema_problems(resource, new, schema)
    if not found or live is None:
        return found
    known = {(one.path, one.code) for one in _schema_problems(resource, live, schema)}
    return [
        one
        for one in found
        if (one.path, one.code) not in known
        or not fields.same(fields.at(live, one.path), fields.at(new, one.path))
    ]


def pruned(
    resource: kinds.Resource, config: kinds.Object, options: WriteOptions, schema: SchemaPort | None
) -> tuple[kinds.Object, tuple[str, ...]]:
    """A configuration to apply without unknown fields; other problems are judged on the merged object."""
    return _without_unknown(resource, config, _schema_problems(resource, config, schema), options)


def invalid(
    qualified: str, name: str, problems: Sequence[errors.FieldProblem], *, kind: str, group: str
) -> errors.Invalid:
    """One error for all bad fields; causes carry each of them."""
    causes = [_cause(one) for one in problems]
    texts = [f"{cause.field}: {cause.message}" for cause in causes]
    body = texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"
    return errors.Invalid(
        f'{qualified} "{name}" is invalid: {body}', kind=kind, name=name, group=group, causes=causes
    )


def _cause(problem: errors.FieldProblem) -> errors.Cause:
    reason, word = _REASONS.get(problem.code, _REASONS["Invalid"])
    detail = f"{problem.detail}; {problem.fix}" if problem.fix else problem.detail
    if problem.code in _VALUELESS or problem.value is None:
        return errors.Cause(reason, f"{word}: {detail}", problem.field)
    return errors.Cause(reason, f"{word}: {_shown(problem.value)}: {detail}", problem.field)


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 120 else text[:117] + "..."


def _schema_problems(
    resource: kinds.Resource, obj: kinds.Object, schema: SchemaPort | None
) -> list[errors.FieldProblem]:
    """Only our own kind has a schema; of Kubernetes' own, Events are judged, the others pass as they are."""
    if resource == kinds.EVENTS:
        return eventrules.problems(obj)
    if schema is None or resource != kinds.WORKERSETS:
        return []
    return list(schema.problems(obj))


def _without_unknown(
    resource: kinds.Resource,
    obj: kinds.Object,
    problems: Sequence[errors.FieldProblem],
    options: WriteOptions,
) -> tuple[kinds.Object, tuple[str, ...]]:
    """Strict refuses unknown fields, Warn and Ignore drop them (kubectl.md semantics 8)."""
    unknown = [one for one in problems if one.code == "UnknownField"]
    if not unknown:
        return obj, ()
    texts = [f'unknown field "{one.field}"' for one in unknown]
    if options.validation == "Strict":
        told = ", ".join(
            f"{text} ({one.fix})" if one.fix else text for text, one in zip(texts, unknown, strict=True)
        )
        raise errors.BadRequest(
            f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: '
            f"strict decoding error: {told}"
        )
    for one in unknown:
        obj = fields.without(obj, one.path)
    return obj, tuple(texts) if options.validation == "Warn" else ()
