"""A watch over HTTPS, many at once: asyncio streams and just enough HTTP/1.1 to read chunks."""

from __future__ import annotations

import asyncio
import http.client
import json
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.kubectl.cluster import DEADLINE_SECONDS, Cluster

Object = dict[str, Any]


@dataclass(frozen=True)
class Key:
    """What opens the door, read once for many connections."""

    port: int
    token: str
    tls: ssl.SSLContext

    @classmethod
    def of(cls, door: Cluster) -> Key:
        return cls(door.port, door.token, door.tls())


class Line:
    """One connection that is kept, for requests one after the other."""

    def __init__(self, key: Key) -> None:
        self._key = key
        self._link = http.client.HTTPSConnection("127.0.0.1", key.port, timeout=30, context=key.tls)

    def ask(self, method: str, path: str, body: Object | None = None, kind: str = "") -> tuple[int, Object]:
        headers = {"Authorization": f"Bearer {self._key.token}"} | ({"Content-Type": kind} if kind else {})
        self._link.request(method, path, None if body is None else json.dumps(body).encode(), headers)
        answer = self._link.getresponse()
        return answer.status, json.loads(answer.read())

    def close(self) -> None:
        self._link.close()


@dataclass
class Event:
    type: str
    object: Object

    @property
    def name(self) -> str:
        name: str = self.object["metadata"].get("name", "")
        return name

    @property
    def version(self) -> int:
        return int(self.object["metadata"]["resourceVersion"])


class Watcher:
    """One watch. `opened` returns once the server has begun to answer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def opened(cls, key: Key, path: str) -> Watcher:
        reader, writer = await asyncio.open_connection("127.0.0.1", key.port, ssl=key.tls)
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{key.port}\r\n"
            f"Authorization: Bearer {key.token}\r\nAccept: application/json\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        return cls(reader, writer)

    async def events(self) -> AsyncIterator[Event]:
        """Until the server ends it; each within the deadline."""
        rest = b""
        while size := int(await asyncio.wait_for(self._reader.readline(), DEADLINE_SECONDS), 16):
            rest += (await self._reader.readexactly(size + 2))[:-2]
            *lines, rest = rest.split(b"\n")
            for line in lines:
                found = json.loads(line)
                yield Event(found["type"], found["object"])

    async def close(self) -> None:
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except (OSError, TimeoutError):
            pass


@dataclass
class Mirror:
    """What list+watch makes a client believe: the state, and every event that led to it."""

    state: dict[str, Object] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    def take(self, event: Event) -> None:
        """Raises AssertionError where the event does not follow from what is believed."""
        there = event.name in self.state
        assert there == (event.type != "ADDED"), f"{event.type} of {event.name}, there before: {there}"
        last = self.events[-1].version if self.events else 0
        assert event.version > last, f"{event.version} after {last}"
        self.events.append(event)
        if event.type == "DELETED":
            del self.state[event.name]
        else:
            self.state[event.name] = event.object

    async def follow(self, watcher: Watcher, until: str) -> None:
        """Up to the event that adds `until`."""
        async for event in watcher.events():
            self.take(event)
            if (event.type, event.name) == ("ADDED", until):
                return
        raise AssertionError("the watch ended")
