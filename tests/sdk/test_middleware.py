"""The middleware without a server: what it does to messages, and outside of Workerset (S7.5)."""

from __future__ import annotations

import asyncio
import os
import select
import socket
from collections.abc import Iterable
from types import ModuleType
from typing import Any

import pytest

from tests.sdk.conftest import Surroundings

HTTP = {"type": "http", "http_version": "1.1"}


async def app(scope: Any, receive: Any, send: Any) -> None:
    headers = [(b"content-length", b"0"), (b"Connection", b"keep-alive")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def respond(middleware: Any, scope: Any) -> list[Any]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(middleware(scope, None, send))
    return sent


@pytest.mark.parametrize(("version", "says"), [("1.1", b"close"), ("1.0", b"close"), ("2", b"keep-alive")])
def test_s7_2_a_process_that_must_go_says_so_where_the_protocol_can(
    outside: ModuleType, version: str, says: bytes
) -> None:
    middleware = outside.asgi.Middleware(app)
    assert respond(middleware, HTTP)[0]["headers"][-1] == (b"Connection", b"keep-alive")
    outside.asgi.draining.current.closing = True
    start = respond(middleware, {**HTTP, "http_version": version})[0]
    assert [value for name, value in start["headers"] if name.lower() == b"connection"] == [says]


def test_s7_5_requests_are_counted_also_when_they_fail(outside: ModuleType) -> None:
    counts = outside.asgi.load.current()

    async def fails(scope: Any, receive: Any, send: Any) -> None:
        assert counts.in_flight == 1
        raise LookupError("no")

    with pytest.raises(LookupError):
        respond(outside.asgi.Middleware(fails), HTTP)
    assert counts.in_flight == 0


def test_s2_4_a_scope_that_is_none_of_a_kind_is_refused(outside: ModuleType) -> None:
    with pytest.raises(TypeError, match="scope"):
        respond(outside.asgi.Middleware(app, scope=lambda _scope: 7), HTTP)


@pytest.mark.parametrize("fds", ["3", "4"])
def test_s7_2_only_a_server_that_was_handed_sockets_takes_its_handle(
    worker: ModuleType, around: Surroundings, monkeypatch: pytest.MonkeyPatch, fds: str
) -> None:
    real = os.environ["WORKERSET_HANDLE_FD"]
    monkeypatch.setenv("WORKERSET_HANDLE_FD", real if fds == "4" else "3")
    respond(worker.asgi.Middleware(app), HTTP)
    if fds == "3":
        assert around.is_silent()
        return
    assert around.said() == b"WORKERSET_HANDLE=1"
    around.stop()
    assert around.said() == b"STOPPING=1"
    assert worker.asgi.draining.current.closing


def test_s7_2_a_client_that_is_connected_holds_it_up_until_it_leaves(
    worker: ModuleType, around: Surroundings
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname()):
            accepted, _ = server.accept()
            respond(worker.asgi.Middleware(app), HTTP)
            assert around.said() == b"WORKERSET_HANDLE=1"
            around.stop()
        accepted.close()
        assert around.said() == b"STOPPING=1"


def test_s7_2_what_comes_once_it_must_go_is_left_to_the_other_processes(
    worker: ModuleType, around: Surroundings
) -> None:
    """The socket is in an epoll set of this process, whoever made that: a loop written in C hides it."""
    with socket.create_server(("127.0.0.1", 0)) as server, select.epoll() as mine, select.epoll() as queue:
        queue.register(server)
        mine.register(around.notify)
        respond(worker.asgi.Middleware(app), HTTP)
        assert around.said() == b"WORKERSET_HANDLE=1"
        around.stop()
        assert around.said() == b"STOPPING=1"
        with socket.create_connection(server.getsockname()):
            assert queue.poll(0) == []
            server.accept()[0].close()
        mine.unregister(around.notify)  # what is no such socket is left alone


def test_s3_6_what_fails_in_lifespan_startup_is_told(worker: ModuleType, around: Surroundings) -> None:
    async def fails(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "lifespan.startup.failed", "message": "KeyError"})
        raise KeyError("API_KEY")

    with pytest.raises(KeyError):
        respond(worker.asgi.Middleware(fails), {"type": "lifespan"})
    said = around.said()
    assert said.startswith(b'WORKERSET_ERROR={"type": "KeyError", "message": "\'API_KEY\'"')


def test_an_application_without_lifespan_is_not_told_about(worker: ModuleType, around: Surroundings) -> None:
    async def knows_http_only(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError("http only")

    with pytest.raises(ValueError, match="http only"):
        respond(worker.asgi.Middleware(knows_http_only), {"type": "lifespan"})
    assert around.said() == b"WORKERSET_HANDLE=1"  # it goes on without, and can be asked to go politely
    assert around.is_silent()


# ------------------------------------------------------------------------------------------------- WSGI


def call(middleware: Any, environ: Any) -> Any:
    return middleware(environ, lambda status, headers: None)


def test_s7_5_a_generator_runs_in_its_request_and_counts_until_it_is_closed(outside: ModuleType) -> None:
    counts = outside.wsgi.load.current()
    places = outside.wsgi.places

    def pieces(environ: Any, start: Any) -> Iterable[bytes]:
        yield places.current.get().scope.encode()

    result = call(outside.wsgi.Middleware(pieces, scope=lambda environ: environ["shop"]), {"shop": "a"})
    assert places.current.get().scope is None
    assert counts.in_flight == 1
    assert list(result) == [b"a"]
    result.close()
    result.close()
    assert counts.in_flight == 0


def test_s7_5_what_is_complete_is_handed_on_as_it_is(outside: ModuleType) -> None:
    body = [b"hello"]
    assert call(outside.wsgi.Middleware(lambda environ, start: body), {}) is body
    assert outside.wsgi.load.current().in_flight == 0


def test_s7_2_a_server_with_a_way_to_close_is_asked_to(outside: ModuleType) -> None:
    class Response:
        closed = False

        def start(self, status: str, headers: Any) -> None: ...

        def force_close(self) -> None:
            self.closed = True

    def hello(environ: Any, start: Any) -> list[bytes]:
        start("200 OK", [])
        return [b""]

    middleware, before, after = outside.wsgi.Middleware(hello), Response(), Response()
    middleware({}, before.start)
    outside.wsgi.draining.current.closing = True
    middleware({}, after.start)
    assert (before.closed, after.closed) == (False, True)
