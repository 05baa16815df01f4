"""`-o custom-columns=NAME:.metadata.name,NUM:.spec.num`: a table of one's own."""

from __future__ import annotations

from controller.cli import errors, jsonpath

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

MISSING = "<none>"
_EXAMPLE = "as in -o custom-columns=NAME:.metadata.name,NUM:.spec.num"


class Columns:
    """Headers and the paths below them."""

    def __init__(self, columns: Sequence[tuple[str, jsonpath.Template]]) -> None:
        self.headers = [header for header, _ in columns]
        self._paths = [path for _, path in columns]

    def row(self, obj: Any) -> list[str]:
        return [_cell(path.find(obj)) for path in self._paths]


def parse(text: str) -> Columns:
    """Raises `UsageError`. Commas inside brackets and quotes belong to the path."""
    if not text.strip():
        raise errors.UsageError("custom-columns needs columns", _EXAMPLE)
    columns = []
    for part in split(text):
        header, colon, path = part.partition(":")
        if not colon or not header.strip() or not path.strip():
            raise errors.UsageError(f"a column is HEADER:PATH: {part!r}", _EXAMPLE)
        columns.append((header.strip(), jsonpath.path(path)))
    return Columns(columns)


def parse_file(text: str) -> Columns:
    """Two lines: headers, and a path below each."""
    lines = [line.split() for line in text.splitlines() if line.strip()]
    if len(lines) != 2 or len(lines[0]) != len(lines[1]):
        raise errors.UsageError("a file of custom columns has a line of headers and a line of as many paths")
    return Columns([(header, jsonpath.path(path)) for header, path in zip(*lines, strict=True)])


def split(text: str) -> list[str]:
    """At the commas that are outside of brackets and quotes."""
    parts, depth, quote = [""], 0, ""
    for char in text:
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in "[({":
            depth += 1
        elif char in "])}":
            depth -= 1
        elif char == "," and depth <= 0:
            parts.append("")
            continue
        parts[-1] += char
    return parts


def _cell(values: Sequence[Any]) -> str:
    shown = [jsonpath.text_of(value) for value in values if value is not None]
    return ",".join(shown) if shown else MISSING
