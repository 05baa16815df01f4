"""From a field's path to its place in a tree of nodes; PyYAML is not loaded where there is no tree."""

from __future__ import annotations

from dataclasses import dataclass

from controller.core import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    import yaml


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of one line; line and column count from 0."""

    line: int
    column: int
    length: int = 1


@dataclass(frozen=True, slots=True)
class TextProblem:
    """Why text is no YAML, or no JSON; line and column count from 0."""

    line: int
    column: int
    message: str
    fix: str = ""


def find(root: yaml.Node, path: errors.Path, *, key: bool = False) -> Span:
    """Where the value at `path` stands, or with `key` its key; for what is not there, its parent's key.

    A map or list that spans lines is pointed at by its key.
    """
    node, key_node = root, None
    for part in path:
        found = _child(node, part)
        if found is None:
            return node_span(key_node if key_node is not None else node)
        key_node, node = found
    if key_node is not None and (key or not _is_on_one_line(node)):
        return node_span(key_node)
    return node_span(node)


def node_span(node: yaml.Node) -> Span:
    start, end = node.start_mark, node.end_mark
    same_line = end is not None and end.line == start.line and end.column > start.column
    return Span(start.line, start.column, end.column - start.column if same_line else 1)


def _is_on_one_line(node: yaml.Node) -> bool:
    return _kind(node) == "scalar" or node.start_mark.line == node.end_mark.line


def _child(node: yaml.Node, part: str | int) -> tuple[yaml.Node | None, yaml.Node] | None:
    """Key (None in a list) and value; what `<<` brings in is found last."""
    if _kind(node) == "sequence":
        if isinstance(part, int) and part < len(node.value):
            return None, node.value[part]
        return None
    if _kind(node) != "mapping":
        return None
    merged: list[yaml.Node] = []
    for key_node, value_node in node.value:
        if key_node.value == part:
            return key_node, value_node
        if key_node.value == "<<":
            merged += value_node.value if _kind(value_node) == "sequence" else [value_node]
    return next((found for source in merged if (found := _child(source, part))), None)


def _kind(node: yaml.Node) -> str:
    """In PyYAML's words, without loading it."""
    return str(node.id)  # type: ignore[attr-defined]
