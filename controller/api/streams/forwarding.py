"""`kubectl port-forward`: connections to a port of this machine, through one WebSocket.

Two forms: SPDY/3.1 frames in binary messages (kubectl), with two streams a connection, `error` and `data`;
and plain channels (Python clients), two a port, which begin with the port in two bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass

from controller.api import call as calls
from controller.api.streams import commands, sockets, spdy
from controller.core import errors

TUNNEL = "SPDY/3.1+portforward.k8s.io"
PROTOCOLS = (TUNNEL, "v4.channel.k8s.io", "portforward.k8s.io")
HOST = "localhost"
_CHUNK = 65536
_HIGHEST = 65535


async def forward(call: calls.Call) -> sockets.Talk:
    """Raises BadRequest, NotFound."""
    commands.worker_of(call)
    wanted = [_port(one) for text in call.query.all("ports") for one in text.split(",")]

    async def talk(socket: sockets.Socket) -> None:
        if socket.subprotocol == TUNNEL:
            await _Tunnel(socket).run()
        else:
            await _channels(socket, wanted)

    return talk


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) <= _HIGHEST:
        return int(text)
    raise errors.BadRequest(f"a port is a number up to {_HIGHEST}: {text[:40]!r}")


def _why(port: int, problem: OSError) -> str:
    return f"nothing answers on port {port} of this machine, {problem.strerror or problem}"


# --------------------------------------------------------------------------- SPDY


@dataclass(slots=True)
class _Connection:
    """The two streams of one connection, and its way to the port once there is one."""

    port: int
    error: int = 0
    data: int = 0
    writer: asyncio.StreamWriter | None = None
    task: asyncio.Task[None] | None = None


class _Tunnel:
    """One client: its streams by number, its connections by the id that it gave them."""

    def __init__(self, socket: sockets.Socket) -> None:
        self._socket = socket
        self._reader, self._writer = spdy.Reader(), spdy.Writer()
        self._connections: dict[str, _Connection] = {}
        self._streams: dict[int, _Connection] = {}
        self._early: dict[int, list[spdy.Frame]] = {}

    async def run(self) -> None:
        try:
            while True:
                for frame in self._reader.feed(await self._socket.read()):
                    await self._take(frame)
        except spdy.Damaged as problem:
            await self._socket.close(sockets.BROKEN, str(problem))
        finally:
            tasks = [one.task for one in self._connections.values() if one.task is not None]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _take(self, frame: spdy.Frame) -> None:
        if frame.kind == spdy.SYN_STREAM:
            await self._open(frame)
        elif frame.kind == spdy.PING:
            await self._socket.write(spdy.ping(frame.stream))
        elif frame.kind == spdy.RST_STREAM:
            self._drop(self._streams.get(frame.stream))
        elif frame.kind == 0 and frame.stream in self._early:
            self._early[frame.stream].append(frame)
        elif frame.kind == 0:
            await self._carry(frame)

    async def _open(self, frame: spdy.Frame) -> None:
        headers = frame.headers
        number, port = headers.get("requestid", ""), headers.get("port", "")
        if headers.get("streamtype") not in ("error", "data") or not port.isdigit():
            await self._socket.write(spdy.reset(frame.stream))
            return
        one = self._connections.setdefault(number, _Connection(int(port)))
        self._streams[frame.stream] = one
        await self._socket.write(self._writer.reply(frame.stream))
        if headers["streamtype"] == "error":
            one.error = frame.stream
        else:
            one.data = frame.stream
            self._early[frame.stream] = []
        if one.error and one.data and one.task is None:
            one.task = asyncio.ensure_future(self._connect(number, one))

    async def _carry(self, frame: spdy.Frame) -> None:
        one = self._streams.get(frame.stream)
        if one is None or frame.stream != one.data or one.writer is None:
            return
        with contextlib.suppress(OSError):
            if frame.data:
                one.writer.write(frame.data)
                await one.writer.drain()
            if frame.fin:
                one.writer.write_eof()

    async def _connect(self, number: str, one: _Connection) -> None:
        problem = b""
        try:
            reader, one.writer = await asyncio.open_connection(HOST, one.port)
            for frame in self._early.pop(one.data):
                await self._carry(frame)
            while piece := await reader.read(_CHUNK):
                await self._socket.write(spdy.data(one.data, piece))
        except OSError as error:
            problem = b"" if one.writer is not None else _why(one.port, error).encode()
        finally:
            self._early.pop(one.data, None)
            for stream in (one.error, one.data):
                self._streams.pop(stream, None)
            self._connections.pop(number, None)
            if one.writer is not None:
                one.writer.close()
        await self._socket.write(spdy.data(one.error, problem, fin=True))
        await self._socket.write(spdy.data(one.data, b"", fin=True))

    def _drop(self, one: _Connection | None) -> None:
        if one is not None and one.task is not None:
            one.task.cancel()


# --------------------------------------------------------------------------- plain channels


async def _channels(socket: sockets.Socket, wanted: list[int]) -> None:
    """All ports are connected at once; a port that cannot be is told on its error channel."""
    if not wanted:
        await socket.close(sockets.BROKEN, "query parameter ports is required")
        return
    for number, port in enumerate(wanted):
        for channel in (2 * number, 2 * number + 1):
            await socket.write(bytes([channel]) + port.to_bytes(2, "little"))
    writers: dict[int, asyncio.StreamWriter] = {}
    pumps = []
    try:
        for number, port in enumerate(wanted):
            try:
                reader, writers[2 * number] = await asyncio.open_connection(HOST, port)
            except OSError as error:
                await socket.write(bytes([2 * number + 1]) + _why(port, error).encode())
            else:
                pumps.append(asyncio.ensure_future(_pump(socket, reader, 2 * number)))
        hearing = asyncio.ensure_future(_hear(socket, writers))
        pumps.append(hearing)
        copying = [one for one in pumps if one is not hearing]
        await asyncio.wait(
            (hearing, asyncio.gather(*copying, return_exceptions=True)), return_when=asyncio.FIRST_COMPLETED
        )
        if not hearing.done():
            await socket.close()
    finally:
        for one in pumps:
            one.cancel()
        for writer in writers.values():
            writer.close()
        await asyncio.gather(*pumps, return_exceptions=True)


async def _pump(socket: sockets.Socket, reader: asyncio.StreamReader, channel: int) -> None:
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(_CHUNK):
            await socket.write(bytes([channel]) + piece)


async def _hear(socket: sockets.Socket, writers: dict[int, asyncio.StreamWriter]) -> None:
    while message := await socket.read():
        writer = writers.get(message[0])
        if writer is not None and not writer.is_closing():
            writer.write(message[1:])
            await writer.drain()
