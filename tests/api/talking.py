"""One WebSocket of the application, driven in process: what it says, what it hears, how it ends."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.api.driver import DEADLINE, Api


class Talk:
    """`refused` is the Status of a connection that was not accepted."""

    def __init__(self, api: Api, target: str, *protocols: str) -> None:
        self._api = api
        self._inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._heard = asyncio.Event()
        self._messages: deque[bytes] = deque()
        self.subprotocol: str | None = None
        self.accepted = False
        self.closed: int | None = None
        self.code = 0
        self.refused: Any = None
        split = urlsplit(target)
        scope = {
            "type": "websocket",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "ws",
            "path": unquote(split.path),
            "raw_path": split.path.encode(),
            "root_path": "",
            "query_string": split.query.encode(),
            "headers": [],
            "subprotocols": list(protocols),
            "client": None,
            "server": None,
            "extensions": {"websocket.http.response": {}},
        }
        self._inbox.put_nowait({"type": "websocket.connect"})
        self.task = api.loop.create_task(api.app(scope, self._inbox.get, self._send))
        api.run(self._until(lambda: self.accepted or self.refused is not None))

    async def _send(self, message: Any) -> None:
        match message["type"]:
            case "websocket.accept":
                self.accepted, self.subprotocol = True, message["subprotocol"]
            case "websocket.send":
                self._messages.append(message["bytes"])
            case "websocket.close":
                self.closed = message["code"]
            case "websocket.http.response.start":
                self.code = message["status"]
            case "websocket.http.response.body":
                self.refused = json.loads(message["body"])
        self._heard.set()

    async def _until(self, there: Any) -> None:
        async with asyncio.timeout(DEADLINE):
            while not there():
                self._heard.clear()
                await self._heard.wait()

    def until(self, there: Any) -> None:
        """For what the other side does without a word."""

        async def wait() -> None:
            async with asyncio.timeout(DEADLINE):
                while not there():
                    await asyncio.sleep(0)

        self._api.run(wait())

    def say(self, data: bytes) -> None:
        self._inbox.put_nowait({"type": "websocket.receive", "bytes": data})

    def hear(self) -> bytes:
        """The next message."""
        self._api.run(self._until(lambda: self._messages or self.closed is not None))
        assert self._messages, f"closed with {self.closed}"
        return self._messages.popleft()

    def hang_up(self) -> None:
        self._inbox.put_nowait({"type": "websocket.disconnect", "code": 1005})
        self.ended()

    def ended(self) -> int | None:
        self._api.run(asyncio.wait_for(self.task, DEADLINE))
        return self.closed
