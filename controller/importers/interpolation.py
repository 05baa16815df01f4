"""Compose's variables in values: `$X`, `${X:-default}`, `${X:?message}`, `${X:+other}`, `$$`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from controller.importers import shell

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATOR = re.compile(r":?[-?+]")
_DEPTH = 20
_OPEN, _CLOSE = "\ue000", "\ue001"
_MARKED = re.compile(f"{_OPEN}(\\w+){_CLOSE}")


@dataclass(frozen=True, slots=True)
class Text:
    """A value with what is known put in; `missing` are variables that nothing here sets."""

    marked: str
    missing: tuple[str, ...]

    @property
    def plain(self) -> str:
        """As compose has it: empty where nothing is known."""
        return _MARKED.sub("", self.marked)

    @property
    def in_command(self) -> str:
        """`$(X)` for what is missing, so that the environment of the worker is asked."""
        return _MARKED.sub(r"$(\1)", shell.escaped(self.marked))

    @property
    def only(self) -> str:
        """The one variable that the value consists of."""
        found = _MARKED.fullmatch(self.marked)
        return found[1] if found else ""


def fill(text: str, known: Mapping[str, str], depth: int = 0) -> Text:
    """Raises ValueError for `${` that is not closed, or nested too deep."""
    if "$" not in text:
        return Text(text, ())
    if depth > _DEPTH:
        raise ValueError(f"defaults in defaults, deeper than {_DEPTH}")
    out: list[str] = []
    at = 0
    while at < len(text):
        dollar = text.find("$", at)
        if dollar < 0:
            out.append(text[at:])
            break
        out.append(text[at:dollar])
        part, at = _one(text, dollar + 1, known, depth)
        out.append(part)
    marked = "".join(out)
    return Text(marked, tuple(dict.fromkeys(_MARKED.findall(marked))))


def _one(text: str, at: int, known: Mapping[str, str], depth: int) -> tuple[str, int]:
    """What stands for the variable after the dollar before `at`, and where it ends."""
    if text[at : at + 1] == "$":
        return "$", at + 1
    if text[at : at + 1] != "{":
        name = _NAME.match(text, at)
        return (_value(name[0], known), name.end()) if name else ("$", at)
    end = _end(text, at + 1)
    inner = text[at + 1 : end]
    name = _NAME.match(inner)
    if name is None:
        raise ValueError(f"no variable: ${{{inner}}}")
    operator = _OPERATOR.match(inner, name.end())
    rest = inner[operator.end() :] if operator else ""
    sign = operator[0] if operator else ""
    is_set = bool(known.get(name[0])) if sign.startswith(":") else name[0] in known
    if sign.endswith("+"):
        return fill(rest, known, depth + 1).marked if is_set else "", end + 1
    if is_set or not sign.endswith("-"):
        return _value(name[0], known), end + 1
    return fill(rest, known, depth + 1).marked, end + 1


def _value(name: str, known: Mapping[str, str]) -> str:
    return known.get(name, f"{_OPEN}{name}{_CLOSE}")


def _end(text: str, at: int) -> int:
    depth = 1
    while at < len(text):
        if text.startswith("${", at):
            depth += 1
            at += 1
        elif text[at] == "}":
            depth -= 1
            if not depth:
                return at
        at += 1
    raise ValueError(f"${{ is not closed: {text}")


def env_file(text: str) -> dict[str, str]:
    """The variables of a `.env`, for what only needs their values."""
    found = {}
    for line in text.splitlines():
        key, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and _NAME.fullmatch(key.strip()) and not line.lstrip().startswith("#"):
            value = value.strip()
            quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
            found[key.strip()] = value[1:-1] if quoted else value.split(" #")[0].rstrip()
    return found
