"""Starting one process: descriptors, folder, limits, posix_spawn; and every way it fails as a sentence.

`posix_spawn` stays on vfork. What it has no attribute for (cwd, umask, soft limits) this single-threaded
process sets on itself for the moment of the call.
"""

from __future__ import annotations

import errno
import fcntl
import os
import resource

from controller.sdk.workerset import contract
from controller.shim import accounts, finding, handover, lean, limits, notify, private, sockets, wiring
from controller.shim.lean import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from controller.shim.records import Run, Spec

_SIGNALS = [number for number in range(1, 65) if number not in (9, 19, 32, 33)]
_HANDLE_PIPE_BYTES = 4096
_HEADROOM = 16
"""Descriptors kept free for the controller's connection, /proc and the log writer."""


class Spawner:
    """Starts processes with the limits that the project's first controller was started with."""

    def __init__(self, soft_files: int, held: sockets.Sockets, limiter: limits.Limiter) -> None:
        self._sockets, self._limits = held, limiter
        soft, self._hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._worker_files = soft_files or soft
        self._own_files = self._hard
        resource.setrlimit(resource.RLIMIT_NOFILE, (self._own_files, self._hard))
        self._null = os.open(os.devnull, os.O_RDWR)
        self._far = -1
        self._output, self._input, self._gate = (os.dup(self._null) for _ in range(3))
        self._folders = [os.dup(self._null) for _ in range(accounts.FOLDERS)]
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
            raise finding.StartFailed(
                f"cannot allow {spec.files} open files: the hard limit is {self._hard}; lower resources.files"
            )
        handle_read, handle_write, log_read, log_write = self._pipes()
        near = -1
        try:
            if spec.tty:
                near, self._far = wiring.pair()
                run.terminal_log = os.dup(log_write)
            self._place(handle_read, log_write)
            start = self._spawn_held if limits.are_set(spec) else self._spawn
            run.pid = start(finding.program(spec), run, notify_path, self._sockets_of(run))
        except BaseException:
            for descriptor in (handle_write, log_read, near, run.terminal_log):
                lean.close_quietly(descriptor)
            run.terminal_log = -1
            raise
        finally:
            lean.close_quietly(self._far)
            self._far = -1
            for place in (self._output, *self._folders):
                os.dup2(self._null, place, inheritable=False)
        run.handle, run.log, run.terminal = handle_write, log_read, near

    def _sockets_of(self, run: Run) -> list[int]:
        """Those of its set, and its private one."""
        try:
            found = self._sockets.descriptors(run.slot.ref[:2], run.spec.listen)
        except KeyError as error:
            raise finding.StartFailed(f"its socket is not bound: {error.args[0]}") from None
        try:
            own = private.descriptor(run.slot)
        except OSError as error:
            raise finding.StartFailed(f"cannot make its probe socket, {error.strerror}") from None
        return found if own is None else [*found, own]

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
            raise finding.StartFailed(self._no_descriptor(error)) from None
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
        finding.check(path, run.spec)
        try:
            held, gate = os.pipe()
        except OSError as error:
            raise finding.StartFailed(self._no_descriptor(error)) from None
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
                raise finding.StartFailed(str(problem)) from None
            raise
        finally:
            os.close(gate)
            os.dup2(self._null, self._gate, inheritable=False)
        return pid

    def beside(self, run: Run, argv: list[str], notify_path: str) -> tuple[int, int]:
        """Start another command where a run lives: its process id, and the read end of its output.

        It is no worker: it has neither the handle nor sockets. Raises `StartFailed`.
        """
        try:
            output, end = os.pipe()
        except OSError as error:
            raise finding.StartFailed(self._no_descriptor(error)) from None
        os.dup2(end, self._output, inheritable=False)
        os.close(end)
        try:
            return self._beside(run, argv, notify_path, self._actions[:2]), output
        except BaseException:
            os.close(output)
            raise
        finally:
            os.dup2(self._null, self._output, inheritable=False)

    def wired(self, run: Run, argv: list[str], notify_path: str, ends: dict[str, str]) -> int:
        """The same for somebody who talks to it: on a terminal, or on pipes of theirs (`wiring`)."""
        places = (self._input, self._output, self._gate)
        try:
            actions = wiring.actions(ends, places)
            env = {wiring.TERM: wiring.TERMINAL} if wiring.TTY in ends else {}
            return self._beside(run, argv, notify_path, actions, env)
        except OSError as error:
            raise finding.StartFailed(f"whoever asked for it is gone, {error.strerror}") from None
        finally:
            for place in places:
                os.dup2(self._null, place, inheritable=False)

    def _beside(
        self,
        run: Run,
        argv: list[str],
        notify_path: str,
        actions: tuple[tuple[Any, ...], ...],
        more: dict[str, str] | None = None,
    ) -> int:
        spec = run.spec.instead(argv)
        _enter(spec.cwd)
        account = accounts.of(spec)
        words = accounts.words(account, [finding.program(spec), *argv])
        env = {**(more or {}), **accounts.environment(account, _environment(run, notify_path), spec)}
        return self._execute(words, env, actions, spec, self._files_of(spec))

    def _spawn(self, path: str, run: Run, notify_path: str, listen: Sequence[int]) -> int:
        spec = run.spec
        account = accounts.of(spec)
        own = _environment(run, notify_path)
        env = accounts.environment(account, own, spec)
        env[contract.HANDLE_FD] = str(contract.HANDLE + len(listen))
        _enter(spec.cwd)
        files = self._files_of(spec)
        outputs = self._actions[:2]
        if self._far >= 0:
            outputs = wiring.terminal(os.ttyname(self._far), with_input=not limits.are_set(spec))
            env.setdefault(wiring.TERM, wiring.TERMINAL)
        program, argv, given = path, spec.argv, [*listen, self._input]
        actions = (*outputs, self._actions[2])
        if listen:
            load = notify.load_file(notify_path)
            notify.unlink(load)
            own[contract.LOAD] = load
        if account is not None:
            env.update(self._admit(account, notify_path, own, contract.HANDLE + len(given)))
            given += self._folders
        if listen or account is not None:
            finding.check(path, spec)
            actions = (*outputs, *handover.actions(given))
        if listen:
            names = [run.slot.ref[1]] * len(spec.listen)
            env.update(handover.environment([*names, contract.PROBE_NAME][: len(listen)]))
            program, argv = handover.SHELL, handover.argv(spec.argv, files)
            files = self._own_files
        if limits.are_set(spec):
            words = argv if listen else [path, *argv[1:]]
            program, argv = limits.SHELL, limits.argv(words, is_terminal=spec.tty)
            actions = ((os.POSIX_SPAWN_DUP2, self._gate, 0), *actions)
        return self._execute(accounts.words(account, [program, *argv]), env, actions, spec, files)

    def _admit(
        self, account: accounts.Account, notify_path: str, own: dict[str, str], place: int
    ) -> dict[str, str]:
        """Let another user's process say what it has to say, ask and publish; the variables that say how."""
        os.fchown(self._output, account.uid, -1)  # who opens /dev/stdout must be its owner
        opened, env = accounts.admit(account, notify_path, own, place)
        for folder, kept in zip(opened, self._folders, strict=True):
            os.dup2(folder, kept, inheritable=False)
            os.close(folder)
        return env

    def _files_of(self, spec: Spec) -> int:
        return spec.files or self._worker_files

    def _execute(
        self,
        words: Sequence[str],
        env: dict[str, str],
        actions: tuple[tuple[Any, ...], ...],
        spec: Spec,
        files: int,
    ) -> int:
        """posix_spawn of the first of `words`, with the others for its argv; what that has no attribute for
        is set here for the moment of the call."""
        umask = None if spec.umask is None else os.umask(spec.umask)
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, self._hard))
        try:
            return os.posix_spawn(
                words[0],
                list(words[1:]),
                env,
                file_actions=actions,
                setsid=True,
                setsigmask=(),
                setsigdef=_SIGNALS,
            )
        except (OSError, ValueError) as error:
            path = spec.argv[0] if "/" in spec.argv[0] else spec.program
            raise finding.StartFailed(finding.failure(path, spec, error)) from None
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (self._own_files, self._hard))
            if umask is not None:
                os.umask(umask)


def _environment(run: Run, notify_path: str) -> dict[str, str]:
    """All of a run's variables but those that come with descriptors."""
    env = {**run.spec.env, **run.slot.own}
    env[contract.RUN] = run.id
    env[contract.ORDINAL] = str(run.ordinal)
    env[contract.NOTIFY_SOCKET] = notify_path
    env.pop(contract.HANDLE_FD, None)
    return env


def _enter(folder: str) -> None:
    try:
        os.chdir(folder)
    except FileNotFoundError:
        raise finding.StartFailed(f"working_dir does not exist: {folder}") from None
    except NotADirectoryError:
        raise finding.StartFailed(f"working_dir is not a folder: {folder}") from None
    except OSError as error:
        raise finding.StartFailed(f"cannot enter working_dir, {error.strerror}: {folder}") from None
