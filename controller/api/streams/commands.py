"""exec and attach on channels: each message begins with the number of its stream (Kubernetes' v4 and v5).

0 stdin, 1 stdout, 2 stderr, 3 the Status at the end, 4 the size of the terminal; in v5 also 255: this stream
of mine is at its end.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from typing import Any

from controller import ports
from controller.api import call as calls
from controller.api import encode, logs, replies
from controller.api.streams import sockets
from controller.core import errors, pods

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io", "channel.k8s.io")
_STDIN, _STATUS, _RESIZE, _END = 0, 3, 4, 255


async def execute(call: calls.Call) -> sockets.Talk:
    """`kubectl exec`: a command in the worker's environment and folder. Raises BadRequest, NotFound."""
    return _talking(call, worker_of(call), _asked(call))


def _talking(call: calls.Call, ref: ports.WorkerRef, asked: ports.Interactive) -> sockets.Talk:
    async def talk(socket: sockets.Socket) -> None:
        try:
            session = await call.services.control.open_session(ref, asked)
        except (LookupError, ConnectionError) as problem:
            await _end(socket, _failure(str(problem)))
            return
        try:
            await _talk(socket, session)
        finally:
            await session.close()

    return talk


async def attach(call: calls.Call) -> sockets.Talk:
    """`kubectl attach`: what the worker prints from now on. One with a terminal can be typed to as well."""
    ref = worker_of(call)
    if call.live()["spec"]["containers"][0].get("tty"):
        return _talking(call, ref, ports.Interactive((), stdin=call.query.flag("stdin"), stderr=False))
    if call.query.flag("stdin"):
        raise errors.BadRequest(f"a worker without tty: true reads no input, attach without -i: {ref.worker}")
    chunks = call.services.logs.read((ref,), ports.LogQuery(follow=True, tail_lines=0))

    async def talk(socket: sockets.Socket) -> None:
        printing = asyncio.ensure_future(_print(socket, chunks))
        try:
            while True:
                await socket.read()
        finally:
            printing.cancel()
            await asyncio.wait((printing,))

    return talk


def worker_of(call: calls.Call) -> ports.WorkerRef:
    """The worker of the path, which must run. Raises NotFound, BadRequest."""
    pod = call.live()
    container = call.query.text("container", pods.CONTAINER)
    if container != pods.CONTAINER:
        raise errors.BadRequest(logs.no_such_container(container, call.key.name))
    if "running" not in pod["status"]["containerStatuses"][0]["state"]:
        word = pod["status"].get("reason") or pod["status"]["phase"]
        raise errors.BadRequest(f"the worker does not run now, its Pod is {word}: {call.key.name}")
    return logs.ref_of(pod)


def _asked(call: calls.Call) -> ports.Interactive:
    asked, argv = call.query, call.query.all("command")
    if not argv or not argv[0]:
        raise errors.BadRequest("you must specify at least one command for the container")
    tty = asked.flag("tty")
    streams = {name: asked.flag(name) for name in ("stdin", "stdout", "stderr")}
    if not any(streams.values()):
        raise errors.BadRequest("you must specify at least one of stdin, stdout, stderr")
    if tty and streams["stderr"]:
        raise errors.BadRequest("tty and stderr cannot both be true: a terminal has one output")
    return ports.Interactive(tuple(argv), tty=tty, **streams)


async def _talk(socket: sockets.Socket, session: ports.Session) -> None:
    pumps = [asyncio.ensure_future(_pump(socket, session, number)) for number in (1, 2)]
    hearing = asyncio.ensure_future(_hear(socket, session))
    ending = asyncio.ensure_future(_status(session, pumps))
    try:
        await asyncio.wait((hearing, ending), return_when=asyncio.FIRST_COMPLETED)
        if ending.done():
            await _end(socket, ending.result())
    finally:
        await _ended((*pumps, hearing, ending))


async def _end(socket: sockets.Socket, status: dict[str, Any]) -> None:
    await socket.write(bytes([_STATUS]) + encode.dump(status))
    await socket.close()


async def _ended(tasks: Iterable[asyncio.Future[Any]]) -> None:
    waiting = tuple(tasks)
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def _pump(socket: sockets.Socket, session: ports.Session, number: int) -> None:
    while data := await session.read(number):
        await socket.write(bytes([number]) + data)


async def _hear(socket: sockets.Socket, session: ports.Session) -> None:
    """Until the client hangs up."""
    while message := await socket.read():
        channel, data = message[0], message[1:]
        if channel == _STDIN:
            await session.write(data)
        elif channel == _END and data[:1] == bytes([_STDIN]):
            session.end_input()
        elif channel == _RESIZE:
            _resize(session, data)


def _resize(session: ports.Session, data: bytes) -> None:
    """What is no size is passed over: it is only how things look."""
    try:
        size = json.loads(data)
        columns, rows = int(size["Width"]), int(size["Height"])
    except (ValueError, TypeError, KeyError):
        return
    if 0 < columns < 65536 and 0 < rows < 65536:
        session.resize(columns, rows)


async def _status(session: ports.Session, pumps: Iterable[asyncio.Future[None]]) -> dict[str, Any]:
    """How it ended, once all it printed is out."""
    try:
        ended = await session.ended()
    except LookupError:
        return _failure("the worker does not run any more")
    except ConnectionError as away:
        return _failure(str(away))
    await asyncio.gather(*pumps)
    if ended.error:
        return _failure(ended.error)
    code = ended.code if ended.code is not None else 128 + (ended.signal or 0)
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    return {
        **_failure(f"command terminated with non-zero exit code: {code}"),
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


def _failure(message: str) -> dict[str, Any]:
    return {"metadata": {}, "status": "Failure", "reason": "InternalError", "code": 500, "message": message}


async def _print(socket: sockets.Socket, chunks: AsyncIterator[bytes]) -> None:
    try:
        async for chunk in chunks:
            await socket.write(b"\x01" + chunk)
    finally:
        await replies.close(chunks)
