"""Starting a project's guardian, and finding out whether its controller came up.

Used by the command line; leaves a detached process tree behind and nothing else. The protocol of the
ready pipe is one line of JSON: `{"ready": …}` or `{"failed": reason}` from the controller,
`{"failed": reason, "log": …}` or `{"owned": pid, "run": …}` from the guardian.
"""

from __future__ import annotations

import json
import os
import select
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controller.sdk.workerset import contract
from controller.shim import ownership

_GUARDIAN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "guardian.py")
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


def find_owner(root: str) -> tuple[int, str] | None:
    """Pid and run-time folder of the project's guardian (or shim), even if its files were deleted."""
    return ownership.ask(root)


def launch(
    places: Places, controller_argv: Sequence[str], *, leash: bool, environ: Mapping[str, str]
) -> Launched:
    """Start the guardian of a project, detached from the terminal. Raises `OSError` if it cannot be started.

    Whether the project was free is answered by `wait_ready`.
    """
    os.makedirs(places.state, mode=0o700, exist_ok=True)
    env = {name: value for name, value in environ.items() if name not in contract.PRIVATE}
    ready_read, ready_write = os.pipe()
    leash_read, leash_write = os.pipe()
    own_log = f"{places.state}/controller.log"
    argv = [sys.executable, "-I", "-S", _GUARDIAN, places.root, places.state, places.run]
    argv += ["leash" if leash else "free", "--", *controller_argv]
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


def wait_ready(launched: Launched, timeout_seconds: float | None = None) -> Mapping[str, Any]:
    """What the controller said once its API answered. Raises `Owned`, `LaunchFailed`; closes `ready_fd`."""
    try:
        line = _read_line(launched.ready_fd, timeout_seconds)
    finally:
        os.close(launched.ready_fd)
    try:
        said = json.loads(line.split(b"\n")[0])
    except ValueError:
        raise LaunchFailed("the guardian ended without a word") from None
    if "owned" in said:
        raise Owned(said["owned"], said.get("run", ""))
    if "failed" in said:
        raise LaunchFailed(said["failed"], said.get("log", ""))
    ready: Mapping[str, Any] = said["ready"]
    return ready


def _read_line(descriptor: int, timeout_seconds: float | None) -> bytes:
    deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
    data = b""
    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    while b"\n" not in data:
        left = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
        if not poller.poll(left):
            raise LaunchFailed(f"the controller was not ready within {timeout_seconds:g}s")
        piece = os.read(descriptor, 65536)
        if not piece:
            break
        data += piece
    return data
