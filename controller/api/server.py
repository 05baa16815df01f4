"""The listening socket of the API: uvicorn with httptools on a Unix socket, and nothing that ticks.

uvicorn's own main loop wakes ten times a second and its shutdown polls; both are replaced by waiting for
events, so that an idle controller sleeps. Signals belong to `cli/run`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import stat
from collections.abc import Callable
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp
from uvicorn.protocols.http import httptools_impl

_QUIET = logging.getLogger(f"{__name__}.websocket")
_QUIET.setLevel(logging.WARNING)

BACKLOG = 1024
LONGEST_PATH = 107
"""sun_path of unix(7) holds 108 bytes with the closing zero."""

KEEP_ALIVE_SECONDS = 30
FINISH_SECONDS = 2.0
"""How long answers under way may take once the server stops."""


class SocketProblem(Exception):
    """The socket cannot be bound; the text says where, why and what to do."""


def bind(path: str, mode: int = 0o600) -> socket.socket:
    """A listening socket only the user can connect to, unless `mode` says more; a stale one is replaced.

    The caller owns the project (nobody else listens there): what is found is left over.
    """
    if len(os.fsencode(path)) > LONGEST_PATH:
        raise SocketProblem(
            f"the path of the API's socket is longer than {LONGEST_PATH} bytes, "
            f"set XDG_RUNTIME_DIR to a shorter folder: {path}"
        )
    _remove_stale(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        os.fchmod(listener.fileno(), mode)  # what bind(2) makes has this mode; the umask is everybody's
        listener.bind(path)
        if mode & 0o077:
            os.chmod(path, mode)
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError as problem:
        listener.close()
        raise SocketProblem(f"cannot listen, {problem.strerror}: {path}") from None
    return listener


def _remove_stale(path: str) -> None:
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise SocketProblem(f"something that is no socket is in the way, move it: {path}")
        os.unlink(path)
    except FileNotFoundError:
        pass


def _nothing() -> None:
    pass


class Server(uvicorn.Server):
    """uvicorn without its clock: it waits for `stop`, and for tasks instead of polling them.

    `end_streams` ends at once what would never end by itself.
    """

    def __init__(
        self,
        app: ASGIApp,
        ready: Callable[[], None],
        stop: asyncio.Event,
        end_streams: Callable[[], None] = _nothing,
    ) -> None:
        super().__init__(_config(app))
        self._end_streams = end_streams
        self._ready = ready
        self._stop = stop

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """No signal handlers, and no lines in uvicorn's log, which may be that of another server here."""
        self.config.load()
        self.lifespan = self.config.lifespan_class(self.config)
        await self.startup(sockets=sockets)
        self._ready()
        await self._stop.wait()
        await self.shutdown(sockets=sockets)

    async def listen_at(self, listener: socket.socket) -> None:
        """Instead of where it listened so far."""
        before = self.servers
        await self.startup(sockets=[listener])
        for server in before:
            server.close()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """No new connections; streams end; what is being answered is finished; the rest is cut."""
        for server in self.servers:
            server.close()
        for listener in sockets or ():
            listener.close()
        self._end_streams()
        for connection in tuple(self.server_state.connections):
            connection.shutdown()
        if self.server_state.tasks:
            _, late = await asyncio.wait(tuple(self.server_state.tasks), timeout=FINISH_SECONDS)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)
        for connection in tuple(self.server_state.connections):
            connection.transport.abort()


class Endpoint:
    """The API at one socket path, which is bound anew when its name is lost."""

    def __init__(self, app: Starlette, socket_path: str) -> None:
        self._app = app
        self._path = socket_path
        self._server: Server | None = None
        self._identity: tuple[int, int] | None = None

    async def serve(self, ready: Callable[[], None], stop: asyncio.Event) -> None:
        """Serve until `stop` is set; `ready` is called once connections are taken. Raises SocketProblem."""
        listener = self._bind()
        self._server = Server(self._app, ready, stop, self._app.state.streams.end_all)
        try:
            await self._server.serve(sockets=[listener])
        finally:
            self._server = None
            listener.close()
            if identity(self._path) == self._identity:  # somebody else's socket in its place stays
                os.unlink(self._path)

    async def repair(self) -> None:
        """Listen at the path again if nothing of ours is there; connections that are open stay."""
        if self._server is not None and identity(self._path) != self._identity:
            await self._server.listen_at(self._bind())

    def _bind(self) -> socket.socket:
        listener = bind(self._path)
        self._identity = identity(self._path)
        return listener


class _Config(uvicorn.Config):
    """Leaves the process's loggers as they are."""

    def configure_logging(self) -> None:
        pass


class _Protocol(httptools_impl.HttpToolsProtocol):
    """Without the access log, which is written wherever anybody has set one up."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.access_log = False


def _websocket(**options: Any) -> asyncio.Protocol:
    """A connection that is upgraded: few controllers ever see one, what it needs is loaded by the first.

    uvicorn would write the address of each into the log, and with it the command that somebody runs.
    """
    from uvicorn.protocols.websockets import wsproto_impl

    made = wsproto_impl.WSProtocol(**options)
    made.logger = _QUIET
    return made


def _config(app: ASGIApp) -> uvicorn.Config:
    return _Config(
        app,
        http=_Protocol,
        ws=_websocket,  # type: ignore[arg-type]  # what makes a protocol is all that is asked of it
        ws_per_message_deflate=False,
        lifespan="off",
        loop="none",
        log_config=None,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )


def identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
