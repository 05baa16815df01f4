"""A shim without guardian and controller: it still owns the project, and is asked to let go of it.

Whoever starts anew has it stop its workers, which takes no longer than its own grace, and watches.
"""

from __future__ import annotations

import os
import select
import time

from controller.sdk.workerset import contract
from controller.shim import ending, ownership, proc
from controller.shim.lean import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT_SECONDS = ending.GRACE_SECONDS + 5.0
_LOOK_MS = 200


def displace(owner: ownership.Owner, show: Callable[[str], None], given_up: int = -1) -> bool:
    """True once the shim has stopped everything and has ended; `show` is told how it goes.

    False if the owner is no orphan, or nobody waits any more (`given_up` can be read). A shim that does not
    end within `LIMIT_SECONDS` is killed; what it leaves then is for the next guardian to sweep.
    """
    if not owner.is_orphan:
        return False
    try:
        descriptor = os.pidfd_open(owner.pid)
    except OSError:
        return True
    try:
        if "shim.py" not in proc.command(owner.pid):
            return False
        return _end(owner.pid, descriptor, show, given_up)
    except OSError:
        return True
    finally:
        os.close(descriptor)


def _end(pid: int, descriptor: int, show: Callable[[str], None], given_up: int) -> bool:
    poller = select.poll()
    for one in (descriptor, given_up):
        if one >= 0:
            poller.register(one, select.POLLIN)
    deadline = time.monotonic() + LIMIT_SECONDS
    left = _show(pid, 0, show)
    signal.pidfd_send_signal(descriptor, contract.DRAIN_SIGNAL)
    while not (ready := [found for found, _ in poller.poll(_LOOK_MS)]):
        left = _show(pid, left, show)
        if time.monotonic() >= deadline:
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    return descriptor in ready


def _show(pid: int, shown: int, show: Callable[[str], None]) -> int:
    """How many processes the shim still holds, told where that is something new."""
    left = sum("logwriter.py" not in proc.command(child) for child in proc.children(pid))
    if left not in (0, shown):
        show(f"a killed controller left workers running, stopping them first: {left} left (shim {pid})")
    return left
