"""What a worker may know about the controller that runs it: this file is all of it.

Three environment variables are the whole contract these programs use (docs/worker-contract.md has the
rest). Started by hand, without a controller, none of them is set and everything here still works.

* `WORKERSET_HANDLE_FD`: a descriptor that becomes readable (end of file) when the worker must stop.
* `NOTIFY_SOCKET`: a datagram socket for two short messages: "I watch my handle" and "I am ready".
* `WORKERSET_ORDINAL`: which one of the pool this is, 0 … num-1; the same again after a restart.
"""

from __future__ import annotations

import os
import select
import socket
from pathlib import Path

ORDINAL = int(os.environ.get("WORKERSET_ORDINAL", "0"))

PROJECT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("DEMO_DIR") or PROJECT / ".workerset" / "demo")
"""Where the demo keeps its files: below the project's own state folder, which git ignores."""

LIBRARY = DATA / "library"
INDEX = DATA / "index.json"
NEW, WORK, DONE = (DATA / "spool" / name for name in ("new", "work", "done"))


class Handle:
    """The readable end of a pipe whose other end the controller holds. Closed there = stop here."""

    def __init__(self) -> None:
        number = os.environ.get("WORKERSET_HANDLE_FD")
        self._fds = [int(number)] if number else []
        if self._fds:
            # Without this message a stop would also send `stop_signal`, for programs that know no handle.
            say("WORKERSET_HANDLE=1")

    def wait(self, seconds: float | None = None, *others: int) -> bool:
        """Sleep until one of the descriptors `others` has news or `seconds` are over; False = stop now."""
        woken, _, _ = select.select([*self._fds, *others], [], [], seconds)
        return not any(fd in self._fds for fd in woken)


def ready() -> None:
    """For sets with `ready_when: notify`: from now on this worker counts as ready."""
    say("READY=1")


def say(message: str) -> None:
    """One datagram to the controller's side, in systemd's notation; nobody there: nothing happens."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):  # an abstract socket: no file, its name begins with a zero byte
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.sendto(message.encode(), address)


def make_folders() -> None:
    """Every program makes what it needs, so the order in which they start does not matter."""
    for folder in (LIBRARY, NEW, WORK, DONE):
        folder.mkdir(parents=True, exist_ok=True)


def write(path: Path, text: str) -> None:
    """A file appears whole or not at all: write beside it, then rename (rename(2) is atomic)."""
    beside = path.parent / f".{path.name}.{os.getpid()}"
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
