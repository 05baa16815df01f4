"""A WebSocket endpoint: refused with a Status before it is accepted, ended when the server ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from starlette.types import Receive, Scope, Send

from controller.api import call as calls
from controller.api import encode, registry, replies
from controller.api.services import Services
from controller.core import errors

_LOG = logging.getLogger(__name__)
NORMAL, BROKEN = 1000, 1011


class Gone(Exception):
    """The client hung up."""


class Socket:
    """An accepted connection; messages are bytes, whatever their type."""

    def __init__(self, receive: Receive, send: Send, subprotocol: str) -> None:
        self._receive, self._send = receive, send
        self.subprotocol = subprotocol

    async def read(self) -> bytes:
        """The next message. Raises Gone."""
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            raise Gone
        text = message.get("text")
        return text.encode() if text is not None else message.get("bytes") or b""

    async def write(self, data: bytes) -> None:
        await self._send({"type": "websocket.send", "bytes": data})

    async def close(self, code: int = NORMAL, reason: str = "") -> None:
        await self._send({"type": "websocket.close", "code": code, "reason": reason[:120]})


Talk = Callable[[Socket], Awaitable[None]]
Open = Callable[[calls.Call], Awaitable[Talk]]
"""Judges the request (raising StatusError), and answers with what to do once it is accepted."""


class Endpoint:
    """An ASGI application for one path. `protocols` in the order they are preferred."""

    def __init__(
        self,
        services: Services,
        served: registry.Served,
        subresource: str,
        protocols: Sequence[str],
        open_: Open,
    ) -> None:
        self._services, self._served, self._subresource = services, served, subresource
        self._protocols, self._open = protocols, open_

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        call = calls.Call(
            {**scope, "method": "GET"}, receive, self._services, self._served, self._subresource
        )
        try:
            protocol = self._chosen(scope["subprotocols"])
            talk = await self._open(call)
        except errors.StatusError as problem:
            await _refuse(send, problem)
            return
        await send({"type": "websocket.accept", "subprotocol": protocol or None})
        task = asyncio.ensure_future(talk(Socket(receive, send, protocol)))
        self._services.streams.open(task)
        try:
            await task
        except (Gone, OSError, asyncio.CancelledError):
            pass
        except Exception:  # noqa: BLE001 - whatever breaks, the client is told and the log has the reason
            _LOG.exception("a stream broke: %s", scope["path"])
            await send({"type": "websocket.close", "code": BROKEN, "reason": "internal error"})

    def _chosen(self, offered: Sequence[str]) -> str:
        """The best one that is offered; none where none is, as some clients do. Raises BadRequest."""
        for one in self._protocols:
            if one in offered:
                return one
        if offered:
            known = ", ".join(self._protocols)
            raise errors.BadRequest(f"no subprotocol in common, this speaks {known}: {', '.join(offered)}")
        return ""


async def _refuse(send: Send, problem: errors.StatusError) -> None:
    reply = replies.Reply(encode.dump(encode.status_of(problem)), problem.code)
    headers = [*reply.headers, (b"content-length", str(len(reply.body)).encode("ascii"))]
    await send({"type": "websocket.http.response.start", "status": reply.code, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": reply.body})
