"""Serves the worker socket: bound like the API's, mode 0600, until told to stop; put back if it is lost."""

from __future__ import annotations

import asyncio
import os

from controller.api import server
from controller.api.workers import desk as desks
from controller.api.workers import lines


class Endpoint:
    """The worker socket at its path. Connections that are open outlive the loss of the path."""

    def __init__(self, desk: desks.Desk, path: str) -> None:
        self.desk = desk
        self._path = path
        self._everybody: set[lines.Connection] = set()
        self._servers: list[asyncio.Server] = []
        self._identity: tuple[int, int] | None = None

    async def serve(self, stop: asyncio.Event) -> None:
        """Until `stop` is set. Raises `server.SocketProblem`.

        Who still waits loses its connection and asks the next controller; only the end of everything
        (`Desk.close`) is told as such.
        """
        await self._listen()
        try:
            await stop.wait()
        finally:
            for running in self._servers:
                running.close()
            self._servers.clear()
            for connection in tuple(self._everybody):
                connection.close()
            if server.identity(self._path) == self._identity:
                os.unlink(self._path)

    async def repair(self) -> None:
        """Listen at the path again if nothing of ours is there."""
        if self._servers and server.identity(self._path) != self._identity:
            before, self._servers = self._servers, []
            await self._listen()
            for running in before:
                running.close()

    async def _listen(self) -> None:
        listener = server.bind(self._path)
        self._identity = server.identity(self._path)
        loop = asyncio.get_running_loop()
        running = await loop.create_unix_server(self._connection, sock=listener)
        self._servers.append(running)

    def _connection(self) -> lines.Connection:
        return lines.Connection(self.desk.answer, self._everybody)
