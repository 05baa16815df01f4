"""A small load checker: requests on new and on kept-alive connections, with what went wrong told apart.

`refused`: no connection was made; `reset`: it broke before an answer was whole; `failed`: answered with 5xx.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
from collections.abc import AsyncIterator

_REQUEST = b"GET / HTTP/1.1\r\nHost: load\r\n%s\r\n"


class Load:
    """Counts by kind of client (`new`, `kept`) and outcome; `bodies` are the answers seen."""

    def __init__(self, host: str, port: int) -> None:
        self._where = (host, port)
        self.counts: collections.Counter[tuple[str, str]] = collections.Counter()
        self.bodies: collections.Counter[bytes] = collections.Counter()
        self._over = False

    def __getitem__(self, outcome: str) -> int:
        """All of one outcome, of whichever client."""
        return sum(count for (_, what), count in self.counts.items() if what == outcome)

    @contextlib.asynccontextmanager
    async def running(self, new: int = 2, kept: int = 4) -> AsyncIterator[None]:
        """As many clients of each kind, one request after the other."""
        clients = [asyncio.create_task(self._client("new")) for _ in range(new)]
        clients += [asyncio.create_task(self._client("kept")) for _ in range(kept)]
        try:
            yield
        finally:
            self._over = True
            await asyncio.gather(*clients)

    async def _client(self, kind: str) -> None:
        while not self._over:
            try:
                reader, writer = await asyncio.open_connection(*self._where)
            except OSError:
                self.counts[kind, "refused"] += 1
                continue
            try:
                usable = True
                while usable and not self._over:
                    usable = await self._request(kind, reader, writer)
            except (OSError, EOFError):
                self.counts[kind, "reset"] += 1
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()

    async def _request(self, kind: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection can be used again."""
        writer.write(_REQUEST % (b"Connection: close\r\n" if kind == "new" else b""))
        await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
        body = await reader.readexactly(length)
        self.counts[kind, "failed" if head.split(b" ", 2)[1].startswith(b"5") else "answered"] += 1
        self.bodies[body] += 1
        return kind == "kept" and b"connection: close" not in head
