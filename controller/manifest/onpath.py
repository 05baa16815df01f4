"""Paths in a manifest against the disk: they start at the project root, whoever applies (S1.5)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from controller.core import errors, foreign, kinds

Found = tuple[errors.FieldProblem, bool]
"""A problem, and whether it is certain: a file may still be made before the workers start."""


def problems(obj: kinds.Object, root: str, manifest: str) -> Iterator[Found]:
    """`manifest` is the file's absolute path, empty for standard input."""
    beside = os.path.dirname(manifest)
    for path, value in _paths(obj["spec"]):
        if os.path.isabs(value) or os.path.exists(os.path.join(root, value)):
            continue
        if beside and beside != root and os.path.exists(os.path.join(beside, value)):
            yield _beside(path, value, os.path.relpath(os.path.join(beside, value), root)), True
        else:
            detail = f"not there yet, below the project root {root}: {value}"
            yield (
                errors.FieldProblem(path, "NotFound", detail, "create it, or correct the path", value),
                False,
            )


def _beside(path: errors.Path, value: str, from_root: str) -> errors.FieldProblem:
    detail = f"only beside this manifest, and paths start at the project root: {value}"
    if from_root.startswith(".."):
        fix = "write an absolute path, or move the manifest into the project"
    else:
        written = foreign.scalar(from_root)
        fix = f"write {written}" if isinstance(path[-1], int) else f"write {path[-1]}: {written}"
    return errors.FieldProblem(path, "NotFound", detail, fix, value)


def _paths(declared: dict[str, Any]) -> Iterator[tuple[errors.Path, str]]:
    for field in ("file", "working_dir", "interpreter"):
        value = declared.get(field)
        # A bare interpreter is looked up on PATH.
        if isinstance(value, str) and (field != "interpreter" or "/" in value):
            yield ("spec", field), value
    for place, value in enumerate(declared.get("env_files", ())):
        yield ("spec", "env_files", place), value
