"""The schema file: where it is, and what it says about a field."""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

FILE = "workerset.v1.json"

LAYOUT = ("workerset-workerset-v1.json", "workerset.dev/workerset_v1.json")
"""Where tools that check Kubernetes manifests look for it: by kind, group and version, below a folder."""


def path() -> str:
    """Of the schema file: in the installed package, else in the source tree."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    packaged = os.path.join(package, "_schemas", FILE)
    return packaged if os.path.exists(packaged) else os.path.join(os.path.dirname(package), "schemas", FILE)


def text() -> str:
    """The JSON Schema as written."""
    with open(path(), encoding="utf-8") as file:
        return file.read()


@functools.cache
def load() -> Schema:
    """The JSON Schema as a value."""
    loaded: Schema = json.loads(text())
    return loaded


def compact() -> str:
    """The schema on one line, for the names under which other tools look for it."""
    return json.dumps(load(), separators=(",", ":"), ensure_ascii=False) + "\n"


@functools.cache
def pattern(written: str) -> re.Pattern[str]:
    """A pattern as other languages read it, in Python.

    There `$` is the end alone, never the line feed before it, and no text holds half a surrogate pair; so
    what excludes NUL excludes those too.
    """
    whole = written.replace(r"\x00", r"\x00\ud800-\udfff")
    return re.compile(whole[:-1] + r"\Z" if whole.endswith("$") else whole)


def resolve(node: Schema, root: Schema) -> Schema:
    """`node` with its `$ref` filled in; what stands beside the reference wins, as descriptions do."""
    reference = node.get("$ref")
    if reference is None:
        return node
    target = root["$defs"][reference.removeprefix("#/$defs/")]
    return {**resolve(target, root), **{key: value for key, value in node.items() if key != "$ref"}}


def without_references(root: Schema) -> dict[str, Any]:
    """The whole schema with every `$ref` filled in."""

    def filled(value: Any) -> Any:
        if isinstance(value, list):
            return [filled(one) for one in value]
        if not isinstance(value, dict):
            return value
        return {key: filled(one) for key, one in resolve(value, root).items() if key != "$defs"}

    whole: dict[str, Any] = filled(root)
    return whole


def at(path: tuple[str | int, ...], root: Schema | None = None) -> Schema | None:
    """The schema of the field at `path`, or None where the schema knows none."""
    root = root or load()
    node = root
    for part in path:
        node = resolve(node, root)
        if isinstance(part, int):
            found = _items(node, root)
        else:
            found = node.get("properties", {}).get(part, node.get("additionalProperties"))
        if not isinstance(found, Mapping):
            return None
        node = found
    return resolve(node, root)


def _items(node: Schema, root: Schema) -> Schema | None:
    for branch in (node, *(resolve(branch, root) for branch in node.get("anyOf", ()))):
        if isinstance(branch.get("items"), Mapping):
            items: Schema = branch["items"]
            return items
    return None


def supports(node: Schema, value: object) -> bool:
    """False for a field, or a value of it, that the schema describes and this version does not run yet."""
    if node.get("x-supported") is False:
        return False
    allowed = node.get("x-supported-values")
    return allowed is None or any(
        value is one or (type(value) is type(one) and value == one) for one in allowed
    )
