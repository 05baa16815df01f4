"""What can go wrong, as a small tree; every error carries what is known about the worker (S3.6).

```
WorkersetError
├── NotAvailable      no controller here, or it does not answer
├── Undeclared        no set answers to this name in this scope
├── CapReached        the catch-all has no place left
├── GivenUp           it failed too often
├── BootFailure       it failed while this process is still booting itself
├── EnsureTimeout     not ready in time; a TimeoutError too
├── Cycle             the wait would wait for itself
├── ShuttingDown      the controller ends
├── Denied            this worker may not ask for that
├── NotPublished      nothing to read: not ensured, or never published
└── VarsTimeout       nothing newer in time; a TimeoutError too
```

Malformed arguments are `ValueError` and `TypeError`, before anything is sent (S3.1).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class WorkersetError(Exception):
    """The base of all. `details` holds everything that was said; the attributes are what is usually known."""

    def __init__(self, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = dict(details or {})

    def __str__(self) -> str:
        return self.message

    @property
    def name(self) -> str | None:
        """The worker name that was asked for."""
        return self.details.get("name")

    @property
    def scope(self) -> str | None:
        return self.details.get("scope")

    @property
    def workerset(self) -> str | None:
        """The set that runs it."""
        return self.details.get("set")

    @property
    def worker(self) -> str | None:
        """The worker (Pod) that failed."""
        return self.details.get("worker")

    @property
    def entrypoint(self) -> str | None:
        """The file or command it runs."""
        return self.details.get("entrypoint")

    @property
    def attempt(self) -> int | None:
        """How many times it has been tried."""
        return self.details.get("attempt")

    @property
    def exit_code(self) -> int | None:
        return self.details.get("exitCode")

    @property
    def signal(self) -> int | None:
        """The signal that killed it."""
        return self.details.get("signal")

    @property
    def error(self) -> Mapping[str, Any] | None:
        """What a Python worker died of: `type`, `message`, `file`, `line`."""
        return self.details.get("error")

    @property
    def lines(self) -> list[str]:
        """The last lines it printed, where `error` is not known."""
        return list(self.details.get("lines") or ())

    @property
    def missing(self) -> str | None:
        """What it has not done yet, for example `never published vars`."""
        return self.details.get("missing")


class NotAvailable(WorkersetError):
    """This process was not started by Workerset, or its controller does not answer."""


class Undeclared(WorkersetError):
    """Nothing answers to this name in this scope (S2.3)."""


class CapReached(WorkersetError):
    """The catch-all already runs as many names as it may (S2.5)."""


class GivenUp(WorkersetError):
    """The worker failed too often (S4.5)."""


class BootFailure(WorkersetError):
    """The worker failed while this HTTP process has not served a request yet (S3.5)."""


class EnsureTimeout(WorkersetError, TimeoutError):
    """Not every name was ready in time (S3.3)."""


class Cycle(WorkersetError):
    """The wait would close a circle; the message names it (S3.7)."""


class ShuttingDown(WorkersetError):
    """The controller is being stopped and starts nothing any more."""


class Denied(WorkersetError):
    """The token is another worker's, or the scope is not among those the manifest allows (S2.4)."""


class NotPublished(WorkersetError):
    """Nothing to read under this name; the message says why and what to do (S6.4)."""


class VarsTimeout(WorkersetError, TimeoutError):
    """Nothing newer was published in time (S6.8)."""
