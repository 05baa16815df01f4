"""Starting a project's guardian, and finding out whether its controller came up.

Used by the command line; leaves a detached process tree behind and nothing else. The protocol of the
ready pipe is one line of JSON: `{"ready": …}` from the controller, or `{"failed": reason}` or
`{"owned": pid, "run": …}` from the guardian.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


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
    """Another controller owns the project."""

    def __init__(self, pid: int, run: str = "") -> None:
        super().__init__(f"this project already has a controller: guardian {pid}")
        self.pid = pid
        self.run = run


class LaunchFailed(Exception):
    """The tree did not come up; the text is the reason."""


def launch(
    places: Places, controller_argv: Sequence[str], *, leash: bool, environ: Mapping[str, str]
) -> Launched:
    """Start the guardian of a project, detached from the terminal."""
    raise NotImplementedError


def wait_ready(launched: Launched, timeout_seconds: float | None = None) -> Mapping[str, object]:
    """What the controller said once its API answered. Raises `Owned`, `LaunchFailed`."""
    raise NotImplementedError
