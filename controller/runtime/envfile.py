"""Reading `env_files`: dotenv files as most tools write them, with a position in every complaint.

`KEY=value`, optional `export`, `#` comments; single quotes take everything as it is, double quotes know
`\\n \\r \\t \\" \\\\ \\$`, both may span lines. Nothing is substituted: a value is what is written.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence

from controller import ports
from controller.sdk.workerset import contract

_NAME = re.compile(r"(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*")
_REST = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\n|\Z)")
_BLANK = re.compile(r"[ \t\r]*(?:#[^\n]*)?(?:\n|\Z)")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "$": "$"}


def read(paths: Sequence[str], root: str) -> Mapping[str, str]:
    """All variables of the files, later files win. Raises `LaunchProblem`."""
    values: dict[str, str] = {}
    for path in paths:
        values.update(_read_one(os.path.join(root, path), path))
    return values


def _read_one(full: str, shown: str) -> Mapping[str, str]:
    try:
        with open(full, "rb") as file:
            data = file.read()
    except FileNotFoundError:
        raise ports.LaunchProblem(
            f"env file not found: {shown} (looked for {full}; paths are relative to the project root)"
        ) from None
    except OSError as error:
        raise ports.LaunchProblem(f"cannot read env file, {error.strerror}: {shown}") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ports.LaunchProblem(f"{shown}:{line}: not UTF-8: save the file as UTF-8") from None
    return parse(text, shown)


def parse(text: str, shown: str) -> Mapping[str, str]:
    """The variables of one file's text; `shown` is how complaints call it. Raises `LaunchProblem`."""
    text = text.replace("\r\n", "\n")
    values: dict[str, str] = {}
    at = 0
    while at < len(text):
        blank = _BLANK.match(text, at)
        if blank is not None and (blank.end() > at):
            at = blank.end()
            continue
        start = at
        at = _skip_spaces(text, at)
        name = _NAME.match(text, at)
        if name is None:
            line = text[at:].split("\n", 1)[0]
            raise _problem(text, start, shown, f"expected NAME=value: {line.strip()[:60]}")
        if name[1] in contract.RESERVED:
            raise _problem(text, start, shown, f"{name[1]} is set by workerset: remove this line")
        value, at = _value(text, name.end(), shown)
        if "\0" in value:
            raise _problem(text, start, shown, f"the value of {name[1]} holds a NUL byte")
        values[name[1]] = value
    return values


def _value(text: str, at: int, shown: str) -> tuple[str, int]:
    quote = text[at : at + 1]
    if quote == "'":
        end = text.find("'", at + 1)
        if end < 0:
            raise _problem(text, at, shown, "the single quote is never closed")
        return text[at + 1 : end], _after_quote(text, end + 1, shown)
    if quote == '"':
        return _double_quoted(text, at, shown)
    end = text.find("\n", at)
    end = len(text) if end < 0 else end
    bare = re.split(r"(?:^|[ \t])#", text[at:end], maxsplit=1)[0]
    return bare.strip(), end + 1


def _double_quoted(text: str, at: int, shown: str) -> tuple[str, int]:
    out: list[str] = []
    here = at + 1
    while here < len(text):
        character = text[here]
        if character == '"':
            return "".join(out), _after_quote(text, here + 1, shown)
        if character == "\\" and here + 1 < len(text):
            following = text[here + 1]
            out.append(_ESCAPES.get(following, "\\" + following))
            here += 2
        else:
            out.append(character)
            here += 1
    raise _problem(text, at, shown, "the double quote is never closed")


def _after_quote(text: str, at: int, shown: str) -> int:
    rest = _REST.match(text, at)
    if rest is None:
        raise _problem(text, at, shown, "something follows the closing quote: quote the whole value")
    return rest.end()


def _skip_spaces(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t":
        at += 1
    return at


def _problem(text: str, at: int, shown: str, what: str) -> ports.LaunchProblem:
    return ports.LaunchProblem(f"{shown}:{text.count(chr(10), 0, at) + 1}: {what}")
