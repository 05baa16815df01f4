"""Finding the program of a command, and every way it cannot be run as a sentence."""

from __future__ import annotations

import errno
import os
import stat
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from controller.shim.records import Spec

_FOUND_SECONDS = 1.0


class StartFailed(Exception):
    """The process could not be started; the text is a whole sentence with what to do."""


def program(spec: Spec) -> str:
    """The file to execute: as given if it has a slash, else looked up in the worker's own PATH.

    What was found holds for a moment, for the many that are started at once.
    """
    name = spec.argv[0]
    if "/" in name:
        return name
    now = time.monotonic()
    if now - spec.found_at > _FOUND_SECONDS:
        spec.program, spec.found_at = _look_up(name, spec), now
    return spec.program


def _look_up(name: str, spec: Spec) -> str:
    if not name:
        raise StartFailed("the command is empty: give a program as its first word")
    search = spec.env.get("PATH", os.defpath)
    blocked = ""
    for folder in search.split(":"):
        path = os.path.join(spec.cwd, folder, name)
        if os.access(path, os.X_OK) and not os.path.isdir(path):
            return path
        if not blocked and os.path.isfile(path):
            blocked = path
    if blocked:
        raise StartFailed(f"not executable, chmod +x makes it so: {blocked}")
    raise StartFailed(f"command not found: {name} (looked in PATH={search})")


def check(path: str, spec: Spec) -> None:
    """Where a shell comes between: what it could not execute is said in the same words as elsewhere."""
    full = os.path.normpath(os.path.join(spec.cwd, path))
    if not os.path.exists(full):
        raise StartFailed(_missing(full))
    if os.path.isdir(full) or not os.access(full, os.X_OK):
        raise StartFailed(_denied(full))
    interpreter = _first_line(full)
    if interpreter and not os.path.exists(interpreter):
        raise StartFailed(_missing(full))


def failure(path: str, spec: Spec, error: OSError | ValueError) -> str:
    full = os.path.normpath(os.path.join(spec.cwd, path))
    if isinstance(error, ValueError):
        return f"cannot start {full}: {error} (an argument or a variable holds a NUL or '=' in its name)"
    if error.errno == errno.ENOENT:
        return _missing(full)
    if error.errno == errno.EACCES:
        return _denied(full)
    if error.errno == errno.ENOEXEC:
        return f"neither a program nor a script that begins with a line such as #!/bin/sh: {full}"
    if error.errno == errno.ENOTDIR:
        return f"command not found, a part of its path is no folder: {full}"
    if error.errno == errno.E2BIG:
        return f"arguments and environment are too large together, shorten them: {full}"
    if error.errno == errno.EAGAIN:
        return f"no process left (ulimit -u): raise the limit or run fewer workers: {full}"
    if error.errno == errno.ENOMEM:
        return f"no memory left to start it: {full}"
    return f"cannot start, {error.strerror}: {full}"


def _missing(path: str) -> str:
    if not os.path.exists(path):
        dangling = os.path.islink(path)
        return f"command is a link to nothing: {path}" if dangling else f"command not found: {path}"
    interpreter = _first_line(path)
    if interpreter:
        return f"its first line asks for {interpreter}, which does not exist: {path}"
    return f"the loader or a library it asks for does not exist (built for another system?): {path}"


def _denied(path: str) -> str:
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return f"not allowed to reach it: {path}"
    if stat.S_ISDIR(mode):
        return f"command is a folder: {path}"
    if not mode & 0o111:
        return f"not executable, chmod +x makes it so: {path}"
    interpreter = _first_line(path)
    if interpreter and not os.access(interpreter, os.X_OK):
        return f"its first line asks for {interpreter}, which is not executable: {path}"
    return f"not allowed to execute it (its permissions, or a file system mounted noexec): {path}"


def _first_line(path: str) -> str:
    """The interpreter a script names; empty if it names none."""
    try:
        with open(path, "rb") as file:
            start = file.read(256)
    except OSError:
        return ""
    words = start[2:].split(b"\n", 1)[0].split() if start.startswith(b"#!") else []
    return words[0].decode(errors="replace") if words else ""
