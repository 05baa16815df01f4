"""Right and wrong values for every part of a schema: what the table-driven tests draw from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from controller.manifest import source

ROOT = source.load()
Path = tuple[str | int, ...]

MINIMAL: dict[str, Any] = {
    "apiVersion": "workerset.dev/v1",
    "kind": "WorkerSet",
    "metadata": {"name": "a"},
    "spec": {"command": ["true"]},
}

_OF_TYPES: dict[str, Any] = {
    "string": "text",
    "integer": 5,
    "number": 1.5,
    "boolean": True,
    "array": [{"odd": []}],
    "object": {"odd": {}},
    "null": None,
}


def leaves(node: source.Schema = ROOT, path: Path = ()) -> Iterator[tuple[Path, source.Schema]]:
    """Every property with its schema, `status` left out: that is the controller's."""
    for name, declared in source.resolve(node, ROOT).get("properties", {}).items():
        if (*path, name) == ("status",):
            continue
        resolved = source.resolve(declared, ROOT)
        yield (*path, name), resolved
        yield from leaves(resolved, (*path, name))


def types_of(node: source.Schema) -> set[str]:
    node = source.resolve(node, ROOT)
    if "anyOf" in node:
        return set().union(*(types_of(branch) for branch in node["anyOf"]))
    if "enum" in node or "const" in node:
        return {"string"}
    kind = node["type"]
    return {kind} if isinstance(kind, str) else set(kind)


def wrong_values(node: source.Schema) -> Iterator[Any]:
    """One value of each wrong type, and one that breaks each keyword."""
    accepted = types_of(node)
    for name, value in _OF_TYPES.items():
        if name not in accepted and not (name == "integer" and "number" in accepted):
            yield value
    if "enum" in node or "const" in node:
        yield "no such word"
    if "pattern" in node and not node["pattern"].startswith("^[^"):
        yield "!!!"
    if "minimum" in node and "integer" in accepted:
        yield node["minimum"] - 1
    if "maximum" in node and "integer" in accepted:
        yield node["maximum"] + 1
    if node.get("minLength"):
        yield ""
    if "maxLength" in node:
        yield "a" * (node["maxLength"] + 1)
    if node.get("minItems"):
        yield []
    if node.get("uniqueItems"):
        yield ["a", "a"]
    if isinstance(node.get("items"), dict) and "type" in source.resolve(node["items"], ROOT):
        yield [[]]


def with_value(path: Path, value: Any) -> dict[str, Any]:
    """The minimal object with one field set."""
    obj: dict[str, Any] = {
        **MINIMAL, "metadata": dict(MINIMAL["metadata"]), "spec": dict(MINIMAL["spec"])
    }  # fmt: skip
    place = obj
    for part in path[:-1]:
        place = place.setdefault(part, {})
    place[path[-1]] = value
    return obj
