"""JSON bytes, and errors as Kubernetes `Status` bodies. The only mapping of `core/errors` to HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from controller.core import errors, kinds

JSON = "application/json"


_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False)


def dump(value: Any) -> bytes:
    """Compact JSON in ASCII, so that no string can make invalid UTF-8. Raises BadRequest for an infinity."""
    try:
        return _ENCODER.encode(value).encode("ascii")
    except ValueError as problem:
        raise errors.BadRequest(f"a value has no JSON form: {problem}") from None


def array(items: Iterable[bytes]) -> bytes:
    """A JSON array of values that are encoded already."""
    return b"[" + b",".join(items) + b"]"


def insert(head: Mapping[str, Any], name: str, value: bytes) -> bytes:
    """The object `head` with one more member, whose value is encoded already."""
    return dump(head)[:-1] + b',"' + name.encode("ascii") + b'":' + value + b"}"


def status_of(problem: errors.StatusError) -> dict[str, Any]:
    """metav1.Status of a failure. `details` where there are any, and with 404: kubectl looks into them."""
    named = {"name": problem.name, "group": problem.group, "kind": problem.kind}
    details: dict[str, Any] = {key: value for key, value in named.items() if value}
    if problem.causes:
        details["causes"] = [_cause(cause) for cause in problem.causes]
    if problem.retry_after_seconds is not None:
        details["retryAfterSeconds"] = problem.retry_after_seconds
    body: dict[str, Any] = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": problem.message,
        "reason": problem.reason,
    }
    if details or isinstance(problem, errors.NotFound):
        body["details"] = details
    return {**body, "code": problem.code}


def _cause(cause: errors.Cause) -> dict[str, str]:
    found = {"reason": cause.reason, "message": cause.message}
    return {**found, "field": cause.field} if cause.field else found


def deleted(resource: kinds.Resource, obj: kinds.Object) -> dict[str, Any]:
    """The Status of a deletion that is done."""
    meta = obj["metadata"]
    details = {"name": meta["name"], "kind": resource.plural, "uid": meta.get("uid", "")}
    if resource.group:
        details["group"] = resource.group
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": details,
        "code": 200,
    }


def warning(text: str) -> str:
    """The value of a `Warning` header (RFC 7234 5.5), printable ASCII on one line."""
    plain = "".join(char if char.isprintable() else " " for char in text)
    quoted = plain.replace("\\", "\\\\").replace('"', '\\"')
    return f'299 - "{quoted.encode("ascii", "backslashreplace").decode("ascii")}"'
