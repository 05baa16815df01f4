"""A worker's surroundings in the test's own process: its environment, a scripted controller, a fresh SDK."""

from __future__ import annotations

import importlib
import os
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from tests.fakes.worker_socket import DEADLINE_SECONDS, Header, WorkerSocket

SDK = Path(__file__).parents[2] / "controller" / "sdk"


@dataclass
class Surroundings:
    """What a shim and a controller give to one background worker."""

    folder: Path
    controller: WorkerSocket
    notify: socket.socket
    handle_writer: int
    environ: dict[str, str]

    def said(self) -> bytes:
        """The next message to NOTIFY_SOCKET."""
        return self.notify.recv(65536)

    def is_silent(self) -> bool:
        self.notify.setblocking(False)
        try:
            self.notify.recv(65536)
        except BlockingIOError:
            return True
        finally:
            self.notify.settimeout(DEADLINE_SECONDS)
        return False

    def stop(self) -> None:
        """Close the handle, as a stop does."""
        os.close(self.handle_writer)
        self.handle_writer = -1

    def run(self, program: str, code: int = 0, **environ: str) -> subprocess.CompletedProcess[str]:
        """A program in a process of its own, to its end."""
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", textwrap.dedent(program)],
            env={**self.environ, **environ},
            pass_fds=[int(self.environ["WORKERSET_HANDLE_FD"])],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=DEADLINE_SECONDS,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done


@pytest.fixture
def around(tmp_path: Path) -> Iterator[Surroundings]:
    controller = WorkerSocket(tmp_path)
    read, write = os.pipe()
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(str(tmp_path / "notify"))
    notify.settimeout(DEADLINE_SECONDS)
    own = Header(tmp_path / "own-slot")
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(SDK),
        "PYTHONDONTWRITEBYTECODE": "1",
        "WORKERSET_NAME": "mailer",
        "WORKERSET_SCOPE": "shop",
        "WORKERSET_ORDINAL": "0",
        "WORKERSET_BACKGROUND": "1",
        "WORKERSET_HANDLE_FD": str(read),
        "WORKERSET_SOCKET": str(controller.path),
        "WORKERSET_TOKEN": "v1.token",
        "WORKERSET_RUN": "r1",
        "WORKERSET_VARS": str(own.path),
        "NOTIFY_SOCKET": str(tmp_path / "notify"),
    }
    found = Surroundings(tmp_path, controller, notify, write, environ)
    yield found
    controller.close()
    notify.close()
    os.close(read)
    if found.handle_writer >= 0:
        os.close(found.handle_writer)


def fresh() -> Iterator[ModuleType]:
    """`import workerset` as a new process would see it."""
    hook = sys.excepthook
    forget()
    yield importlib.import_module("workerset")
    forget()
    sys.excepthook = hook


def forget() -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "workerset"]:
        client = sys.modules[name]
        if name == "workerset.client":
            while client._idle:
                client._idle.pop().close()
        if name == "workerset.handles" and client._taken is not None:
            client._taken.close()
        del sys.modules[name]


@pytest.fixture
def worker(around: Surroundings, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The SDK inside of a background worker named `mailer` of the scope `shop`."""
    for name, value in around.environ.items():
        if name.startswith("WORKERSET_") or name == "NOTIFY_SOCKET":
            monkeypatch.setenv(name, value)
    yield from fresh()


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The SDK in a process that Workerset did not start."""
    for name in list(os.environ):
        if name.startswith("WORKERSET_") or name == "NOTIFY_SOCKET":
            monkeypatch.delenv(name)
    yield from fresh()
