"""Diagnostics as machines take them: places from the root of the repository, one sentence, spans."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from controller.manifest import diagnostics


def repository(cwd: str, environ: Mapping[str, str]) -> str:
    """The folder that a host of repositories takes paths from: its own word, the git top level, or `cwd`."""
    start, workspace = os.path.realpath(cwd), environ.get("GITHUB_WORKSPACE", "")
    if workspace and _is_within(start, os.path.realpath(workspace)):
        return os.path.realpath(workspace)
    folder = start
    while not os.path.exists(os.path.join(folder, ".git")):
        folder, below = os.path.dirname(folder), folder
        if folder == below:
            return start
    return folder


def from_repository(name: str, cwd: str, base: str) -> str:
    """`manifests/10-web.yaml`, through links of folders; what lies outside keeps its absolute path.

    Standard input keeps its name.
    """
    if name == "stdin":
        return name
    folder, file = os.path.split(os.path.join(cwd, name))
    folder = os.path.realpath(folder)
    path = os.path.normpath(os.path.join(folder, file))
    return os.path.relpath(path, base) if _is_within(folder, base) else path


def _is_within(folder: str, base: str) -> bool:
    """Of two resolved paths."""
    return f"{folder}/".startswith(f"{base.rstrip('/')}/")


def sentence(diagnostic: diagnostics.Diagnostic) -> str:
    """`spec.num: below the smallest value, 0: -1 (fix: write 0)`."""
    where = f"{diagnostic.path}: " if diagnostic.path else ""
    fix = f" (fix: {diagnostic.fix})" if diagnostic.fix else ""
    return f"{where}{diagnostic.message}{fix}"


def end_column(diagnostic: diagnostics.Diagnostic) -> int:
    """The column behind the piece that is pointed at, counted from 1; 0 where none is."""
    if not diagnostic.line or diagnostic.excerpt is None:
        return 0
    return diagnostic.column + diagnostic.excerpt.length


def as_json(value: object) -> str:
    """UTF-8 that can be read, names of any bytes included: half a surrogate pair stays an escape."""
    import json

    return json.dumps(value, indent=2, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()


def printable(text: str) -> str:
    """Without what neither XML nor a terminal can hold: control characters, halves of surrogate pairs."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char
        if char in "\n\t" or (char >= " " and char not in "\x7f\ufffe\uffff" and not _is_half(char))
        else "�"
        for char in text
    )


def _is_half(char: str) -> bool:
    return "\ud800" <= char <= "\udfff"
