"""Patterns of `watch` against the disk (S4.10): those that mean no file there is, and those that mean all."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

from controller.core import errors, globs, watching

MOST_ENTRIES = 2000
"""Where so many files and folders have been looked at, one of the others may be meant."""


def problems(declared: dict[str, Any], root: str) -> Iterator[errors.FieldProblem]:
    """Of a `watch` that is a list. None is certain: files come and go."""
    for place, text in enumerate(declared["watch"]):
        path = ("spec", "watch", place)
        for glob in watching.patterns([text], root):
            if watching.means_everything(glob):
                detail = watching.everything_matches(text)
                yield errors.FieldProblem(path, "Invalid", detail, "name the sources: src/**/*.py", text)
            elif not glob.negated and not _is_answered(glob, root):
                nearest = watching.nearest(glob.base, lambda folder: _folders(f"{root}/{folder}"))
                detail = watching.nothing_matches(text, *nearest)
                yield errors.FieldProblem(path, "NotFound", detail, "create it, or correct the pattern", text)


def _is_answered(glob: globs.Glob, root: str) -> bool:
    """Whether a file is meant, as far as one looks."""
    wanted = watching.Interest((glob,))
    left = MOST_ENTRIES
    waiting = ["" if not os.path.isdir(f"{root}/{glob.base}") else glob.base]
    while waiting:
        folder = waiting.pop()
        for entry in _entries(f"{root}/{folder}"):
            left -= 1
            name = f"{folder}/{entry.name}".lstrip("/")
            if left < 0 or (not entry.is_dir() and wanted.takes(name, ignored=False)):
                return True
            if entry.is_dir(follow_symlinks=False) and wanted.holds(name, ignored=False):
                waiting.append(name)
    return False


def _entries(path: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as found:
            return sorted(found, key=lambda entry: entry.name)
    except OSError:
        return []


def _folders(path: str) -> Sequence[str]:
    return [entry.name for entry in _entries(path) if entry.is_dir()]
