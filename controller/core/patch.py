"""The two patch formats a custom resource takes: JSON merge patch (RFC 7386) and JSON patch (RFC 6902).

Results share no mutable structure with either input.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from controller.core import errors, fields

MOST_OPERATIONS = 10_000
MOST_COPIED = 1_000_000
"""A patch of forty `copy` operations may double a document forty times; this many values are enough."""


def merge(target: Any, patch: Any) -> Any:
    """RFC 7386 section 2: null removes, an object merges, anything else (arrays too) replaces."""
    if not isinstance(patch, dict):
        return fields.copy(patch)
    result = fields.copy(target) if isinstance(target, dict) else {}
    _merge_into(result, patch)
    return result


def _merge_into(result: dict[str, Any], patch: dict[str, Any]) -> None:
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            below = result.get(key)
            if not isinstance(below, dict):
                below = result[key] = {}
            _merge_into(below, value)
        else:
            result[key] = fields.copy(value)


def json_patch(target: Any, operations: Sequence[Any]) -> Any:
    """RFC 6902: all operations or none. A failed `test` or a path that is not there raises Invalid."""
    if not isinstance(operations, list):
        raise errors.BadRequest(
            "a JSON patch is a list of operations, for example [{op: remove, path: /spec/env}]"
        )
    if len(operations) > MOST_OPERATIONS:
        raise errors.BadRequest(
            f"a JSON patch has at most {MOST_OPERATIONS} operations, use a merge patch: {len(operations)}"
        )
    document = [fields.copy(target)]
    copied = 0
    for number, operation in enumerate(operations):
        name, path = _checked(number, operation)
        try:
            copied += _run(document, name, path, operation)
            if not document:
                raise ValueError("the whole document cannot go")
        except (KeyError, IndexError, TypeError, ValueError) as problem:
            raise _refused(number, name, operation, problem) from None
        if copied > MOST_COPIED:
            raise errors.BadRequest(
                f"a JSON patch copies at most {MOST_COPIED} values, operation {number} goes beyond"
            )
    return document[0]


def _checked(number: int, operation: Any) -> tuple[str, list[str]]:
    """The operation's name and path, its members being as RFC 6902 section 4 wants them."""
    if not isinstance(operation, dict):
        raise errors.BadRequest(f"JSON patch operation {number} is not an object")
    name = operation.get("op")
    if name not in ("add", "remove", "replace", "move", "copy", "test"):
        raise errors.BadRequest(
            f"JSON patch operation {number} is none of add, remove, replace, move, copy, test: {name!r}"
        )
    if name in ("add", "replace", "test") and "value" not in operation:
        raise errors.BadRequest(f"JSON patch operation {number} ({name}) has no value")
    if name in ("move", "copy"):
        pointer(operation.get("from"))
    return name, pointer(operation.get("path"))


def pointer(text: Any) -> list[str]:
    """RFC 6901: `/spec/env/a~1b` is `["spec", "env", "a/b"]`; raises BadRequest."""
    if not isinstance(text, str) or (text and not text.startswith("/")):
        raise errors.BadRequest(f"a JSON pointer is empty or begins with a slash: {text!r}")
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _run(document: list[Any], name: str, path: list[str], operation: dict[str, Any]) -> int:
    """Apply one operation to `document[0]`; returns how many values it copied within the document."""
    parent, last = _parent(document, path)
    if name == "add":
        _add(parent, last, fields.copy(operation["value"]))
    elif name == "remove":
        _take(parent, last)
    elif name == "replace":
        _take(parent, last)
        _add(parent, last, fields.copy(operation["value"]))
    elif name == "test":
        if not fields.same(_at(parent, last), operation["value"]):
            raise ValueError("the value is another one")
    else:
        source = pointer(operation["from"])
        if name == "move":
            if path[: len(source)] == source and len(path) > len(source):
                raise ValueError("a value cannot move into itself")
            value = _take(*_parent(document, source))
            _add(*_parent(document, path), value)
        else:
            value = _at(*_parent(document, source))
            _add(parent, last, fields.copy(value))
            return fields.weight(value)
    return 0


def _parent(document: list[Any], path: list[str]) -> tuple[Any, str]:
    """The container of what `path` names and the last step; the whole document is item 0 of its holder."""
    here: Any = document
    steps = ["0", *path]
    for step in steps[:-1]:
        here = _at(here, step)
    return here, steps[-1]


def _index(text: str, length: int) -> int:
    """RFC 6901 section 4: digits without leading zeros."""
    if not text.isascii() or not text.isdigit() or (len(text) > 1 and text[0] == "0"):
        raise ValueError(f"no array index: {text}")
    index = int(text)
    if index >= length:
        raise IndexError(f"the array has {length} items")
    return index


def _at(container: Any, step: str) -> Any:
    if isinstance(container, dict):
        return container[step]
    if isinstance(container, list):
        return container[_index(step, len(container))]
    raise TypeError("a scalar has nothing below it")


def _add(container: Any, step: str, value: Any) -> None:
    if isinstance(container, dict):
        container[step] = value
    elif isinstance(container, list):
        container.insert(len(container) if step == "-" else _index(step, len(container) + 1), value)
    else:
        raise TypeError("a scalar has nothing below it")


def _take(container: Any, step: str) -> Any:
    if isinstance(container, dict):
        return container.pop(step)
    if isinstance(container, list):
        return container.pop(_index(step, len(container)))
    raise TypeError("a scalar has nothing below it")


def _refused(number: int, name: str, operation: dict[str, Any], problem: Exception) -> errors.Invalid:
    where = (
        operation["path"] if name not in ("move", "copy") else f"{operation['from']} to {operation['path']}"
    )
    why = "nothing is there" if isinstance(problem, KeyError) else str(problem)
    return errors.Invalid(
        f"JSON patch operation {number} ({name} {where}) cannot be done, nothing was changed: {why}",
        causes=[errors.Cause("FieldValueInvalid", why, operation["path"])],
    )
