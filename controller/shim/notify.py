"""One `NOTIFY_SOCKET` a slot (sd_notify(3)): its own path, so that a message needs no sender to be believed.

It outlives the runs of a slot; what is still queued when a run ends is read as that run's.
"""

from __future__ import annotations

import json
import os
import time

from controller.sdk.workerset import contract
from controller.shim.lean import socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from controller.shim.loop import Loop
    from controller.shim.records import Run, Slot

_LONGEST_WORD = 1000


class Notify:
    """A bound datagram socket. Descriptors that come with a message (`BARRIER=1`) are dropped by the kernel,
    which is the answer the sender waits for."""

    __slots__ = ("path", "socket", "watched")

    def __init__(self, path: str) -> None:
        self.path = path
        self.socket = bind(path, socket.SOCK_DGRAM)
        self.watched = False

    def fileno(self) -> int:
        return self.socket.fileno()

    def detach(self) -> None:
        """The descriptor is somewhere else for now."""
        self.socket.detach()

    def attach(self, descriptor: int) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM, 0, descriptor)
        self.socket.setblocking(False)

    def hear(self, run: Run | None) -> bool:
        """Read all that is queued; True if a level of the run changed. Without a run it is only read."""
        changed = False
        while True:
            try:
                message = self.socket.recv(contract.MESSAGE_LIMIT)
            except OSError:
                return changed
            if run is not None and note(run, message):
                changed = True

    def close(self) -> None:
        self.socket.close()
        unlink(self.path)


class Mailboxes:
    """The sockets of all slots."""

    def __init__(self, loop: Loop, folder: str, hear: Callable[[Slot], None]) -> None:
        self.folder = folder
        self._loop = loop
        self._hear = hear
        self.on_traffic: Callable[[tuple[str, str]], None] = _ignore

    def open(self, slot: Slot) -> str:
        """The path of a slot's socket, bound if it was not; `watch` comes later. Raises `OSError`."""
        if slot.notify is None:
            slot.notify = Notify(f"{self.folder}/{slot.number:x}")
        return slot.notify.path

    def open_all(self, slots: Iterable[Slot]) -> None:
        """What fails here is tried again, and told, when the process is started."""
        for slot in slots:
            try:
                self.open(slot)
            except OSError:
                return

    def watch(self, slot: Slot) -> None:
        """Hear what comes from now on, and what has come already."""
        if slot.notify is not None and not slot.notify.watched:
            slot.notify.watched = True
            self._loop.watch(slot.notify.fileno(), lambda _events: self._heard(slot))

    def _heard(self, slot: Slot) -> None:
        self._hear(slot)
        if slot.has_traffic:
            slot.has_traffic = False
            self.on_traffic(slot.ref[:2])

    def close(self, slot: Slot) -> None:
        if slot.notify is not None:
            if slot.notify.watched:
                self._loop.unwatch(slot.notify.fileno())
            slot.notify.close()
            unlink(load_file(slot.notify.path))
            slot.notify = None

    def rebind(self, slots: Iterable[Slot]) -> None:
        """The run-time folder was lost: every slot gets its socket anew, under the same name."""
        for slot in slots:
            if slot.notify is not None:
                self.close(slot)
                try:
                    self.open(slot)
                except OSError:
                    continue
                self.watch(slot)


def note(run: Run, message: bytes) -> bool:
    """Apply one message to the levels of a run; True if one changed."""
    before = _levels(run)
    for line in message.split(b"\n"):
        if line == contract.SAY_READY:
            run.ready = True
        elif line == contract.SAY_HANDLE:
            run.handle_taken = True
        elif line == contract.SAY_PUBLISHED:
            run.published = True
        elif line == contract.SAY_WATCHDOG:
            run.watchdog_at = time.monotonic()
        elif line == contract.SAY_TRAFFIC:
            run.slot.has_traffic = True
        elif line == contract.SAY_DRAINED:
            run.drained = run.closed_at is not None
        elif line.startswith(contract.SAY_STATUS):
            text = line[len(contract.SAY_STATUS) :].decode(errors="replace")
            run.status = text[: contract.STATUS_LIMIT]
        elif line.startswith(contract.SAY_ERROR):
            run.exception = _exception(line[len(contract.SAY_ERROR) :]) or run.exception
    return before != _levels(run)


def _levels(run: Run) -> tuple[object, ...]:
    return run.handle_taken, run.ready, run.published, run.drained, run.status, run.exception


def _exception(text: bytes) -> dict[str, Any] | None:
    """What a worker says it dies of (S3.6), with nothing in it that we do not know; None if it is no such."""
    try:
        told = json.loads(text)
        line = told.get("line")
        words = {name: str(told.get(name) or "")[:_LONGEST_WORD] for name in ("type", "message", "file")}
    except (ValueError, AttributeError, RecursionError):
        return None
    return {**words, "line": line if type(line) is int else 0} if words["type"] else None


def _ignore(_owner: tuple[str, str]) -> None:
    pass


def load_file(path: str) -> str:
    """Where the worker whose `NOTIFY_SOCKET` this is counts its requests (S7.3)."""
    return f"{path}.load"


def bind(path: str, kind: int) -> socket.socket:
    """A non-blocking Unix socket at `path`, whatever was there before."""
    bound = socket.socket(socket.AF_UNIX, kind)
    bound.setblocking(False)
    try:
        bound.bind(path)
    except OSError:
        unlink(path)
        try:
            bound.bind(path)
        except OSError:
            bound.close()
            raise
    return bound


def unlink(path: str) -> None:
    """Remove a socket's name, if it is there."""
    try:
        os.unlink(path)
    except OSError:
        pass
