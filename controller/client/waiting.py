"""Waiting for a controller that is about to listen: a restarted or a just started one."""

from __future__ import annotations

import select

from controller.client import errors, http

TYPE_CHECKING = False
if TYPE_CHECKING:
    from controller.client.project import Project

_STEP_MS = 25
_RESTART_MS = 5000


def client_of_living_guardian(project: Project, limit_ms: int = _RESTART_MS) -> http.Client | None:
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


def pause(milliseconds: int) -> None:
    """Wait without reading a clock."""
    select.poll().poll(milliseconds)


def is_alive(pid_file: str) -> bool:
    """The process a pid file names exists, is ours to signal, and is no zombie."""
    import os

    try:
        with open(pid_file, encoding="ascii") as file:
            pid = int(file.read(20).split()[0])
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b") ")[2][:1] not in (b"Z", b"X")
    except (OSError, ValueError, IndexError):
        return False
