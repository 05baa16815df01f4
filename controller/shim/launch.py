"""Starting a project's guardian, and finding out whether its controller came up.

Used by the command line; leaves a detached process tree behind and nothing else. The protocol of the
ready pipe is one line of JSON: `{"ready": …}` or `{"failed": reason}` from the controller,
`{"failed": reason, "log": …}` or `{"owned": pid, "run": …}` from the guardian; before that, from the
guardian, lines `{"waiting": for what}`.
"""

from __future__ import annotations

import json
import os
import select
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controller.sdk.workerset import contract
from controller.shim import ownership

_GUARDIAN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "guardian.py")
_NOT_PASSED = contract.PRIVATE - {contract.ORPHAN_GRACE, contract.CPU_SATURATED}
SILENT = "the guardian ended without a word"
_SIGNALS = [number for number in range(1, 65) if number not in (9, 19, 32, 33)]


@dataclass(frozen=True, slots=True)
class Places:
    """The strings a guardian needs: project root, state folder, run-time folder."""

    root: str
    state: str
    run: str


@dataclass(frozen=True, slots=True)
class Launched:
    """A running guardian. Closing `leash_fd` (foreground only) drains and ends everything."""

    pid: int
    leash_fd: int | None
    ready_fd: int


class Owned(Exception):
    """Another controller owns the project; `run` is its run-time folder, empty if it did not say."""

    def __init__(self, pid: int, run: str = "") -> None:
        super().__init__(f"this project already has a controller: guardian {pid}")
        self.pid = pid
        self.run = run


class LaunchFailed(Exception):
    """The tree did not come up; the text is the reason, `log` the end of what it wrote."""

    def __init__(self, reason: str, log: str = "") -> None:
        super().__init__(reason)
        self.log = log


def find_owner(root: str) -> ownership.Owner | None:
    """The project's guardian (or shim), even if its files were deleted."""
    return ownership.ask(root)


def launch(
    places: Places, controller_argv: Sequence[str], *, leash: bool, environ: Mapping[str, str]
) -> Launched:
    """Start the guardian of a project, detached from the terminal. Raises `OSError` if it cannot be started.

    Whether the project was free is answered by `wait_ready`. Without a command line for it the caller is
    the controller itself: it holds the leash, and what is ready is the shim.
    """
    mode = ("leash" if leash else "free") if controller_argv else f"host:{os.getpid()}"
    os.makedirs(places.state, mode=0o700, exist_ok=True)
    env = {name: value for name, value in environ.items() if name not in _NOT_PASSED}
    ready_read, ready_write = os.pipe()
    leash_read, leash_write = os.pipe()
    own_log = f"{places.state}/controller.log"
    argv = [sys.executable, "-I", "-S", _GUARDIAN, places.root, places.state, places.run]
    argv += [mode, "--", *controller_argv]
    actions: list[tuple[Any, ...]] = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, own_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
        *_placed(ready_write, leash_read),
    ]
    try:
        pid = os.posix_spawn(
            sys.executable, argv, env, file_actions=actions, setsid=True, setsigmask=(), setsigdef=_SIGNALS
        )
    except OSError:
        os.close(ready_read)
        os.close(leash_write)
        raise
    finally:
        os.close(ready_write)
        os.close(leash_read)
    if not leash:
        os.close(leash_write)
    return Launched(pid, leash_write if leash else None, ready_read)


def _placed(ready: int, leash: int) -> list[tuple[Any, ...]]:
    """Descriptors 3 and 4, by way of numbers that neither can have."""
    far = max(ready, leash, 4) + 1
    return [
        (os.POSIX_SPAWN_DUP2, ready, far),
        (os.POSIX_SPAWN_DUP2, leash, far + 1),
        (os.POSIX_SPAWN_DUP2, far, 3),
        (os.POSIX_SPAWN_DUP2, far + 1, 4),
        (os.POSIX_SPAWN_CLOSE, far),
        (os.POSIX_SPAWN_CLOSE, far + 1),
    ]


def wait_ready(
    launched: Launched,
    timeout_seconds: float | None = None,
    on_waiting: Callable[[str], None] | None = None,
) -> Mapping[str, Any]:
    """What the controller said once its API answered. Raises `Owned`, `LaunchFailed`; closes `ready_fd`.

    `on_waiting` is told what has to be done before; the timeout begins anew with each word.
    """
    try:
        for line in _lines(launched.ready_fd, timeout_seconds):
            said = heard(line)
            if "waiting" not in said:
                ready: Mapping[str, Any] = said["ready"]
                return ready
            if on_waiting is not None:
                on_waiting(said["waiting"])
    finally:
        os.close(launched.ready_fd)
    raise LaunchFailed(SILENT)


def heard(line: bytes) -> Mapping[str, Any]:
    """A line of the ready pipe: it has `waiting` or `ready`. Raises `Owned`, `LaunchFailed`."""
    try:
        said: Mapping[str, Any] = json.loads(line)
    except ValueError:
        raise LaunchFailed(f"the guardian said what is no word of ours: {line[:200]!r}") from None
    if "owned" in said:
        raise Owned(said["owned"], said.get("run", ""))
    if "failed" in said:
        raise LaunchFailed(said["failed"], said.get("log", ""))
    return said


def _lines(descriptor: int, timeout_seconds: float | None) -> Iterator[bytes]:
    """Whole lines until the other end is closed. Raises `LaunchFailed` if one is too long in coming."""
    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    data = b""
    while True:
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        while b"\n" not in data:
            left = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
            if not poller.poll(left):
                raise LaunchFailed(f"the controller was not ready within {timeout_seconds:g}s")
            piece = os.read(descriptor, 65536)
            if not piece:
                return
            data += piece
        line, _, data = data.partition(b"\n")
        yield line
