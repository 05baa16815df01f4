"""Starting one process: descriptors, folder, limits, posix_spawn; and every way it fails as a sentence.

`posix_spawn` stays on vfork. What it has no attribute for (cwd, umask, soft limits) this single-threaded
process sets on itself for the moment of the call.
"""

from __future__ import annotations

import errno
import fcntl
import os
import resource
import stat
import time

from controller.sdk.workerset import contract
from controller.shim import handover, limits, sockets
from controller.shim.lean import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from controller.shim.records import Run, Spec

_SIGNALS = [number for number in range(1, 65) if number not in (9, 19, 32, 33)]
_HANDLE_PIPE_BYTES = 4096
_FOUND_SECONDS = 1.0
_HEADROOM = 16
"""Descriptors kept free for the controller's connection, /proc and the log writer."""


class StartFailed(Exception):
    """The process could not be started; the text is a whole sentence with what to do."""


class Spawner:
    """Starts processes with the limits that the project's first controller was started with."""

    def __init__(self, soft_files: int, held: sockets.Sockets, limiter: limits.Limiter) -> None:
        self._sockets, self._limits = held, limiter
        soft, self._hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._worker_files = soft_files or soft
        self._own_files = self._hard
        resource.setrlimit(resource.RLIMIT_NOFILE, (self._own_files, self._hard))
        self._null = os.open(os.devnull, os.O_RDWR)
        self._output, self._input, self._gate = (os.dup(self._null) for _ in range(3))
        self._actions: tuple[tuple[Any, ...], ...] = (
            (os.POSIX_SPAWN_DUP2, self._output, 1),
            (os.POSIX_SPAWN_DUP2, self._output, 2),
            (os.POSIX_SPAWN_DUP2, self._input, contract.HANDLE),
        )

    @property
    def limit(self) -> int:
        """How many descriptors this process may have."""
        return self._own_files

    def start(self, run: Run, notify_path: str) -> None:
        """Sets `pid`, `handle` (write end) and `log` (read end) of the run. Raises `StartFailed`."""
        spec = run.spec
        if spec.files is not None and self._hard not in (resource.RLIM_INFINITY,) and spec.files > self._hard:
            raise StartFailed(
                f"cannot allow {spec.files} open files: the hard limit is {self._hard}; lower resources.files"
            )
        handle_read, handle_write, log_read, log_write = self._pipes()
        self._place(handle_read, log_write)
        try:
            start = self._spawn_held if limits.are_set(spec) else self._spawn
            run.pid = start(_program(spec), run, notify_path, self._sockets_of(run))
        except BaseException:
            os.close(handle_write)
            os.close(log_read)
            raise
        finally:
            os.dup2(self._null, self._output, inheritable=False)
        run.handle, run.log = handle_write, log_read

    def _sockets_of(self, run: Run) -> list[int]:
        try:
            return self._sockets.descriptors(run.slot.ref[:2], run.spec.listen)
        except KeyError as error:
            raise StartFailed(f"its socket is not bound: {error.args[0]}") from None

    def _pipes(self) -> tuple[int, int, int, int]:
        handle: tuple[int, ...] = ()
        log: tuple[int, ...] = ()
        try:
            handle = os.pipe()
            log = os.pipe()
            if log[1] + _HEADROOM >= self._own_files:
                raise OSError(errno.EMFILE, "")
        except OSError as error:
            for descriptor in (*handle, *log):
                os.close(descriptor)
            raise StartFailed(self._no_descriptor(error)) from None
        fcntl.fcntl(handle[1], fcntl.F_SETPIPE_SZ, _HANDLE_PIPE_BYTES)
        return handle[0], handle[1], log[0], log[1]

    def _place(self, handle: int, log: int) -> None:
        """Onto low numbers: posix_spawn takes none above the soft limit, which is the worker's by then."""
        os.dup2(handle, self._input, inheritable=False)
        os.dup2(log, self._output, inheritable=False)
        os.close(handle)
        os.close(log)

    def _no_descriptor(self, error: OSError) -> str:
        if error.errno == errno.ENFILE:
            return "no descriptor left on this machine: raise fs.file-max, or run fewer workers"
        return (
            f"no descriptor left for it (hard limit on open files: {self._hard}): "
            "raise it with ulimit -Hn before the controller is first started, or run fewer workers"
        )

    def _spawn_held(self, path: str, run: Run, notify_path: str, listen: Sequence[int]) -> int:
        """It is held until its limits are set."""
        _check(path, run.spec)
        try:
            held, gate = os.pipe()
        except OSError as error:
            raise StartFailed(self._no_descriptor(error)) from None
        os.dup2(held, self._gate, inheritable=False)
        os.close(held)
        pid = 0
        try:
            self._limits.prepare(run)
            pid = self._spawn(path, run, notify_path, listen)
            self._limits.apply(run, pid)
            os.write(gate, b"\n")
        except BaseException as problem:
            if pid:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            self._limits.undo(run)
            if isinstance(problem, limits.Refused):
                raise StartFailed(str(problem)) from None
            raise
        finally:
            os.close(gate)
            os.dup2(self._null, self._gate, inheritable=False)
        return pid

    def _spawn(self, path: str, run: Run, notify_path: str, listen: Sequence[int]) -> int:
        spec, files = run.spec, run.spec.files or self._worker_files
        env = {**spec.env, **run.slot.own}
        env[contract.RUN] = run.id
        env[contract.ORDINAL] = str(run.ordinal)
        env[contract.NOTIFY_SOCKET] = notify_path
        env[contract.HANDLE_FD] = str(contract.HANDLE + len(listen))
        _enter(spec.cwd)
        program, argv, actions = path, spec.argv, self._actions
        if listen:
            _check(path, spec)
            env.update(handover.environment(len(listen), run.slot.ref[1]))
            program, argv = handover.SHELL, handover.argv(spec.argv, files)
            actions = (*self._actions[:2], *handover.actions(listen, self._input))
            files = self._own_files
        if limits.are_set(spec):
            program, argv = limits.SHELL, limits.argv(argv if listen else [path, *argv[1:]])
            actions = ((os.POSIX_SPAWN_DUP2, self._gate, 0), *actions)
        umask = None if spec.umask is None else os.umask(spec.umask)
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, self._hard))
        try:
            return os.posix_spawn(
                program,
                argv,
                env,
                file_actions=actions,
                setsid=True,
                setsigmask=(),
                setsigdef=_SIGNALS,
            )
        except (OSError, ValueError) as error:
            raise StartFailed(_spawn_failure(path, spec, error)) from None
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (self._own_files, self._hard))
            if umask is not None:
                os.umask(umask)


def _enter(folder: str) -> None:
    try:
        os.chdir(folder)
    except FileNotFoundError:
        raise StartFailed(f"working_dir does not exist: {folder}") from None
    except NotADirectoryError:
        raise StartFailed(f"working_dir is not a folder: {folder}") from None
    except OSError as error:
        raise StartFailed(f"cannot enter working_dir, {error.strerror}: {folder}") from None


def _program(spec: Spec) -> str:
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


def _check(path: str, spec: Spec) -> None:
    """Where a shell comes between: what it could not execute is said in the same words as elsewhere."""
    full = os.path.normpath(os.path.join(spec.cwd, path))
    if not os.path.exists(full):
        raise StartFailed(_missing(full))
    if os.path.isdir(full) or not os.access(full, os.X_OK):
        raise StartFailed(_denied(full))
    interpreter = _first_line(full)
    if interpreter and not os.path.exists(interpreter):
        raise StartFailed(_missing(full))


def _spawn_failure(path: str, spec: Spec, error: OSError | ValueError) -> str:
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
