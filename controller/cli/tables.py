"""Tables as kubectl prints them: three spaces between columns, widths remembered while a watch goes on.

Everything the server said is made harmless for a terminal. STATUS is coloured on one (S1.9).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from controller.cli.context import Context

_GAP = 3
_COLOURED = ("STATUS", "STATE", "PHASE")


class Printer:
    """Prints rows below one header; the header goes out with the first rows."""

    def __init__(self, context: Context, header: Sequence[str], *, with_header: bool = True) -> None:
        self._context = context
        self._header = [name.upper() for name in header]
        self._pending = with_header
        self._widths = [len(name) if with_header else 0 for name in self._header]
        self._painted = [index for index, name in enumerate(self._header) if name in _COLOURED]

    def rows(self, rows: Sequence[Sequence[object]]) -> None:
        texts = [[cell(value) for value in row] for row in rows]
        if self._pending:
            self._pending = False
            texts.insert(0, self._header)
        for row in texts:
            for index, value in enumerate(row):
                self._widths[index] = max(self._widths[index], width(value))
        self._context.stdout.write("".join(self._line(row) for row in texts))
        self._context.stdout.flush()

    def _line(self, row: Sequence[str]) -> str:
        style = self._context.style
        out = ""
        for index, value in enumerate(row):
            last = index == len(row) - 1
            padding = "" if last else " " * (self._widths[index] + _GAP - width(value))
            painted = style.enabled and index in self._painted and row is not self._header
            out += (style.state(value) if painted else value) + padding
        return out.rstrip() + "\n"


def cell(value: object) -> str:
    """One line, nothing a terminal would obey."""
    if value is None:
        return "<none>"
    if not isinstance(value, str):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if value.isprintable():
        return value
    first, newline, _ = value.partition("\n")
    plain = "".join(char if char.isprintable() else " " if char == "\t" else _escaped(char) for char in first)
    return f"{plain}..." if newline else plain


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def width(value: str) -> int:
    """Columns on a terminal: wide characters count two, combining ones none."""
    if value.isascii():
        return len(value)
    import unicodedata

    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in value
    )
