"""YAML text to documents: those of a file, those of its lists, as values with what is odd about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from controller.manifest import locate, scalars, values, yamltext


@dataclass(frozen=True, slots=True)
class Found:
    """One document: its value, its tree, what the tree's lines lack, and what `values` found in it."""

    value: Any
    root: yaml.Node
    line_offset: int
    plain: tuple[yaml.ScalarNode, ...]
    problems: tuple[values.NodeProblem, ...]


def read(text: str) -> tuple[list[Found], list[locate.TextProblem]]:
    """Every document that can be read, and a problem for each that cannot. Never raises."""
    trees, problems = yamltext.parse(text)
    found: list[Found] = []
    for tree in trees:
        root, shift = tree.root, tree.line_offset
        if isinstance(root, yaml.ScalarNode) and not root.style and scalars.is_null(root.value):
            continue
        for item in _items_of_list(root):
            constructor = values.Constructor()
            try:
                value = constructor.document(item)
            except values.TooMany:
                line, column = item.start_mark.line + shift, item.start_mark.column
                detail = f"aliases expand to more than {values.MAX_NODES} values, or to themselves"
                problems.append(locate.TextProblem(line, column, detail, "write the values out"))
            else:
                plain, odd = tuple(constructor.plain), tuple(constructor.problems)
                found.append(Found(value, item, shift, plain, odd))
    return found, problems


def _items_of_list(root: yaml.Node) -> Iterator[yaml.Node]:
    """The items of a `List` (or `WorkerSetList`), lists in lists included; any other document as it is."""
    pending, seen = [root], set[int]()
    while pending:
        node = pending.pop()
        items = _list_items(node)
        if items is None:
            yield node
        elif id(node) not in seen:
            seen.add(id(node))
            pending += reversed(items)


def _list_items(node: yaml.Node) -> list[yaml.Node] | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    kind = items = None
    for key, value in node.value:
        if key.value == "kind":
            kind = value
        elif key.value == "items":
            items = value
    is_list = isinstance(kind, yaml.ScalarNode) and kind.value.endswith("List")
    return items.value if is_list and isinstance(items, yaml.SequenceNode) else None
