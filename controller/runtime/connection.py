"""The way to the shim: one Unix socket, opened again when it is lost, lines of messages both ways."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from controller.runtime import wire

_CONNECT_SECONDS = 10.0
_CLOSE_SECONDS = 2.0
_FIRST_PAUSE = 0.005
_LONGEST_PAUSE = 0.25


class Connection:
    """`is_ready` is set by the owner once a listing is complete, and cleared here when the shim is lost."""

    def __init__(
        self,
        path: str,
        on_messages: Callable[[Sequence[wire.Message]], None],
        on_disconnected: Callable[[], None],
        on_lost: Callable[[], None],
    ) -> None:
        self._path = path
        self._on_messages = on_messages
        self._on_disconnected = on_disconnected
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self._reopening: asyncio.Task[None] | None = None
        self._listed: asyncio.Event = asyncio.Event()
        self._closing = False
        self._closed: asyncio.Event = asyncio.Event()
        self._problem = ""
        self.is_ready = False

    async def open(self) -> None:
        """Connected and listed. Raises `ConnectionError`."""
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await self._reach()
                await self._listed.wait()
        except TimeoutError:
            why = self._problem or "it does not answer"
            raise ConnectionError(f"cannot reach the shim, {why}: {self._path}") from None

    async def close(self) -> None:
        self._closing = True
        if self._reopening is not None:
            self._reopening.cancel()
            await asyncio.gather(self._reopening, return_exceptions=True)
        if self._transport is not None:
            self._transport.close()
            with contextlib.suppress(TimeoutError):  # what was sent last is on its way
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await self._closed.wait()
        self.is_ready = False

    def send(self, messages: Sequence[wire.Message]) -> None:
        if self._transport is not None:
            self._transport.write(wire.encode(messages))

    async def _reach(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            try:
                loop = asyncio.get_running_loop()
                await loop.create_unix_connection(lambda: _Lines(self), self._path)
            except OSError as error:
                self._problem = error.strerror or str(error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                return

    async def _reach_again(self) -> None:
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await self._reach()
        except TimeoutError:
            self._on_lost()
            await self._reach()

    # ------------------------------------------------------------------ called by the protocol

    def made(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._closed.clear()

    def received(self, line: bytes) -> None:
        messages = wire.decode(line)
        for message in messages:
            if message[0] == "hello" and message[1] != wire.PROTOCOL:
                raise ConnectionError(
                    f"the shim speaks protocol {message[1]}, this controller {wire.PROTOCOL}: "
                    "end it with `workerctl down`, then start again"
                )
        self._on_messages(messages)
        if self.is_ready:
            self._listed.set()

    def lost(self) -> None:
        self._transport = None
        self.is_ready = False
        self._on_disconnected()
        self._closed.set()
        if not self._closing:
            loop = asyncio.get_running_loop()
            self._reopening = loop.create_task(self._reach_again(), name="reconnect to the shim")


class _Lines(asyncio.Protocol):
    """Bytes to lines."""

    def __init__(self, owner: Connection) -> None:
        self._owner = owner
        self._buffer = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._owner.made(transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if b"\n" not in data:
            return
        *lines, rest = bytes(self._buffer).split(b"\n")
        self._buffer = bytearray(rest)
        for line in lines:
            self._owner.received(line)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._owner.lost()
