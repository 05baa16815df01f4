"""The worker-side library of Workerset: call up other workers, publish and read state, stop politely.

`docs/background-workers.md` is the guide, `docs/sdk.md` the reference. Standard library only, Python 3.9 or
newer, nothing to install: the controller puts it on the path of its workers. Importing it costs nothing;
each name is loaded when it is first used.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import aio as aio
    from . import asgi as asgi
    from . import wsgi as wsgi
    from .decoding import EnumMissing
    from .ensuring import ensure, ensure_vars, release
    from .errors import (
        BootFailure,
        CapReached,
        Cycle,
        Denied,
        EnsureTimeout,
        GivenUp,
        NotAvailable,
        NotPublished,
        ShuttingDown,
        Undeclared,
        VarsTimeout,
        WorkersetError,
    )
    from .handles import Handle, handle, ticks
    from .identity import available, is_background, name, scope
    from .memory import Damaged
    from .notify import ready, status
    from .places import request, use_scope
    from .reading import Published, generation, get_vars, wait_vars
    from .sharing import set_vars

_HOMES = {
    "decoding": ("EnumMissing",),
    "ensuring": ("ensure", "ensure_vars", "release"),
    "errors": (
        "BootFailure",
        "CapReached",
        "Cycle",
        "Denied",
        "EnsureTimeout",
        "GivenUp",
        "NotAvailable",
        "NotPublished",
        "ShuttingDown",
        "Undeclared",
        "VarsTimeout",
        "WorkersetError",
    ),
    "handles": ("Handle", "handle", "ticks"),
    "identity": ("available", "is_background", "name", "scope"),
    "memory": ("Damaged",),
    "notify": ("ready", "status"),
    "places": ("request", "use_scope"),
    "sharing": ("set_vars",),
    "reading": ("Published", "generation", "get_vars", "wait_vars"),
}
_PARTS = ("aio", "asgi", "wsgi")
_HOME_OF = {public: home for home, names in _HOMES.items() for public in names}

__all__ = [
    "BootFailure",
    "CapReached",
    "Cycle",
    "Damaged",
    "Denied",
    "EnsureTimeout",
    "EnumMissing",
    "GivenUp",
    "Handle",
    "NotAvailable",
    "NotPublished",
    "Published",
    "ShuttingDown",
    "Undeclared",
    "VarsTimeout",
    "WorkersetError",
    "available",
    "ensure",
    "ensure_vars",
    "generation",
    "get_vars",
    "handle",
    "is_background",
    "name",
    "ready",
    "release",
    "request",
    "scope",
    "set_vars",
    "status",
    "ticks",
    "use_scope",
    "wait_vars",
]


def __getattr__(attribute: str) -> object:
    """Load a public name when it is first used; it is an ordinary attribute afterwards."""
    home = attribute if attribute in _PARTS else _HOME_OF.get(attribute)
    if home is None:
        raise AttributeError(f"module 'workerset' has no attribute {attribute!r}")
    from importlib import import_module

    if attribute in _PARTS:
        return import_module(f"{__name__}.{home}")
    module = import_module(f"{__name__}.{home}")
    for public in _HOMES[home]:
        globals()[public] = getattr(module, public)
    return globals()[attribute]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


if __name__ == "workerset":  # a worker's own import; the controller's parts know it under its long name
    from . import crash

    crash.install()
