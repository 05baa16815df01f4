"""What can go wrong, as a small tree below the worker library's `WorkersetError`.

```
WorkersetError
├── StartFailed       the controller did not start; the message says what to do
│   └── ProjectOwned  another controller has the project
├── Stopped           the controller has ended, or was never entered
├── Refused           a declaration breaks a rule; `problems` lists every one
├── NotDeclared       no set or worker of that name
├── ReadyTimeout      not ready in time; a TimeoutError too
├── WatchExpired      the watcher was too slow: begin again
└── Undeclared, CapReached, GivenUp, EnsureTimeout, ShuttingDown, NotAvailable, NotPublished
```

Malformed arguments are `ValueError` and `TypeError`, before anything is done (S3.1).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from controller.core import errors, refusals
from controller.sdk.workerset import errors as tree
from controller.sdk.workerset import wire

WorkersetError = tree.WorkersetError
Undeclared = tree.Undeclared
CapReached = tree.CapReached
GivenUp = tree.GivenUp
EnsureTimeout = tree.EnsureTimeout
ShuttingDown = tree.ShuttingDown
NotAvailable = tree.NotAvailable
NotPublished = tree.NotPublished


class StartFailed(WorkersetError):
    """The controller did not start."""


class ProjectOwned(StartFailed):
    """One project has one controller, and there is one already; `details["pid"]` is its guardian."""


class Stopped(WorkersetError):
    """The controller has ended, by `workerctl down` for example, or its block was never entered."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with one declared set; `field` is empty where it is not about a field."""

    set_name: str
    field: str
    message: str


class Refused(WorkersetError):
    """Something declared breaks a rule; nothing of that call was stored."""

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class NotDeclared(WorkersetError):
    """There is no set, or no worker, of this name."""


class ReadyTimeout(WorkersetError, TimeoutError):
    """Not every set was ready in time."""


class WatchExpired(WorkersetError):
    """Changes came faster than they were taken, and some are no longer kept: begin the watch again."""


@contextmanager
def told() -> Iterator[None]:
    """What the parts raise, as this tree."""
    try:
        yield
    except refusals.Refusal as refusal:
        wire.result_of({"ok": False, "error": refusal.to_json()})
    except errors.NotFound as problem:
        raise NotDeclared(problem.message) from None
    except errors.Expired as problem:
        raise WatchExpired(problem.message) from None
    except errors.StatusError as problem:
        raise Refused(problem.message) from None
