"""The schema file: where it is, and what it says about a field."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

FILE = "workerset.v1.json"


@functools.cache
def load() -> Schema:
    """The JSON Schema as written: from the installed package, else from the source tree."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    packaged = os.path.join(package, "_schemas", FILE)
    in_tree = os.path.join(os.path.dirname(package), "schemas", FILE)
    with open(packaged if os.path.exists(packaged) else in_tree, "rb") as file:
        loaded: Schema = json.loads(file.read())
    return loaded


def resolve(node: Schema, root: Schema) -> Schema:
    """`node` with its `$ref` filled in; what stands beside the reference wins, as descriptions do."""
    reference = node.get("$ref")
    if reference is None:
        return node
    target = root["$defs"][reference.removeprefix("#/$defs/")]
    return {**resolve(target, root), **{key: value for key, value in node.items() if key != "$ref"}}


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
