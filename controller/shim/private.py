"""A worker's private socket (S1, `probe_port: unix`): handed over with the others, under the name `probe`.

Its path comes with the slot's own variables. It lives as long as the slot, whoever serves on it.
"""

from __future__ import annotations

import os

from controller.sdk.workerset import contract
from controller.shim import notify
from controller.shim.lean import socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from controller.shim.records import Slot

_BACKLOG = 16


def descriptor(slot: Slot) -> int | None:
    """The listening socket of the slot, bound if it was not; None if it has none. Raises `OSError`."""
    path = slot.own.get(contract.PROBE_SOCKET)
    if path is None:
        close(slot)
        return None
    if slot.probe is None:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        slot.probe = notify.bind(path, socket.SOCK_STREAM)
        slot.probe.listen(_BACKLOG)
    return slot.probe.fileno()


def close(slot: Slot) -> None:
    """The slot is gone, or its set wants no such socket any more."""
    if slot.probe is not None:
        notify.unlink(slot.probe.getsockname())
        slot.probe.close()
        slot.probe = None
