"""A controller's worker socket on a real path, with a real store and engine over scripted workers.

Time is the test's: `run_for` moves it. Requests go over raw connections, as a worker in any language would.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from controller.api.workers import desk, serving
from controller.core import kinds, runs, tallies, tokens
from tests.fakes.runtime import Director
from tests.fakes.world import NAMESPACE, World

SECRET = "a secret"
DEADLINE = 10.0

Answer = dict[str, Any]


class Worker:
    """One connection under one worker's token."""

    def __init__(self, path: str, worker: runs.WorkerRef, run: str = "") -> None:
        self._path, self._run = path, run
        self.token = tokens.sign(SECRET, worker)
        self._number = 0
        self._answers: dict[int, Answer] = {}

    async def connect(self) -> Worker:
        self._reader, self._writer = await asyncio.open_unix_connection(self._path)
        return self

    def send(self, op: str, **fields: Any) -> int:
        self._number += 1
        request = {"id": self._number, "op": op, "token": self.token, "run": self._run, **fields}
        self._writer.write(json.dumps(request).encode() + b"\n")
        return self._number

    async def answer(self, number: int) -> Answer:
        async with asyncio.timeout(DEADLINE):
            while number not in self._answers:
                found = json.loads(await self._reader.readline())
                self._answers[found["id"]] = found
        return self._answers.pop(number)

    async def ask(self, op: str, **fields: Any) -> Answer:
        return await self.answer(self.send(op, **fields))

    async def refusal(self, op: str, **fields: Any) -> Answer:
        """The error of a request that must not be granted."""
        answer = await self.ask(op, **fields)
        assert answer["ok"] is False, answer
        error: Answer = answer["error"]
        return error

    async def raw(self, line: bytes) -> Answer:
        self._writer.write(line + b"\n")
        found: Answer = json.loads(await self._reader.readline())
        return found

    async def hang_up(self) -> None:
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()

    async def is_cut(self) -> bool:
        """The other side has closed."""
        async with asyncio.timeout(DEADLINE):
            return await self._reader.read() == b""


class Office:
    """`world` is the controller; `workers()` are connections to it."""

    def __init__(self, folder: Path, director: Director | None = None) -> None:
        self.path = str(folder / "workers.sock")
        self.world = World(director)
        self._stop = asyncio.Event()
        self._connections: list[Worker] = []

    async def __aenter__(self) -> Office:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        for one in self._connections:
            await one.hang_up()
        await self.close()
        self.world.store.close()

    async def open(self) -> None:
        """Begin to serve, as a controller that starts does."""
        world, loop = self.world, asyncio.get_running_loop()
        tools = desk.Tools(
            world.store, world.vars, world.clock, SECRET, world.engine.refresh, tallies.Tally()
        )
        self.desk = desk.Desk(tools)
        world.engine.on_work = lambda: self._soon(loop)
        self._due = False
        self._stop = asyncio.Event()
        endpoint = serving.Endpoint(self.desk, {self.path: 0o600})
        self._serving = asyncio.create_task(endpoint.serve(self._stop))
        await asyncio.sleep(0)

    async def close(self) -> None:
        self._stop.set()
        await self._serving

    async def restart(self, *, meanwhile: Callable[[], None] = lambda: None) -> None:
        """kill -9 of the controller, and the next one."""
        self.world.kill_controller()
        await self.close()
        meanwhile()
        self.world.start_controller()
        await self.open()
        self.world.settle()

    def _soon(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._due:
            self._due = True
            loop.call_soon(self._settle)

    def _settle(self) -> None:
        self._due = False
        self.world.settle()

    def run_for(self, seconds: float) -> None:
        self.world.run_for(seconds)

    async def worker(self, of: str = "web", name: str = "web-0", run: str = "") -> Worker:
        made = await Worker(self.path, runs.WorkerRef(NAMESPACE, of, name), run).connect()
        self._connections.append(made)
        return made

    async def until(self, holds: Callable[[], bool]) -> None:
        """Until the world says so, turn by turn."""
        async with asyncio.timeout(DEADLINE):
            while not holds():
                await asyncio.sleep(0)

    def declare(self, name: str, /, **spec: Any) -> None:
        self.world.apply(name, {"command": ["x"], **spec})
        self.world.settle()

    def background(self, name: str, /, **spec: Any) -> None:
        self.declare(name, background=True, ready_when=spec.pop("ready_when", "handle"), **spec)

    def listed(self, name: str) -> list[str]:
        found: list[str] = self.world.get(name)["spec"].get("instances", [])
        return found

    def starts(self, worker: str) -> int:
        return sum(
            1
            for verb in self.world.runtime.verbs
            if isinstance(verb, runs.StartRun) and verb.ref.worker == worker
        )

    def ensures(self, name: str) -> dict[str, Any]:
        return {key: dict(value) for key, value in self.world.store.ensures(NAMESPACE, name).items()}

    def key(self, name: str) -> kinds.Key:
        return kinds.Key(NAMESPACE, name)
