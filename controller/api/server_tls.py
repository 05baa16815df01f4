"""The API on a TCP port of loopback, in TLS: for kubectl and others that cannot speak to a Unix socket.

Connections are accepted here and looked at before TLS begins, since a client that speaks plain HTTP deserves
a sentence instead of a closed connection.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable
from typing import Any

from starlette.types import ASGIApp

from controller.api import encode, server
from controller.core import errors, loopback

Listener = socket.socket

_HELLO = 0x16
"""First byte of a TLS handshake (RFC 8446 5.1)."""

_PATIENCE_SECONDS = 10.0
"""How long a client may take to begin, and then for the handshake."""

_PAUSE_SECONDS = 1.0
"""How long nothing is accepted after the process ran out of file descriptors."""

_AT_ONCE = 64
_FIRST_LOOK = 65536


def bind(address: loopback.Address) -> Listener:
    """A listening socket. Raises SocketProblem; `in_use` of it tells that somebody else listens there."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address.host, address.port))
        listener.listen(server.BACKLOG)
        listener.setblocking(False)
    except OSError as problem:
        listener.close()
        raise PortProblem(address, problem) from None
    return listener


class PortProblem(server.SocketProblem):
    """A port that cannot be had."""

    def __init__(self, address: loopback.Address, problem: OSError) -> None:
        self.in_use = problem.errno == errno.EADDRINUSE
        why = "another program listens there" if self.in_use else problem.strerror
        super().__init__(
            f"cannot listen, {why}; end it, or choose another port with --listen 127.0.0.1:PORT: {address}"
        )


def context() -> ssl.SSLContext:
    """TLS 1.2 and newer; certificates are loaded, and loaded again, with `load_cert_chain`."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_alpn_protocols(["http/1.1"])
    return made


class TlsServer(server.Server):
    """uvicorn behind our own way to accept. Its streams end with their connections."""

    def __init__(
        self, app: ASGIApp, tls: ssl.SSLContext, ready: Callable[[], None], stop: asyncio.Event
    ) -> None:
        super().__init__(app, ready, stop)
        self._tls = tls

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await self.lifespan.startup()
        acceptors = [_Acceptor(listener, self._tls, self._protocol) for listener in sockets or ()]
        self.servers = acceptors  # type: ignore[assignment]  # only `close` is asked of them
        self.started = True

    def _protocol(self) -> asyncio.Protocol:
        made: Any = self.config.http_protocol_class
        protocol: asyncio.Protocol = made(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return protocol


class _Acceptor:
    """Takes connections from one listening socket until it is closed."""

    def __init__(
        self, listener: socket.socket, tls: ssl.SSLContext, protocol: Callable[[], asyncio.Protocol]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._listener = listener
        self._tls = tls
        self._protocol = protocol
        self._greetings: set[asyncio.Task[None]] = set()
        self._pause: asyncio.TimerHandle | None = None
        self._begin()

    def _begin(self) -> None:
        self._pause = None
        self._loop.add_reader(self._listener.fileno(), self._accept)

    def close(self) -> None:
        self._loop.remove_reader(self._listener.fileno())
        if self._pause is not None:
            self._pause.cancel()
        for task in tuple(self._greetings):
            task.cancel()

    def _accept(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                connection, _address = self._listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError:  # no descriptors left: whoever waits, waits in the backlog
                self._loop.remove_reader(self._listener.fileno())
                self._pause = self._loop.call_later(_PAUSE_SECONDS, self._begin)
                return
            connection.setblocking(False)
            task = self._loop.create_task(self._greet(connection))
            self._greetings.add(task)
            task.add_done_callback(self._greetings.discard)

    async def _greet(self, connection: socket.socket) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._readable(connection)
            first = connection.recv(1, socket.MSG_PEEK)
            if first and first[0] == _HELLO:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                await self._loop.connect_accepted_socket(
                    self._protocol, connection, ssl=self._tls, ssl_handshake_timeout=_PATIENCE_SECONDS
                )
                return
            if first:
                connection.recv(_FIRST_LOOK)  # what is left unread would make the answer a reset
                connection.send(_PLAIN)
        except (OSError, TimeoutError):
            pass  # the client's handshake failed or it went away: it knows why
        except asyncio.CancelledError:
            connection.close()
            raise
        connection.close()

    async def _readable(self, connection: socket.socket) -> None:
        heard = asyncio.Event()
        self._loop.add_reader(connection.fileno(), heard.set)
        try:
            await heard.wait()
        finally:
            self._loop.remove_reader(connection.fileno())


def _plain_answer() -> bytes:
    told = errors.BadRequest("this port speaks TLS: begin the address with https://, not with http://")
    body = encode.dump(encode.status_of(told))
    head = (
        "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nconnection: close\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode("ascii") + body


_PLAIN = _plain_answer()
