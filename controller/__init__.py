"""Workerset: a Kubernetes-style controller for the processes on one's own machine.

Programs that start one in their own process import what is public from here (`docs/embedding.md`); each name
is loaded when it is first used, so that nobody else pays for it.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from controller.embedding.declaring import WorkerSet
    from controller.embedding.errors import (
        CapReached,
        EnsureTimeout,
        GivenUp,
        NotAvailable,
        NotDeclared,
        NotPublished,
        Problem,
        ProjectOwned,
        ReadyTimeout,
        Refused,
        ShuttingDown,
        StartFailed,
        Stopped,
        Undeclared,
        WatchExpired,
        WorkersetError,
    )
    from controller.embedding.program import Controller
    from controller.embedding.settings import Settings
    from controller.embedding.states import Applied, Change, Instance, SetState, WorkerState

__version__ = "0.1.0"

_HOMES = {
    "declaring": ("WorkerSet",),
    "errors": (
        "CapReached",
        "EnsureTimeout",
        "GivenUp",
        "NotAvailable",
        "NotDeclared",
        "NotPublished",
        "Problem",
        "ProjectOwned",
        "ReadyTimeout",
        "Refused",
        "ShuttingDown",
        "StartFailed",
        "Stopped",
        "Undeclared",
        "WatchExpired",
        "WorkersetError",
    ),
    "program": ("Controller",),
    "settings": ("Settings",),
    "states": ("Applied", "Change", "Instance", "SetState", "WorkerState"),
}
_HOME_OF = {public: home for home, names in _HOMES.items() for public in names}

__all__ = [
    "Applied",
    "CapReached",
    "Change",
    "Controller",
    "EnsureTimeout",
    "GivenUp",
    "Instance",
    "NotAvailable",
    "NotDeclared",
    "NotPublished",
    "Problem",
    "ProjectOwned",
    "ReadyTimeout",
    "Refused",
    "SetState",
    "Settings",
    "ShuttingDown",
    "StartFailed",
    "Stopped",
    "Undeclared",
    "WatchExpired",
    "WorkerSet",
    "WorkerState",
    "WorkersetError",
]


def __getattr__(attribute: str) -> object:
    """Load a public name when it is first used."""
    home = _HOME_OF.get(attribute)
    if home is None:
        raise AttributeError(f"module 'controller' has no attribute {attribute!r}")
    from importlib import import_module

    found: object = getattr(import_module(f"controller.embedding.{home}"), attribute)
    globals()[attribute] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
