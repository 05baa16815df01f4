"""Which program runs a `file` (S8.1), and which virtual environment a worker lives in.

Looks at the disk, starts nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from controller import ports, sdk
from controller.core import spec

_BY_SUFFIX = {
    ".php": "php",
    ".js": "node",
    ".mjs": "node",
    ".cjs": "node",
    ".rb": "ruby",
    ".pl": "perl",
    ".sh": "sh",
    ".bash": "bash",
    ".lua": "lua",
}
PYTHON_SUFFIXES = (".py", ".pyz")

PREPENDED = f"{os.path.dirname(sdk.__file__)}/workerset-php/prepend.php"
"""Defines the functions of a PHP worker, before its script runs."""

_PHP = re.compile(r"php[0-9.]*")
_PHP_LINE = re.compile(rb"#!\s*\S*/(?:env\s+(?:-S\s+)?)?(php[0-9.]*)\s*\n")


@dataclass(frozen=True, slots=True)
class Choice:
    """`program` is empty where the file runs by itself; `venv` is the environment whose `bin` comes first.

    `options` stand before the file.
    """

    program: str
    source: str
    venv: str = ""

    @property
    def options(self) -> tuple[str, ...]:
        is_php = _PHP.fullmatch(os.path.basename(self.program)) is not None
        return ("-d", f"auto_prepend_file={PREPENDED}") if is_php else ()


def folders_up(start: str, root: str) -> list[str]:
    """`start` and what is above it, down to the project root; only `start` if it is outside."""
    folders = [start]
    while folders[-1] != root and folders[-1].startswith(root.rstrip("/") + "/"):
        folders.append(os.path.dirname(folders[-1]))
    return folders


def nearest(start: str, root: str, below: str) -> str:
    """The nearest existing `below` from `start` up to the root; empty if there is none."""
    for folder in folders_up(start, root):
        path = f"{folder}/{below}"
        if os.path.exists(path):
            return path
    return ""


def venv_of(cwd: str, root: str, base: Mapping[str, str]) -> tuple[str, str]:
    """The virtual environment of a worker, and where it was found."""
    python = nearest(cwd, root, ".venv/bin/python")
    if python:
        venv = os.path.dirname(os.path.dirname(python))
        return venv, os.path.relpath(venv, root) if venv.startswith(root) else venv
    venv = base.get("VIRTUAL_ENV", "")
    if venv and os.path.exists(f"{venv}/bin/python"):
        return venv, "VIRTUAL_ENV of the base environment"
    return "", ""


def choose(template: spec.Template, cwd: str, root: str, base: Mapping[str, str]) -> Choice:
    """The interpreter of `template.file`. Raises `LaunchProblem` where none is known."""
    file = template.file or ""
    venv, where = venv_of(cwd, root, base)
    if template.interpreter:
        return _declared(template.interpreter, root, venv)
    suffix = os.path.splitext(file)[1].lower()
    if suffix in PYTHON_SUFFIXES:
        if venv:
            return Choice(f"{venv}/bin/python", where, venv)
        return Choice("python3", "python3 on PATH")
    if suffix in _BY_SUFFIX:
        return Choice(_BY_SUFFIX[suffix], f"{suffix} files", venv)
    path = os.path.join(root, file)
    php = _php_of(path)
    if php:
        return Choice(php, "#! line", venv)
    if os.path.isfile(path) and not os.access(path, os.X_OK):
        raise ports.LaunchProblem(
            f"no interpreter is known for it and it is not executable: {file} "
            "(set `interpreter`, or give it a #! line and chmod +x)"
        )
    return Choice("", "runs by itself", venv)


def _php_of(path: str) -> str:
    """The PHP that a script without a suffix names in its first line, as `bin/console` does; else empty."""
    try:
        with open(path, "rb") as script:
            found = _PHP_LINE.match(script.readline(256))
    except OSError:
        return ""
    return found[1].decode() if found else ""


def _declared(interpreter: str, root: str, venv: str) -> Choice:
    """As given; a path is relative to the project root (S1.5), and may name a virtual environment."""
    if "/" not in interpreter:
        return Choice(interpreter, "interpreter", venv)
    path = os.path.join(root, interpreter)
    above = os.path.dirname(os.path.dirname(path))
    own = above if os.path.exists(f"{above}/pyvenv.cfg") else venv
    return Choice(path, "interpreter", own)
