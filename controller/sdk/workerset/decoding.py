"""From bytes to vars (`codec.py`): frozen, and without importing anything that a writer named (S6.2)."""

from __future__ import annotations

import binascii
import json
import sys

from . import bigint
from .frozen import FrozenDict, FrozenList

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class EnumMissing(LookupError):
    """A published enum member cannot be had here; the text names the class or the member."""


def decode(body: bytes) -> FrozenDict:
    """What `encode` was given, frozen. Raises `EnumMissing`, or `ValueError` where it is no such body."""
    try:
        value = _with_room(_decoded, body)
    except (TypeError, AttributeError, IndexError, KeyError):
        value = None
    if not isinstance(value, FrozenDict):
        raise ValueError("not a body of vars: written by something else, or by a newer version")
    return value


def parse(body: bytes) -> Any:
    """The JSON as it stands, tags and all."""
    return _with_room(_parsed, body)


def _decoded(body: bytes) -> Any:
    return _frozen(_parsed(body))


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except json.JSONDecodeError:
        raise
    except ValueError:  # an int of more digits than sys.get_int_max_str_digits()
        return json.loads(body, parse_int=bigint.parse)


def _with_room(function: Callable[[bytes], Any], body: bytes) -> Any:
    """256 levels are up to 768 of JSON, more than the stack of a deep caller has left: a fresh one has."""
    try:
        return function(body)
    except RecursionError:
        return _in_a_thread(function, body)


def _in_a_thread(function: Callable[[bytes], Any], body: bytes) -> Any:
    import _thread

    done = _thread.allocate_lock()
    done.acquire()
    result: list[Any] = []

    def run() -> None:
        try:
            result.extend((function(body), None))
        except BaseException as error:  # noqa: BLE001  # carried over to the caller
            result.extend((None, error))
        finally:
            done.release()

    _thread.start_new_thread(run, ())
    with done:
        value, error = result
    if error is not None:
        raise error
    return value


def _frozen(value: Any) -> Any:
    if type(value) is list:
        for index, item in enumerate(value):
            if type(item) in (list, dict):
                value[index] = _frozen(item)
        return FrozenList(value)
    if len(value) == 1:
        ((tag, inner),) = value.items()
        if tag.startswith("$"):
            return _untagged(tag, inner)
    for key, item in value.items():
        if type(item) in (list, dict):
            value[key] = _frozen(item)
    return FrozenDict(value)


def _untagged(tag: str, inner: Any) -> Any:
    if tag == "$map":
        for pair in inner:
            if type(pair[1]) in (list, dict):
                pair[1] = _frozen(pair[1])
        return FrozenDict(inner)
    if tag == "$bytes":
        return binascii.a2b_base64(inner)
    if tag == "$float" and inner in ("nan", "inf", "-inf"):
        return float(inner)
    if tag == "$enum":
        return _member(*inner)
    raise ValueError(f"unknown kind of value, published by a newer version: update workerset here: {tag}")


def _member(path: str, name: str) -> Any:
    """S6.2: the class if it is loaded already; nothing is imported because a writer named it."""
    where, _, qualified = path.partition(":")
    if where == "php":
        raise EnumMissing(
            f"an enum of PHP has no counterpart in Python, publish its value: {qualified}::{name}"
        )
    kind: Any = sys.modules.get(where)
    for part in qualified.split("."):
        kind = getattr(kind, "__dict__", {}).get(part)
    members = getattr(kind, "__members__", None)
    if members is None:
        raise EnumMissing(f"the class of a published enum member is not loaded here, import it first: {path}")
    if name not in members:
        raise EnumMissing(f"the class of a published enum member has no such member here: {path}.{name}")
    return members[name]
