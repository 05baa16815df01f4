"""systemd's unit files: continued lines, keys that are given several times, drop-ins, and words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from controller.importers import drafts, sources

_SECTION = re.compile(r"\[([^]]+)\]")
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "s": " "}
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|[0-7]{3}|u[0-9a-fA-F]{4}|.)", re.DOTALL)


@dataclass(slots=True)
class Unit:
    """A unit with its drop-ins: the values of each key in order, those before an empty one forgotten."""

    name: str
    place: str
    sections: dict[str, dict[str, list[drafts.Field]]] = field(default_factory=dict)

    def all(self, section: str, key: str) -> list[drafts.Field]:
        return self.sections.get(section, {}).get(key, [])

    def last(self, section: str, key: str) -> str:
        found = self.all(section, key)
        return str(found[-1].value) if found else ""


def add(unit: Unit, source: sources.Source) -> None:
    """The lines of a file, after those that are there. Raises NotOurs."""
    section = ""
    for number, line in _logical_lines(source.text):
        place = source.at(number)
        if header := _SECTION.fullmatch(line):
            section = header[1]
            unit.sections.setdefault(section, {})
            continue
        key, equals, value = (part.strip() for part in line.partition("="))
        if not section or not equals or not re.fullmatch(r"[A-Za-z-]+", key):
            raise sources.NotOurs(source.name, number, "not a unit file: neither [Section] nor Key=value")
        values = unit.sections[section].setdefault(key, [])
        if value:
            values.append(drafts.Field(key, value, place))
        else:
            values.clear()


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines joined where they end with a backslash; comments between them do not count."""
    joined, start = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if bare.startswith(("#", ";")) or (not bare and not joined):
            continue
        start = start if joined else number
        if bare.endswith("\\"):
            joined += bare[:-1].rstrip() + " "
            continue
        yield start, (joined + bare).strip()
        joined = ""
    if joined:
        yield start, joined.strip()


def split(text: str) -> list[str]:
    """Words with quotes and C's escapes, as systemd splits them. Raises ValueError for an open quote."""
    found: list[str] = []
    word: str | None = None
    at = 0
    while at < len(text):
        char = text[at]
        if char.isspace():
            if word is not None:
                found.append(word)
            word, at = None, at + 1
        elif char in "'\"" and word is None:
            end = _end_of_quote(text, at)
            word, at = _unescaped(text[at + 1 : end]), end + 1
        elif char == "\\" and at + 1 < len(text):
            escape = _ESCAPE.match(text, at)
            assert escape is not None
            word, at = (word or "") + _escaped(escape), escape.end()
        else:
            word, at = (word or "") + char, at + 1
    return found if word is None else [*found, word]


def _end_of_quote(text: str, start: int) -> int:
    at = start + 1
    while at < len(text) and text[at] != text[start]:
        at += 2 if text[at] == "\\" else 1
    if at >= len(text):
        raise ValueError(f"a quotation mark is not closed: {text[start:]}")
    return at


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    what = found[1]
    if what in ("x00", "000", "u0000"):
        raise ValueError("a NUL cannot stand in a word")
    if len(what) > 1:
        return chr(int(what[1:], 16)) if what[0] in "xu" else chr(int(what, 8))
    return _ESCAPES.get(what, what)
