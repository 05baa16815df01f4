"""A problem with its place, and how a list of them is printed: plain text with a caret, or JSON."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

OTHER_KIND = "OtherKind"
OTHER_FILE = "OtherFile"
OTHERS = frozenset({OTHER_KIND, OTHER_FILE})
"""Codes of what is no business of ours: skipped and counted where that is wanted, else refused."""

WIDTH = 100
"""Of the excerpt; a longer line is cut around the place."""

_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The source line, and how far into it the carets go; `column` counts from 0."""

    text: str
    column: int
    length: int

    @property
    def piece(self) -> str:
        """What the carets are below."""
        return self.text[self.column : self.column + self.length]


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem. Line and column count from 1; line 0 means the file as a whole."""

    file: str
    line: int
    column: int
    path: str
    code: str
    message: str
    fix: str = ""
    severity: Literal["error", "warning"] = "error"
    excerpt: Excerpt | None = None

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


def split_lines(text: str) -> list[str]:
    """Lines as YAML counts them."""
    return _LINE_END.split(text)


def excerpt(lines: Sequence[str], line: int, column: int, length: int = 1) -> Excerpt | None:
    """Of the line with this number, counted from 0, cut to a readable width."""
    if not 0 <= line < len(lines):
        return None
    text = lines[line].rstrip()
    column = min(column, len(text))
    if len(text) > WIDTH:
        start = max(0, min(column - WIDTH // 3, len(text) - WIDTH))
        text, column = text[start : start + WIDTH], column - start
    text = "".join(char if char.isprintable() else " " if char == "\t" else "�" for char in text)
    return Excerpt(text, column, max(1, min(length, len(text) - column)))


Paint = Callable[[str, str], str]
"""Part (`place`, `error`, `warning`, `gutter`, `fix`) and its text → the text as a terminal shows it."""


def _plain(_: str, text: str) -> str:
    return text


def render(diagnostics: Iterable[Diagnostic], paint: Paint = _plain) -> str:
    """For people: place, sentence, source with carets, fix. Ends without a line feed."""
    return "\n".join(_render_one(diagnostic, paint) for diagnostic in diagnostics)


def summary(diagnostic: Diagnostic, paint: Paint = _plain) -> str:
    """The first line only."""
    where = f"{diagnostic.path}: " if diagnostic.path else ""
    place = paint("place", f"{diagnostic.place}:")
    severity = paint(diagnostic.severity, f"{diagnostic.severity}:")
    return f"{place} {severity} {where}{diagnostic.message}"


def as_json(diagnostic: Diagnostic) -> dict[str, Any]:
    return {
        "file": diagnostic.file,
        "line": diagnostic.line,
        "column": diagnostic.column,
        "path": diagnostic.path,
        "severity": diagnostic.severity,
        "code": diagnostic.code,
        "message": diagnostic.message,
        "fix": diagnostic.fix,
    }


def _render_one(diagnostic: Diagnostic, paint: Paint) -> str:
    lines = [summary(diagnostic, paint)]
    if diagnostic.excerpt is not None and diagnostic.excerpt.text.strip():
        number = str(diagnostic.line)
        shown = diagnostic.excerpt
        before = shown.text[: shown.column]
        carets = "^" * max(1, _width(shown.piece))
        lines.append(f"{paint('gutter', f'  {number} |')} {shown.text}".rstrip())
        gutter = paint("gutter", f"  {' ' * len(number)} |")
        lines.append(f"{gutter} {' ' * _width(before)}{paint(diagnostic.severity, carets)}")
    if diagnostic.fix:
        lines.append(f"  {paint('fix', 'fix:')} {diagnostic.fix}")
    return "\n".join(lines)


def _width(text: str) -> int:
    """Columns on a terminal: wide characters take two, marks none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )
