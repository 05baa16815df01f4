"""The worker socket on the wire: JSON objects, one a line, answered in any order by `id`.

A protocol of asyncio, not a pair of streams: an answer is one system call. Nothing here ticks.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from controller.core import refusals

LINE_LIMIT = 1024 * 1024
MOST_UNDER_WAY = 10_000

_LOG = logging.getLogger(__name__)
_ENCODER = json.JSONEncoder(separators=(",", ":"), default=str)

Answerer = Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]


class Connection(asyncio.Protocol):
    """One caller; what it waits for is withdrawn when it hangs up."""

    def __init__(self, answer: Answerer, everybody: set[Connection]) -> None:
        self._answer = answer
        self._everybody = everybody
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._under_way: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport
            self._everybody.add(self)

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if line.strip():
                self._take(line)
        if len(self._rest) > LINE_LIMIT:
            self._refuse(None, f"a line is longer than {LINE_LIMIT} bytes")
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's own signature
        self._everybody.discard(self)
        self._transport = None
        for task in self._under_way:
            task.cancel()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _take(self, line: bytes) -> None:
        try:
            request = json.loads(line)
        except (ValueError, RecursionError) as problem:
            self._refuse(None, f"a request is one JSON object a line: {problem}")
            return
        if not isinstance(request, dict):
            self._refuse(None, "a request is a JSON object")
        elif len(line) > LINE_LIMIT or len(self._under_way) >= MOST_UNDER_WAY:
            self._refuse(
                request.get("id"), f"too much at once: {len(self._under_way)} requests are under way"
            )
        else:
            task = asyncio.get_running_loop().create_task(self._serve(request))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _serve(self, request: dict[str, Any]) -> None:
        try:
            answer = await self._answer(request)
        except Exception:  # noqa: BLE001 - whatever breaks, the worker gets an answer and the log the reason
            _LOG.exception("a request of a worker failed")
            text = "internal error, the reason is in .workerset/controller.log"
            answer = {"ok": False, "error": refusals.Refusal(refusals.Kind.UNAVAILABLE, text).to_json()}
        self._send({"id": request.get("id"), **answer})

    def _refuse(self, number: object, why: str) -> None:
        self._send({"id": number, "ok": False, "error": refusals.invalid(why).to_json()})

    def _send(self, answer: Mapping[str, Any]) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(_ENCODER.encode(answer).encode() + b"\n")
