"""The real server on a real Unix socket: what is bound, that it sleeps, how it stops."""

from __future__ import annotations

import asyncio
import contextlib
import os
import selectors
import signal
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.api import application, server
from controller.client import http
from controller.manifest import reader
from controller.store.store import Store
from tests.api.driver import SCHEMA, SETS
from tests.fakes.clock import FakeClock
from tests.fakes.control import FakeControl
from tests.fakes.files import ScriptedFiles
from tests.fakes.gateway import FakeGateway
from tests.fakes.ids import CountingIds
from tests.fakes.logs import FakeLogs
from tests.fakes.vars import FakeVars

DEADLINE = 10.0


class WatchedSelector(selectors.DefaultSelector):
    """Knows when the loop goes to sleep with no timer set, and counts how often it woke since."""

    def __init__(self) -> None:
        super().__init__()
        self.asleep = threading.Event()
        self.wakes = 0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            self.asleep.set()
        found = super().select(timeout)
        self.wakes += 1
        return found


class Running:
    """A server in a thread of its own."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.selector = WatchedSelector()
        self.control = FakeControl()
        self.loop = asyncio.SelectorEventLoop(self.selector)
        self.ready = threading.Event()
        self.problem: BaseException | None = None
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            parts = application.Parts(
                Store(":memory:"),
                SCHEMA,
                FakeLogs(),
                self.control,
                FakeClock(),
                CountingIds(),
                FakeVars(),
                ScriptedFiles(),
                "secret",
                FakeGateway(),
                reader.read_object,
            )
            app = application.build(parts)
            self.endpoint = server.Endpoint(app, self.path)
            self.loop.run_until_complete(self.endpoint.serve(self.ready.set, self._stop))
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            left = asyncio.all_tasks(self.loop)
            assert not left, left
        except BaseException as problem:
            self.problem = problem
        finally:
            self.loop.close()
            self.ready.set()

    def start(self) -> None:
        self._thread.start()
        assert self.ready.wait(DEADLINE)

    def stop(self) -> None:
        with contextlib.suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(DEADLINE)
        assert not self._thread.is_alive()
        if self.problem is not None:
            raise self.problem


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    found = Running(str(tmp_path / "api.sock"))
    found.start()
    yield found
    found.stop()


def test_only_the_user_may_connect(running: Running):
    mode = os.stat(running.path).st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


def test_requests_are_answered_without_date_and_server(running: Running):
    client = http.Client(running.path)
    answer = client.request("GET", "/version")
    assert answer.json()["minor"] == "32"
    assert "date" not in answer.headers
    assert "server" not in answer.headers
    client.close()


def test_an_idle_server_makes_no_wake_ups(running: Running):
    """The loop sleeps without a timer, so that nothing but a client can wake it."""
    assert running.selector.asleep.wait(DEADLINE)


def test_idle_watches_set_no_timer_either(running: Running):
    client = http.Client(running.path)
    stream = client.stream("GET", SETS, {"watch": True, "allowWatchBookmarks": True, "resourceVersion": "2"})
    running.selector.asleep.clear()
    running.loop.call_soon_threadsafe(lambda: None)
    assert running.selector.asleep.wait(DEADLINE)
    stream.close()
    client.close()


def test_watches_end_at_once_when_the_server_stops(running: Running):
    client = http.Client(running.path)
    client.request("POST", SETS, body={"metadata": {"name": "a"}, "spec": {"command": "x"}})
    with client.stream("GET", SETS, {"watch": True}) as stream:
        assert b'"ADDED"' in next(iter(stream))
        running.stop()
        assert list(stream) == []
    client.close()
    assert not os.path.exists(running.path)


def test_what_is_being_answered_is_finished(running: Running):
    client = http.Client(running.path)
    with client.stream("POST", "/workerset/v1/shutdown", body={}) as stream:

        def finish() -> None:
            running.control.steps.put_nowait({"done": True})

        running.loop.call_soon_threadsafe(running._stop.set)
        running.loop.call_soon_threadsafe(finish)
        assert list(stream) == [b'{"done":true}']
    client.close()


def test_signal_handlers_are_left_alone(running: Running):
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_a_stale_socket_is_replaced(tmp_path: Path):
    path = str(tmp_path / "api.sock")
    with socket.socket(socket.AF_UNIX) as old:
        old.bind(path)
    found = Running(path)
    found.start()
    found.stop()


def test_what_is_no_socket_stays(tmp_path: Path):
    path = tmp_path / "api.sock"
    path.write_text("mine")
    with pytest.raises(server.SocketProblem, match="no socket is in the way"):
        server.bind(str(path))
    assert path.read_text() == "mine"


def test_a_path_that_is_too_long_says_what_to_do(tmp_path: Path):
    with pytest.raises(server.SocketProblem, match="XDG_RUNTIME_DIR"):
        server.bind(str(tmp_path / ("x" * 120)))


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path):
    with pytest.raises(server.SocketProblem, match="cannot listen, No such file"):
        server.bind(str(tmp_path / "nope" / "api.sock"))


def test_anothers_socket_in_its_place_is_not_removed(tmp_path: Path):
    path = str(tmp_path / "api.sock")
    found = Running(path)
    found.start()
    os.unlink(path)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(path)
        found.stop()
        assert os.path.exists(path)


@pytest.mark.parametrize("replaced", [False, True])
def test_a_lost_socket_is_bound_anew_and_open_connections_stay(tmp_path: Path, replaced: bool):
    path = str(tmp_path / "api.sock")
    found = Running(path)
    found.start()
    before, after = http.Client(path), http.Client(path)
    before.request("GET", "/version")
    os.unlink(path)
    if replaced:
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(path)
    for _ in range(2):  # the second time there is nothing to do
        asyncio.run_coroutine_threadsafe(found.endpoint.repair(), found.loop).result(DEADLINE)
        assert after.request("GET", "/version").status == 200
    assert before.request("GET", "/version").status == 200
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    before.close()
    after.close()
    found.stop()
    assert not os.path.exists(path)
