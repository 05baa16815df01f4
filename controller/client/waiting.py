"""Waiting for a controller that is about to listen: a restarted or a just started one."""

from __future__ import annotations

import select

from controller.client import errors, http

TYPE_CHECKING = False
if TYPE_CHECKING:
    from controller.client.project import Project

_STEP_MS = 25
RESTART_MS = 5000


def client_of_living_guardian(project: Project, limit_ms: int = RESTART_MS) -> http.Client | None:
    """A connected client once the controller is back; None where no guardian lives or it takes too long."""
    client = http.Client(project.api_socket)
    waited = 0
    while waited <= limit_ms:
        try:
            client.connect()
            return client
        except errors.NoController:
            if not is_alive(f"{project.state}/guardian.pid"):
                return None
        pause(_STEP_MS)
        waited += _STEP_MS
    return None


def client_within(project: Project, limit_ms: int) -> http.Client | None:
    """A connected client as soon as something listens; None after the limit."""
    client = http.Client(project.api_socket)
    for _ in range(0, limit_ms, _STEP_MS):
        try:
            client.connect()
            return client
        except errors.NoController:
            pause(_STEP_MS)
    return None


def until_gone(pid: int, limit_ms: int) -> bool:
    """Wait for a process that is not our child to end; True once it has (pidfd_open(2))."""
    import os

    try:
        fd = os.pidfd_open(pid)
    except OSError:
        return True
    try:
        poller = select.poll()
        poller.register(fd, select.POLLIN)
        return bool(poller.poll(limit_ms))
    finally:
        os.close(fd)


def read_pid(path: str) -> int | None:
    """The number in a pid file."""
    try:
        with open(path, encoding="ascii") as file:
            return int(file.read(20).split()[0])
    except (OSError, ValueError, IndexError):
        return None


def pause(milliseconds: int) -> None:
    """Wait without reading a clock."""
    select.poll().poll(milliseconds)


def is_alive(pid_file: str) -> bool:
    """The process a pid file names exists, is ours to signal, and is no zombie."""
    import os

    pid = read_pid(pid_file)
    if pid is None:
        return False
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b") ")[2][:1] not in (b"Z", b"X")
    except OSError:
        return False
