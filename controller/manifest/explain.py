"""What the schema says about a field, in the layout of `kubectl explain`."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator

from controller.core import foreign
from controller.manifest import source

WIDTH = 76


class UnknownField(LookupError):
    """No such field; `hint` says which one was meant, or which there are."""

    def __init__(self, field: str, hint: str) -> None:
        super().__init__(f"no such field: {field}")
        self.hint = hint


def explain(fields: tuple[str, ...] = (), *, recursive: bool = False) -> str:
    """The text for `spec.restart` given as `("spec", "restart")`. Raises UnknownField."""
    node = _find(fields)
    lines = ["GROUP:      workerset.dev", "KIND:       WorkerSet", "VERSION:    v1", ""]
    if fields:
        lines += [f"FIELD: {fields[-1]} <{type_name(node)}>", *_facts(node), ""]
    lines += ["DESCRIPTION:", *_wrapped(str(node.get("description", "")), 4), ""]
    children = _children(node)
    if children:
        lines += ["FIELDS:", *(_tree(node, 1) if recursive else _list(node))]
    return "\n".join(lines).rstrip()


def type_name(node: source.Schema) -> str:
    """`string`, `[]string`, `map[string]string`, `Object`; several joined by `|`."""
    node = source.resolve(node, source.load())
    if "anyOf" in node:
        return "|".join(type_name(branch) for branch in node["anyOf"])
    kind = node.get("type")
    if isinstance(kind, list):
        return "|".join(one for one in kind if one != "null")
    if kind == "array":
        return f"[]{type_name(node['items'])}" if "items" in node else "[]Object"
    if kind == "object" and isinstance(node.get("additionalProperties"), dict):
        return f"map[string]{type_name(node['additionalProperties'])}"
    if kind is None:
        return "string"
    return "Object" if kind == "object" else str(kind)


def default_text(node: source.Schema) -> str:
    """The stated default: a value as YAML writes it, or words."""
    if "x-default" in node:
        return str(node["x-default"])
    if "default" not in node:
        return ""
    value = node["default"]
    return '""' if value == "" else foreign.scalar(value)


def support_text(node: source.Schema) -> str:
    """Empty for a field that works."""
    if node.get("x-supported") is False:
        return "not supported yet"
    allowed = node.get("x-supported-values")
    return f"only {', '.join(foreign.scalar(one) for one in allowed)} for now" if allowed else ""


def _find(fields: tuple[str, ...]) -> source.Schema:
    node = source.load()
    for place, field in enumerate(fields):
        children = _children(node)
        if field not in children:
            near = foreign.nearest(field, children)
            hint = f"did you mean {near}" if near else f"fields: {', '.join(children) or 'none'}"
            raise UnknownField(".".join(fields[: place + 1]), hint)
        node = children[field]
    return source.resolve(node, source.load())


def _children(node: source.Schema) -> dict[str, source.Schema]:
    resolved = source.resolve(node, source.load())
    if resolved.get("type") == "array" and "items" in resolved:
        return _children(resolved["items"])
    children: dict[str, source.Schema] = resolved.get("properties", {})
    return children


def _facts(node: source.Schema) -> Iterator[str]:
    if "enum" in node:
        yield f"ENUM: {', '.join(node['enum'])}"
    if text := default_text(node):
        yield f"DEFAULT: {text}"
    for example in node.get("examples", ()):
        yield f"EXAMPLE: {example if isinstance(example, str) else json.dumps(example)}"
    if "x-restarts" in node:
        yield f"RESTARTS WORKERS WHEN CHANGED: {'yes' if node['x-restarts'] else 'no'}"
    if text := support_text(node):
        yield f"SUPPORT: {text}"


def _list(node: source.Schema) -> Iterator[str]:
    for name, child, mark in _rows(node):
        yield f"  {name}\t<{type_name(child)}>{mark}"
        if "enum" in child:
            yield f"  enum: {', '.join(child['enum'])}"
        yield from _wrapped(str(child.get("description", "")), 4)
        yield ""


def _tree(node: source.Schema, depth: int) -> Iterator[str]:
    for name, child, mark in _rows(node):
        yield f"{'  ' * depth}{name}\t<{type_name(child)}>{mark}"
        if "properties" in child:
            yield from _tree(child, depth + 1)


def _rows(node: source.Schema) -> Iterator[tuple[str, source.Schema, str]]:
    required = node.get("required", ())
    for name, child in _children(node).items():
        resolved = source.resolve(child, source.load())
        marks = (" -required-" if name in required else "", support_text(resolved))
        yield name, resolved, marks[0] + (f" ({marks[1]})" if marks[1] else "")


def _wrapped(text: str, indent: int) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=" " * indent, subsequent_indent=" " * indent)
