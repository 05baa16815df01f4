"""The YAML parser's messages as sentences that say what to do."""

from __future__ import annotations

import yaml

_MESSAGES: tuple[tuple[str, str, str], ...] = (
    ("mapping values are not allowed", "a second key on one line, or a wrong indentation",
     "quote a value that holds a colon, or align the line with the ones above"),
    ("could not find expected ':'", "this line is neither a key nor a value",
     "write key: value, or align the line with the ones above"),
    ("did not find expected '-' indicator", "this line does not fit the list above", "align it"),
    ("did not find expected key", "this line does not fit the map above",
     "align it with the keys above, and quote a value that begins with a quotation mark"),
    ("expected ',' or ']'", "the [ is not closed, or a comma is missing", "close the list with ]"),
    ("expected ',' or '}'", "the { is not closed, or a comma is missing", "close the map with }"),
    ("expected <document start>", "text after the end of the document", "begin a new document with ---"),
    ("unexpected end of stream", "the quotation mark is not closed", "close it"),
    ("unexpected document indicator", "the quotation mark is not closed", "close it"),
    ("sequence entries are not allowed", "a list cannot begin here", "begin it on a line of its own"),
    ("unknown escape character", "no such escape in double quotes", "use single quotes instead"),
    ("undefined alias", "no anchor of this name above", "define it with &, or quote the value"),
    ("undefined tag handle", "unknown tag", "remove it, or quote a value that begins with !"),
    ("found duplicate anchor", "this anchor is defined twice", "rename one of the two"),
    ("expected alphabetic or numeric", "a name must follow & and *", "quote a value that begins with & or *"),
    ("node content", "a value is missing here", "write one, or remove the comma"),
)  # fmt: skip
"""Part of the parser's message → what it means, and what to do."""


_POINT_AT_OPENING = ("end of stream", "document indicator", "expected ','")


def explain(error: yaml.MarkedYAMLError, text: str) -> tuple[int, int, str, str]:
    """Line and column from 0, what is wrong, what to do."""
    problem = error.problem or error.context or "not YAML"
    mark = error.problem_mark or error.context_mark
    opened = error.context_mark
    if opened is not None and any(part in problem for part in _POINT_AT_OPENING):
        mark = opened
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    lines = text.rstrip().splitlines()
    if lines and line >= len(lines):
        line, column = len(lines) - 1, max(0, len(lines[-1]) - 1)
        if "node content" in problem:
            return line, column, "the text ends too early", "close what is open: [, { or a quotation mark"
    if "cannot start any token" in problem:
        message, fix = _bad_start(lines, line, column)
    else:
        rows = ((found, what) for part, found, what in _MESSAGES if part in problem)
        message, fix = next(rows, (f"not YAML: {problem}", ""))
    return line, column, message, fix


def _bad_start(lines: list[str], line: int, column: int) -> tuple[str, str]:
    char = lines[line][column : column + 1] if line < len(lines) else ""
    if char == "\t":
        return "a tab cannot indent", "use spaces"
    return f"a value cannot begin with {char}", "quote it"
