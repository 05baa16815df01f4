"""YAML and JSON of other programs as trees that keep lines and what was written: for what is no manifest.

Anchors, aliases and `<<` are resolved; a scalar stays its text, so that `1.10`, `yes` and `0777` can be told.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import yaml

from controller.manifest import scalars, values, yamltext

_TAG = "tag:yaml.org,2002:"


class BadText(Exception):
    """Text that cannot be read; line and column count from 1."""

    def __init__(self, line: int, column: int, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.line, self.column, self.message, self.fix = line, column, message, fix


@dataclass(frozen=True, slots=True)
class Tree:
    """A scalar has `text` (None for null), a list `items`, a map `fields`; lines count from 1."""

    line: int
    text: str | None = None
    items: tuple[Tree, ...] | None = None
    fields: dict[str, Tree] | None = None
    is_quoted: bool = False
    tag: str = ""
    key_lines: dict[str, int] = field(default_factory=dict)

    @property
    def is_scalar(self) -> bool:
        return self.items is None and self.fields is None

    def get(self, key: str) -> Tree | None:
        return self.fields.get(key) if self.fields is not None else None


def parse(text: str) -> list[Tree]:
    """Every document. Raises BadText for the first thing that cannot be read."""
    roots, problems = yamltext.parse(text)
    if problems:
        first = problems[0]
        raise BadText(first.line + 1, first.column + 1, first.message, first.fix)
    return [_Builder(root.line_offset).tree(root.root) for root in roots]


class _Builder:
    def __init__(self, line_offset: int) -> None:
        self._offset = line_offset + 1
        self._left = values.MAX_NODES
        self._above: set[int] = set()

    def tree(self, node: yaml.Node) -> Tree:
        line = self._line(node)
        tag: str = "" if node.tag is None or node.tag.startswith(_TAG) or node.tag == "!" else node.tag
        self._left -= 1
        if isinstance(node, yaml.ScalarNode):
            is_null = not node.style and not node.tag and scalars.is_null(node.value)
            return Tree(line, None if is_null else str(node.value), is_quoted=bool(node.style), tag=tag)
        if self._left < 0 or id(node) in self._above:
            raise BadText(line, 1, f"aliases expand to more than {values.MAX_NODES} values, or to themselves")
        self._above.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return Tree(line, items=tuple(self.tree(item) for item in node.value), tag=tag)
            return self._map(node, line, tag)
        finally:
            self._above.discard(id(node))

    def _map(self, node: yaml.Node, line: int, tag: str) -> Tree:
        fields: dict[str, Tree] = {}
        lines: dict[str, int] = {}
        merged: list[Tree] = []
        for key_node, value_node in node.value:
            is_scalar = isinstance(key_node, yaml.ScalarNode)
            key = str(key_node.value) if is_scalar else ""
            if key == "<<" and not getattr(key_node, "style", None):
                merged += self._sources(value_node)
            elif not is_scalar or key in fields:
                detail = f"this key is there twice: {key}" if key else "a key must be text"
                raise BadText(self._line(key_node), key_node.start_mark.column + 1, detail)
            else:
                fields[key], lines[key] = self.tree(value_node), self._line(key_node)
        for source in merged:
            for key, value in (source.fields or {}).items():
                if key not in fields:
                    fields[key], lines[key] = value, source.key_lines[key]
        return Tree(line, fields=fields, tag=tag, key_lines=lines)

    def _sources(self, node: yaml.Node) -> list[Tree]:
        nodes = node.value if isinstance(node, yaml.SequenceNode) else (node,)
        found = [self.tree(one) for one in nodes]
        if any(one.fields is None for one in found):
            raise BadText(self._line(node), node.start_mark.column + 1, "<< takes a map, or a list of maps")
        return found

    def _line(self, node: yaml.Node) -> int:
        return int(node.start_mark.line) + self._offset
