"""What can go wrong between the command line and a controller.

`cli/errors.py` turns these into sentences and exit codes; nothing else interprets them.
"""

from __future__ import annotations

from collections.abc import Mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class ClientError(Exception):
    """Anything the client can raise; the text is a whole sentence for people."""


class NoController(ClientError):
    """Nothing listens on the project's API socket."""

    def __init__(self, socket_path: str) -> None:
        super().__init__(f"no controller listens on {socket_path}")
        self.socket_path = socket_path


class ConnectionLost(ClientError):
    """The controller went away in the middle of an answer."""


class ApiError(ClientError):
    """The controller answered with a Kubernetes `Status` (metav1.Status) of failure."""

    def __init__(self, status: Mapping[str, Any]) -> None:
        super().__init__(str(status.get("message") or status.get("reason") or "request failed"))
        self.status = dict(status)

    @property
    def code(self) -> int:
        return int(self.status.get("code") or 500)

    @property
    def reason(self) -> str:
        return str(self.status.get("reason") or "")

    @property
    def message(self) -> str:
        return str(self.status.get("message") or self)


class ProjectError(ClientError):
    """The project folder cannot be used; `hint` says what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
