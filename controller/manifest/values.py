"""Trees of nodes to plain values, for one document: where S1.3's traps are (duplicate keys, unknown
tags, exploding aliases) and where `env`, `args`, `command` and `umask` keep their text (S1.6).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from controller.manifest import scalars

MAX_NODES = 50_000
"""Of one document, aliases expanded."""

_TAG = "tag:yaml.org,2002:"
_SCALAR_TAGS = frozenset(_TAG + name for name in ("int", "float", "bool", "null", "timestamp"))
_STRING_TAGS = frozenset({_TAG + "str", "!"})
_AS_WRITTEN = frozenset({"env", "args", "command", "umask"})


@dataclass(frozen=True, slots=True)
class NodeProblem:
    """A problem of the text that a value alone would not show."""

    node: yaml.Node
    code: str
    message: str
    fix: str = ""
    fatal: bool = False


class TooMany(Exception):
    """The document expands beyond all bounds, or contains itself."""


class Constructor:
    """Builds one document; `problems` holds what is wrong, `plain` the scalars other readers would change."""

    def __init__(self) -> None:
        self.problems: list[NodeProblem] = []
        self.plain: list[yaml.ScalarNode] = []
        self._left = MAX_NODES
        self._depth = 0

    def document(self, root: yaml.Node) -> Any:
        """Raises TooMany."""
        if not isinstance(root, yaml.MappingNode):
            return self.value(root)
        return self._mapping(root, spec_at="spec")

    def value(self, node: yaml.Node) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        return self._sequence(node) if isinstance(node, yaml.SequenceNode) else self._mapping(node)

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        tag: str | None = node.tag
        if tag is None:
            return node.value if node.style else scalars.typed(node.value)
        if tag in _SCALAR_TAGS:
            return scalars.typed(node.value)
        if tag not in _STRING_TAGS:
            self._unknown_tag(node)
        return node.value

    def _sequence(self, node: yaml.Node) -> list[Any]:
        self._enter(node, _TAG + "seq")
        items = [self.value(item) for item in node.value]
        self._depth -= 1
        return items

    def _mapping(self, node: yaml.Node, spec_at: str = "", *, is_spec: bool = False) -> dict[str, Any]:
        self._enter(node, _TAG + "map")
        values: dict[str, Any] = {}
        merges: list[yaml.Node] = []
        for key_node, value_node in node.value:
            key = self._key(key_node)
            if key == "<<" and not key_node.style:
                merges.append(value_node)
            elif key in values:
                detail = f"this key is there twice: {key}"
                self.problems.append(NodeProblem(key_node, "Duplicate", detail, "keep one of the two"))
            elif key is not None:
                values[key] = self._field(key, value_node, spec_at, is_spec)
        for merged in merges:
            for key, value in self._merged(merged, is_spec).items():
                values.setdefault(key, value)
        self._depth -= 1
        return values

    def _field(self, key: str, node: yaml.Node, spec_at: str, is_spec: bool) -> Any:
        if is_spec and key in _AS_WRITTEN:
            return self._as_written(node)
        if key == spec_at and isinstance(node, yaml.MappingNode):
            return self._mapping(node, is_spec=True)
        return self.value(node)

    def _as_written(self, node: yaml.Node) -> Any:
        """The text of a scalar, or of the scalars of a list or map one level down."""
        if isinstance(node, yaml.ScalarNode):
            return self._text(node)
        if isinstance(node, yaml.SequenceNode):
            self._enter(node, _TAG + "seq")
            items = [self._text(item) if isinstance(item, yaml.ScalarNode) else self.value(item)
                     for item in node.value]  # fmt: skip
            self._depth -= 1
            return items
        constructed = self._mapping(node)
        for key_node, value_node in node.value:
            if isinstance(value_node, yaml.ScalarNode) and key_node.value in constructed:
                constructed[key_node.value] = self._text(value_node)
        return constructed

    def _text(self, node: yaml.ScalarNode) -> str | None:
        if node.style or node.tag in _STRING_TAGS:
            return str(node.value)
        if scalars.is_null(node.value):
            return None
        if scalars.is_changed_by_others(node.value):
            self.plain.append(node)
        return str(node.value)

    def _key(self, node: yaml.Node) -> str | None:
        if not isinstance(node, yaml.ScalarNode):
            self.problems.append(NodeProblem(node, "Invalid", "a key must be text", "write key: value"))
            return None
        if not node.value and not node.style:
            self.problems.append(
                NodeProblem(node, "Invalid", "the key before the colon is empty", "write one")
            )
            return None
        return str(node.value)

    def _merged(self, node: yaml.Node, is_spec: bool) -> dict[str, Any]:
        """What `<<` brings in: a map, or a list of maps of which the first wins."""
        values: dict[str, Any] = {}
        for source in node.value if isinstance(node, yaml.SequenceNode) else (node,):
            if isinstance(source, yaml.MappingNode):
                for key, value in self._mapping(source, is_spec=is_spec).items():
                    values.setdefault(key, value)
            else:
                detail = "<< takes a map, or a list of maps"
                self.problems.append(NodeProblem(source, "Invalid", detail, "write <<: *anchor"))
        return values

    def _enter(self, node: yaml.Node, tag: str) -> None:
        self._left -= len(node.value) + 1
        self._depth += 1
        if self._left < 0 or self._depth > 200:
            raise TooMany
        if node.tag is not None and node.tag != tag:
            self._unknown_tag(node)

    def _unknown_tag(self, node: yaml.Node) -> None:
        tag = node.tag.replace(_TAG, "!!")
        fix = "remove it, or quote a value that begins with !"
        self.problems.append(NodeProblem(node, "Invalid", f"unknown tag: {tag}", fix))
