"""JSON text to values, and, only when something has to be pointed at, to a tree of nodes with positions."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

import yaml

from controller.manifest import yamltext

_SPACE = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_LITERAL = re.compile(r"[^\s,\]}:]+")


_MESSAGES: tuple[tuple[str, str, str], ...] = (
    ("property name", "a key in double quotes is missing", "add it, or remove the comma before"),
    ("trailing comma", "a comma too many", "remove it"),
    ("',' delimiter", "a comma is missing", "add it, or close what is open"),
    ("':' delimiter", "a colon is missing", "add it after the key"),
    ("Expecting value", "a value is missing", "add it"),
    ("Extra data", "text after the end", "write several objects as the items of a List"),
    ("Unterminated string", "the quotation mark is not closed", "close it"),
    (
        "control character",
        "a text cannot hold this character as it is",
        "write a line feed as \\n, a tab as \\t",
    ),
    ("escape", "no such escape", "double the backslash"),
)
"""Part of the parser's message → what it means, and what to do."""


class _Duplicate(ValueError):
    pass


def parse(text: str) -> tuple[Any, yamltext.TextProblem | None]:
    """The value, or why it is none. Duplicate keys, NaN and broken surrogates are refused (S1.3)."""
    try:
        value = json.loads(text, object_pairs_hook=_pairs, parse_constant=_constant)
        if "\\ud" in text.lower():
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        rows = ((found, what) for part, found, what in _MESSAGES if part in error.msg)
        message, fix = next(rows, (f"not JSON: {error.msg[0].lower()}{error.msg[1:]}", ""))
        return None, yamltext.TextProblem(error.lineno - 1, error.colno - 1, message, fix)
    except _Duplicate as error:
        return None, _at_duplicate(text, str(error))
    except UnicodeEncodeError:
        detail = "half of a surrogate pair is no character"
        return None, yamltext.TextProblem(0, 0, detail, "write the character itself, or both escapes")
    except RecursionError:
        return None, yamltext.TextProblem(0, 0, "nested too deep", "look for brackets that are not closed")
    except ValueError as error:
        return None, yamltext.TextProblem(0, 0, f"not JSON: {error}")
    return value, None


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _Duplicate(key)
            seen.add(key)
    return made


def _constant(name: str) -> NoReturn:
    raise ValueError(f"no such number in JSON: {name}")


def _at_duplicate(text: str, key: str) -> yamltext.TextProblem:
    """The first key that repeats within its object; `key` is its text."""
    found = _first_duplicate(nodes(text))
    mark = found.start_mark if found else yaml.Mark("", 0, 0, 0, None, 0)
    return yamltext.TextProblem(
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
