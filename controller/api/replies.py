"""What a handler answers with: a whole body, or a stream that ends when the client or the server does.

A reply is sent straight through ASGI. A stream has one task for its chunks, beside the request's own, which
waits for the client to hang up.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Protocol, TypeVar

from starlette.types import Receive, Send

from controller.api import encode

_LOG = logging.getLogger(__name__)

Headers = list[tuple[bytes, bytes]]
_Item = TypeVar("_Item")


class Sendable(Protocol):
    """Anything a handler may return."""

    async def send(self, receive: Receive, send: Send, /) -> None: ...


NO_CACHE = "no-cache, private"

LINGER_BYTES, LINGER_SECONDS = 256 * 1024 * 1024, 10.0
"""Of a body that is not wanted."""


def _headers(
    content_type: str, warnings: Sequence[str], extra: Sequence[tuple[str, str]] = (), cache: str = NO_CACHE
) -> Headers:
    found = [
        (b"content-type", content_type.encode("ascii")),
        (b"cache-control", cache.encode("ascii")),
    ]
    found += [(b"warning", encode.warning(text).encode("ascii")) for text in warnings]
    return found + [(name.encode("ascii"), value.encode("ascii")) for name, value in extra]


class Reply:
    """A whole answer."""

    __slots__ = ("body", "code", "headers")

    def __init__(
        self,
        body: bytes,
        code: int = 200,
        *,
        content_type: str = encode.JSON,
        warnings: Sequence[str] = (),
        extra: Sequence[tuple[str, str]] = (),
        cache: str = NO_CACHE,
    ) -> None:
        self.body = body
        self.code = code
        self.headers = _headers(content_type, warnings, extra, cache)

    async def send(self, _receive: Receive, send: Send) -> None:
        headers = [*self.headers, (b"content-length", str(len(self.body)).encode("ascii"))]
        await send({"type": "http.response.start", "status": self.code, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


class LastReply(Reply):
    """The answer to a request whose body is not wanted, on a connection that ends with it.

    What the client still sends is read and thrown away for a while: a connection closed over unread bytes is
    reset, and the answer lost with it (RFC 9112 9.6).
    """

    __slots__ = ()

    async def send(self, receive: Receive, send: Send) -> None:
        headers = [
            *self.headers,
            (b"content-length", str(len(self.body)).encode("ascii")),
            (b"connection", b"close"),
        ]
        await send({"type": "http.response.start", "status": self.code, "headers": headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                await _read_away(receive)
        await send({"type": "http.response.body", "body": b""})


async def _read_away(receive: Receive) -> None:
    left = LINGER_BYTES
    while left > 0:
        message = await receive()
        if not message.get("more_body"):
            return
        left -= len(message.get("body", b""))


class Streams:
    """All answers that go on: ended at once when the server stops, but for those that must finish."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._running)

    def open(self, task: asyncio.Task[None]) -> None:
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        if self._closed:
            task.cancel()

    def end_all(self) -> None:
        """No stream goes on and none begins."""
        self._closed = True
        for task in tuple(self._running):
            task.cancel()


class Stream:
    """Chunks until they end, `seconds` have passed, the client hangs up or the server stops.

    A `lasting` one goes on to its own end, heard or not. Whatever ends it, `chunks` is closed. A failure in
    the middle cannot change the status that was sent: `on_error` makes the last chunk of it.
    """

    __slots__ = ("_chunks", "_content_type", "_lasting", "_on_error", "_seconds", "_streams")

    def __init__(
        self,
        chunks: AsyncIterator[bytes],
        streams: Streams,
        *,
        content_type: str = encode.JSON,
        seconds: float | None = None,
        on_error: Callable[[Exception], bytes] | None = None,
        lasting: bool = False,
    ) -> None:
        self._chunks = chunks
        self._streams = streams
        self._content_type = content_type
        self._seconds = seconds
        self._on_error = on_error
        self._lasting = lasting

    async def send(self, receive: Receive, send: Send) -> None:
        headers = _headers(self._content_type, ())
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if self._lasting:
            await self._pump(send)
            await send({"type": "http.response.body", "body": b""})
            return
        pump = asyncio.create_task(self._pump(send))
        self._streams.open(pump)
        gone = asyncio.create_task(_until_gone(receive))
        try:
            await asyncio.wait((pump, gone), timeout=self._seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            hung_up = gone.done()
            await _end(pump)
            await _end(gone)
        if not hung_up:
            await send({"type": "http.response.body", "body": b""})

    async def _pump(self, send: Send) -> None:
        try:
            async for chunk in self._chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        except Exception as problem:  # noqa: BLE001 - the status is out; the last chunk says it, the log has it
            if self._on_error is None:
                _LOG.exception("a stream ended early")
            else:
                await send({"type": "http.response.body", "body": self._on_error(problem), "more_body": True})
        finally:
            await close(self._chunks)


async def upcoming(items: AsyncIterator[_Item]) -> _Item | None:
    """The next one; None at the end. A coroutine, so that a task can wait for it among other things."""
    return await anext(items, None)


async def close(chunks: AsyncIterator[Any]) -> None:
    """End an asynchronous generator now rather than when it is collected."""
    closer = getattr(chunks, "aclose", None)
    if closer is not None:
        await closer()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait((task,))
