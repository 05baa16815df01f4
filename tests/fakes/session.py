"""A `ports.Session` that a test plays: it says what the command prints, and sees what it was sent."""

from __future__ import annotations

import asyncio

from controller import ports


class FakeSession:
    def __init__(self, asked: ports.Interactive | None = None) -> None:
        self.asked = asked
        self.sent = b""
        self.sizes: list[tuple[int, int]] = []
        self.input_ended = False
        self.closed = asyncio.Event()
        self._out: dict[int, asyncio.Queue[bytes]] = {1: asyncio.Queue(), 2: asyncio.Queue()}
        self._ended: asyncio.Future[ports.Executed] = asyncio.get_running_loop().create_future()

    def prints(self, data: bytes, number: int = 1) -> None:
        self._out[number].put_nowait(data)

    def ends(self, code: int | None = 0, *, signal: int | None = None, error: str = "") -> None:
        for queue in self._out.values():
            queue.put_nowait(b"")
        self._ended.set_result(ports.Executed(code, signal, error))

    def fails(self, problem: Exception) -> None:
        self._ended.set_exception(problem)

    async def read(self, number: int) -> bytes:
        return await self._out[number].get()

    async def write(self, data: bytes) -> None:
        self.sent += data

    def end_input(self) -> None:
        self.input_ended = True

    def resize(self, columns: int, rows: int) -> None:
        self.sizes.append((columns, rows))

    async def ended(self) -> ports.Executed:
        return await asyncio.shield(self._ended)

    async def close(self) -> None:
        self._ended.cancel()
        self.closed.set()
