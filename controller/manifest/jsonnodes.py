"""JSON text to a tree of nodes with positions: only when something in it has to be pointed at."""

from __future__ import annotations

import json
import re

import yaml

from controller.manifest import locate

_SPACE = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_LITERAL = re.compile(r"[^\s,\]}:]+")


def duplicate(text: str, key: str) -> locate.TextProblem:
    """The first key that repeats within its object; `key` is its text."""
    found = _first_duplicate(nodes(text))
    mark = found.start_mark if found else yaml.Mark("", 0, 0, 0, None, 0)
    return locate.TextProblem(
        mark.line, mark.column, f"this key is there twice: {key}", "keep one of the two"
    )


def _first_duplicate(node: yaml.Node) -> yaml.Node | None:
    children = node.value if isinstance(node, yaml.SequenceNode) else []
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                return key  # type: ignore[no-any-return]
            seen.add(key.value)
            children.append(value)
    return next((found for child in children if (found := _first_duplicate(child))), None)


def nodes(text: str) -> yaml.Node:
    """The tree of a text that is JSON."""
    return _Scanner(text).value()


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 0
        self._line_start = 0

    def value(self) -> yaml.Node:
        self._skip()
        start, char = self._mark(), self._text[self._at]
        if char == "{":
            return self._mapping(start)
        if char == "[":
            return self._sequence(start)
        token = (_STRING if char == '"' else _LITERAL).match(self._text, self._at)
        assert token is not None
        self._at = token.end()
        content = json.loads(token[0]) if char == '"' else token[0]
        style = '"' if char == '"' else ""
        return yaml.ScalarNode(None, content, start, self._mark(), style)  # type: ignore[arg-type]

    def _mapping(self, start: yaml.Mark) -> yaml.Node:
        pairs = []
        self._at += 1
        while not self._closes("}"):
            key = self.value()
            self._closes(":")
            pairs.append((key, self.value()))
            self._closes(",")
        return yaml.MappingNode(None, pairs, start, self._mark(), True)  # type: ignore[arg-type]

    def _sequence(self, start: yaml.Mark) -> yaml.Node:
        items = []
        self._at += 1
        while not self._closes("]"):
            items.append(self.value())
            self._closes(",")
        return yaml.SequenceNode(None, items, start, self._mark(), True)  # type: ignore[arg-type]

    def _closes(self, char: str) -> bool:
        """Consume `char` if it comes next."""
        self._skip()
        if self._text[self._at] != char:
            return False
        self._at += 1
        return True

    def _skip(self) -> None:
        match = _SPACE.match(self._text, self._at)
        assert match is not None
        self._line += match[0].count("\n")
        if "\n" in match[0]:
            self._line_start = self._at + match[0].rfind("\n") + 1
        self._at = match.end()

    def _mark(self) -> yaml.Mark:
        return yaml.Mark("", self._at, self._line, self._at - self._line_start, None, 0)
