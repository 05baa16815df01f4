"""Patterns of files as `.gitignore` writes them (gitignore(5)): for `watch`, and for what it leaves out.

A pattern without a slash, or with one at its end only, matches at any depth; others begin at the base. `*`
and `?` stop at slashes, `**` does not. What matches a folder matches all below it. `!` takes back; the last
pattern that matches decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_MAGIC = re.compile(r"[*?\[\\]")


@dataclass(frozen=True, slots=True)
class Glob:
    """One pattern. `base` is the folder that all it can match lies in, empty for the root."""

    text: str
    negated: bool
    base: str
    regex: re.Pattern[str]

    def matches(self, path: str) -> bool:
        """Whether it means this file, or a folder that the file is in."""
        return self.regex.fullmatch(path) is not None


def parse(text: str, below: str = "") -> Glob | None:
    """A pattern that counts from the folder `below`; None for an empty line or a comment."""
    pattern = _trimmed(text)
    if not pattern or pattern.startswith("#"):
        return None
    negated = pattern.startswith("!")
    pattern = pattern[1:] if negated else pattern
    only_folders = pattern.endswith("/")
    pattern = pattern.rstrip("/")
    while pattern.startswith("./"):
        pattern = pattern[2:]
    anchored = "/" in pattern
    pattern = pattern.lstrip("/")
    if pattern in ("", "."):
        pattern, anchored = "**", True
    prefix = f"{below}/" if below else ""
    body = _translate(pattern)
    depth = "" if anchored else "(?:.*/)?"
    tail = "/.*" if only_folders else "(?:/.*)?"
    regex = re.compile(f"{re.escape(prefix)}{depth}{body}{tail}", re.DOTALL)
    return Glob(text, negated, (prefix + (_base(pattern) if anchored else "")).rstrip("/"), regex)


def parse_all(lines: Iterable[str], below: str = "") -> tuple[Glob, ...]:
    return tuple(glob for line in lines if (glob := parse(line, below)) is not None)


def decide(patterns: Iterable[Glob], path: str) -> bool | None:
    """What the last pattern that matches says of a path; None if none does."""
    verdict = None
    for glob in patterns:
        if glob.matches(path):
            verdict = not glob.negated
    return verdict


def is_below(path: str, folder: str) -> bool:
    """Whether a path is the folder or in it; everything is in the empty one."""
    return not folder or path == folder or path.startswith(f"{folder}/")


def _trimmed(text: str) -> str:
    """Without spaces at the end, unless a backslash keeps one."""
    line = text.rstrip("\r\n")
    bare = line.rstrip(" \t")
    return f"{bare} " if bare.endswith("\\") and bare != line else bare


def _base(pattern: str) -> str:
    """The folders before the first one with a wildcard; a pattern without any is its own."""
    kept: list[str] = []
    for part in pattern.split("/"):
        if _MAGIC.search(part):
            break
        kept.append(part)
    return "/".join(kept)


def _translate(pattern: str) -> str:
    parts = pattern.split("/")
    out: list[str] = []
    for index, part in enumerate(parts):
        is_last = index == len(parts) - 1
        if part == "**":
            out.append(".+" if is_last else "(?:.*/)?")
        else:
            out.append(_translate_part(part) + ("" if is_last else "/"))
    return "".join(out)


def _translate_part(part: str) -> str:
    out: list[str] = []
    at = 0
    while at < len(part):
        character = part[at]
        at += 1
        if character == "*":
            out.append("[^/]*")
        elif character == "?":
            out.append("[^/]")
        elif character == "\\" and at < len(part):
            out.append(re.escape(part[at]))
            at += 1
        elif character == "[":
            found, at = _class(part, at)
            out.append(found)
        else:
            out.append(re.escape(character))
    return "".join(out)


def _class(part: str, at: int) -> tuple[str, int]:
    """A bracket expression whose `[` is before `at`; one that never closes is a bracket."""
    start = at + 1 if part[at : at + 1] in ("!", "^") else at
    end = part.find("]", start + 1)
    if end < 0:
        return re.escape("["), at
    inner = part[start:end].replace("\\", "\\\\").replace("[", "\\[").replace("^", "\\^")
    found = f"[^/{inner}]" if start > at else f"[{inner}]"
    try:
        re.compile(found)
    except re.error:
        return re.escape(part[at - 1 : end + 1]), end + 1
    return found, end + 1
