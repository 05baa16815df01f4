"""Who this process is, from its environment (S8.2), and whether it is still booting (S3.5)."""

from __future__ import annotations

import os

from . import contract, errors

_served = False


def available() -> bool:
    """Whether a controller can be asked. False where a program runs on its own, so that it can do without."""
    return contract.SOCKET in os.environ and contract.TOKEN in os.environ


def name() -> str:
    """The name this worker answers to; a catch-all's instance sees the name it was called up by."""
    return _told(contract.NAME)


def scope() -> str:
    """The scope of the set this worker runs in; empty is the global one. `use_scope` does not change it."""
    return _told(contract.SCOPE)


def is_background() -> bool:
    """Whether this is a background worker. False outside of Workerset."""
    return os.environ.get(contract.BACKGROUND) == "1"


def _told(variable: str) -> str:
    found = os.environ.get(variable)
    if found is None:
        raise errors.NotAvailable(not_started(variable))
    return found


def not_started(variable: str) -> str:
    """The message where something of a worker's environment is missing."""
    return (
        f"this process was not started by workerset, {variable} is not set: run it with workerctl up, "
        "or ask workerset.available() first"
    )


def mark_served() -> None:
    """A request has arrived: from now on this process tolerates boot failures of others."""
    global _served
    _served = True


def is_booting() -> bool:
    """An HTTP worker whose process has not served a request yet."""
    return not _served and not is_background() and _has_listeners()


def _has_listeners() -> bool:
    """Servers remove `LISTEN_FDS` from their environment once they have read it; the kernel's copy stays."""
    if contract.LISTEN_FDS in os.environ:
        return True
    try:
        with open("/proc/self/environ", "rb") as first:
            return (b"\0" + first.read()).find(b"\0LISTEN_FDS=") >= 0
    except OSError:
        return False
