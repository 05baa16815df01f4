"""Request bodies: read with a limit, decoded as JSON or YAML, refused with the position of what is wrong."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from starlette.types import Receive

from controller.api import protobuf
from controller.api.services import LoadYaml
from controller.core import errors, kinds

LIMIT = 3 * 1024 * 1024
"""As large as Kubernetes lets one request be."""

JSON_TYPES = ("", "application/json", "text/json")
YAML_TYPES = ("application/yaml", "application/x-yaml", "text/yaml")


async def read(receive: Receive, declared: int | None, limit: int = LIMIT) -> bytes:
    """The whole body. Raises TooLarge as soon as that is known."""
    if declared is not None and declared > limit:
        raise _too_large(limit, unread=True)
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise errors.BadRequest("the client went away before its body was complete")
        part = message.get("body", b"")
        size += len(part)
        more = message.get("more_body", False)
        if size > limit:
            raise _too_large(limit, unread=more)
        parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _too_large(limit: int, *, unread: bool) -> errors.TooLarge:
    return errors.TooLarge(
        f"the body is larger than this endpoint takes: at most {limit} bytes", unread=unread
    )


def parse_json(body: bytes) -> Any:
    """Strict JSON (RFC 8259). Raises BadRequest with line and column."""
    try:
        return json.loads(body, parse_constant=_no_constant)
    except json.JSONDecodeError as problem:
        raise errors.BadRequest(
            f"the body is no valid JSON: line {problem.lineno} column {problem.colno}: {problem.msg.lower()}"
        ) from None
    except UnicodeDecodeError as problem:
        raise errors.BadRequest(f"the body is no valid UTF-8, see byte {problem.start}") from None
    except RecursionError:
        raise too_deep() from None
    except ValueError as problem:
        raise errors.BadRequest(f"the body is no valid JSON: {problem}") from None


def too_deep() -> errors.BadRequest:
    return errors.BadRequest("the body is nested too deeply")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"JSON has no such number: {name}")


def parse_yaml(body: bytes, load: LoadYaml) -> Any:
    """YAML, or JSON where it begins like an object: apply-patch bodies are either."""
    if body.lstrip()[:1] == b"{":
        return parse_json(body)
    try:
        return load(body)
    except ValueError as problem:
        raise errors.BadRequest(f"the body is no valid YAML: {problem}") from None


def parse_object(body: bytes, content_type: str, load: LoadYaml) -> kinds.Object:
    """The object of a create or an update, in JSON, YAML or protobuf."""
    if content_type in YAML_TYPES:
        found = parse_yaml(body, load)
    elif content_type in JSON_TYPES:
        found = parse_json(body)
    elif content_type == protobuf.MEDIA_TYPE:
        found = protobuf.parse(body)
    else:
        raise unsupported(content_type, (*JSON_TYPES[1:2], YAML_TYPES[0], protobuf.MEDIA_TYPE))
    return must_be_object(found)


def must_be_object(found: Any) -> kinds.Object:
    if not isinstance(found, dict):
        raise errors.BadRequest("the body must be a JSON object")
    return found


def unsupported(content_type: str, accepted: tuple[str, ...]) -> errors.UnsupportedMediaType:
    return errors.UnsupportedMediaType(
        "the body of the request was in an unknown format - accepted media types include: "
        f"{', '.join(accepted)}: got {content_type[:100]!r}",
        accepted,
    )
