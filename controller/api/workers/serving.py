"""Serves the worker socket: bound like the API's, until told to stop; put back if it is lost."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping

from controller.api import server
from controller.api.workers import desk as desks
from controller.api.workers import lines


class Endpoint:
    """The worker socket at its paths, each with its mode. Connections outlive the loss of the path."""

    def __init__(self, desk: desks.Desk, paths: Mapping[str, int]) -> None:
        self.desk = desk
        self._paths = paths
        self._everybody: set[lines.Connection] = set()
        self._servers: dict[str, asyncio.Server] = {}
        self._identities: dict[str, tuple[int, int] | None] = {}

    async def serve(self, stop: asyncio.Event) -> None:
        """Until `stop` is set. Raises `server.SocketProblem`.

        Who still waits loses its connection and asks the next controller; only the end of everything
        (`Desk.close`) is told as such.
        """
        try:
            for path in self._paths:
                await self._listen(path)
            await stop.wait()
        finally:
            for running in self._servers.values():
                running.close()
            self._servers.clear()
            for connection in tuple(self._everybody):
                connection.close()
            for path, identity in self._identities.items():
                if server.identity(path) == identity:
                    os.unlink(path)

    async def repair(self) -> None:
        """Listen again at each path where nothing of ours is."""
        for path, before in tuple(self._servers.items()):
            if server.identity(path) != self._identities[path]:
                await self._listen(path)
                before.close()

    async def _listen(self, path: str) -> None:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        listener = server.bind(path, self._paths[path])
        self._identities[path] = server.identity(path)
        loop = asyncio.get_running_loop()
        self._servers[path] = await loop.create_unix_server(self._connection, sock=listener)

    def _connection(self) -> lines.Connection:
        return lines.Connection(self.desk.answer, self._everybody)
