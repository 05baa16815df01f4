"""Short messages to the shim over `NOTIFY_SOCKET`, kept there as levels (S8.3, sd_notify(3))."""

from __future__ import annotations

import os
import socket

from . import contract, errors, identity


def ready() -> None:
    """Say that this worker is ready, for `ready_when: notify`."""
    send(contract.SAY_READY)


def status(text: str) -> None:
    """One line for people, shown by `workerctl describe`; cut at 256 bytes."""
    if not isinstance(text, str):
        raise TypeError(f"status: a str is needed, not {type(text).__name__}")
    line = " ".join(text.split()).encode("utf-8", "replace")[: contract.STATUS_LIMIT]
    send(contract.SAY_STATUS + line)


def send(message: bytes, flags: int = 0) -> None:
    """Raises `NotAvailable` where nobody listens; with MSG_DONTWAIT also where too much is unread."""
    path = os.environ.get(contract.NOTIFY_SOCKET)
    if not path:
        raise errors.NotAvailable(identity.not_started(contract.NOTIFY_SOCKET))
    address = "\0" + path[1:] if path.startswith("@") else path
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
        try:
            out.sendto(message[: contract.MESSAGE_LIMIT], flags, address)
        except OSError as error:
            raise errors.NotAvailable(
                f"nobody hears this worker, {error.strerror}: {path}: is its controller's shim gone?"
            ) from error
