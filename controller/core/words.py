"""`command` as one string: split into words as a shell would, and run without one (S1.6).

What only a shell can do (pipes, variables, patterns) is refused with its place in the text, since
it would silently mean something else. `$(NAME)` is ours and stays for run time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_OPERATORS = "|&;<>()"
_REFERENCE = re.compile(r"\$\([A-Za-z_][A-Za-z0-9_.-]*\)")
_VARIABLE = re.compile(r"\$(?:\{?([A-Za-z_][A-Za-z0-9_]*)\}?|[0-9@*#?$!-]|[{(])")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")


class NeedsShell(ValueError):
    """The text needs a shell. `at` is the place in it, `fix` what to write instead."""

    def __init__(self, message: str, fix: str, at: int) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.at = at


@dataclass(slots=True)
class _Scan:
    text: str
    at: int = 0
    words: list[str] = field(default_factory=list)
    word: str | None = None

    def put(self, part: str, length: int) -> None:
        self.word = (self.word or "") + part
        self.at += length

    def end_word(self) -> None:
        if self.word is not None:
            self.words.append(self.word)
            self.word = None


def split(text: str) -> tuple[str, ...]:
    """The words of `text`. Raises NeedsShell, also for an open quote or no word at all."""
    scan = _Scan(text)
    while scan.at < len(text):
        char = text[scan.at]
        if char in " \t\r\n":
            scan.end_word()
            scan.at += 1
        elif char == "'":
            _single_quoted(scan)
        elif char == '"':
            _double_quoted(scan)
        elif char == "\\":
            if scan.at + 1 == len(text):
                raise NeedsShell("nothing follows the last backslash", "remove it, or double it", scan.at)
            scan.put("" if text[scan.at + 1] == "\n" else text[scan.at + 1], 2)
        else:
            _plain(scan, char)
    scan.end_word()
    if not scan.words or not scan.words[0]:
        raise NeedsShell("the command is empty", "name a program: command: [python, app.py]", 0)
    return tuple(scan.words)


def _plain(scan: _Scan, char: str) -> None:
    if char in _OPERATORS:
        raise _needs_shell(scan, f"the shell operator {char}")
    if char == "*" or (char == "~" and scan.word is None):
        raise _needs_shell(scan, f"the pattern {char}")
    if char == "=" and not scan.words and scan.word and _ASSIGNMENT.fullmatch(scan.word + "="):
        name = scan.word
        raise NeedsShell(
            f"{name}= before the program is an assignment, which needs a shell",
            f"put {name} under env, or quote the word",
            scan.at - len(name),
        )
    if char in "$`":
        _dollar(scan)
    else:
        scan.put(char, 1)


def _dollar(scan: _Scan) -> None:
    """A `$` or backquote that is not in single quotes."""
    if reference := _REFERENCE.match(scan.text, scan.at):
        scan.put(reference[0], len(reference[0]))
        return
    if scan.text[scan.at] == "`":
        raise _needs_shell(scan, "a backquote")
    if variable := _VARIABLE.match(scan.text, scan.at):
        if variable[1]:
            message = f"no shell expands {variable[0]} here"
            raise NeedsShell(
                message, f"write $({variable[1]}), or '{variable[0]}' if it is meant as is", scan.at
            )
        raise _needs_shell(scan, variable[0])
    scan.put("$", 1)


def _needs_shell(scan: _Scan, what: str) -> NeedsShell:
    quoted = "'" + scan.text.strip().replace("'", "''") + "'"
    return NeedsShell(
        f"no shell runs this command, so {what} has no effect",
        f"write command: [sh, -c, {quoted}], or quote it if it is meant as is",
        scan.at,
    )


def _single_quoted(scan: _Scan) -> None:
    end = scan.text.find("'", scan.at + 1)
    if end < 0:
        raise NeedsShell("a quotation mark is not closed: '", "add the second one", scan.at)
    scan.put(scan.text[scan.at + 1 : end], end + 1 - scan.at)


def _double_quoted(scan: _Scan) -> None:
    opened = scan.at
    scan.put("", 1)
    while scan.at < len(scan.text):
        char = scan.text[scan.at]
        if char == '"':
            scan.put("", 1)
            return
        if char == "\\" and scan.text[scan.at + 1 : scan.at + 2] in ('"', "\\", "$", "`", "\n"):
            following = scan.text[scan.at + 1]
            scan.put("" if following == "\n" else following, 2)
        elif char in "$`":
            _dollar(scan)
        else:
            scan.put(char, 1)
    raise NeedsShell('a quotation mark is not closed: "', "add the second one", opened)
