"""A real prober with servers in this process to ask, and the scripted one, as subjects of the contract."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from controller import clock, ports, settings
from controller.core import kinds, probing
from controller.core.probes import Probe
from controller.probes import prober
from tests.fakes.clock import FakeClock
from tests.fakes.probes import ScriptedProbes, Told

DEADLINE_SECONDS = 20
ANSWERS = {
    "passes": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "moved": b"HTTP/1.1 301 Moved Permanently\r\nLocation: /elsewhere\r\n\r\n",
    "broken": b"HTTP/1.1 500 Internal Server Error\r\n\r\n",
    "missing": b"HTTP/1.0 404 Not Found\r\n\r\n",
    "bare": b"HTTP/1.1 204\r\n\r\n",
    "ssh": b"SSH-2.0-OpenSSH_9.2\r\n",
    "endless": b"x" * 100_000,
    "silent": b"",
}
"""What a server says before it closes; `hangs` never says anything."""


class Scripted:
    """`ports.Commands` that answers at once."""

    def __init__(self) -> None:
        self.ended: ports.Executed | Exception = ports.Executed(code=0)
        self.told: tuple[float, float] | None = None
        self.asked: list[tuple[str, ...]] = []

    async def execute(self, run: str, argv: Sequence[str], timeout_seconds: float) -> ports.Executed:
        self.asked.append((run, *argv))
        if isinstance(self.ended, Exception):
            raise self.ended
        return self.ended

    async def watchdog(self, run: str) -> tuple[float, float] | None:
        return self.told


class Real:
    """The prober, and one server for each behaviour."""

    def __init__(self, run: Path) -> None:
        self.paths = settings.ProjectPaths(str(run), str(run), str(run))
        self.commands = Scripted()
        self._clock = clock.SystemClock()
        self.prober = prober.Prober(self.paths, self._clock, self.commands)
        self.prober.on_change = self._note
        self.ports: dict[str, int] = {}
        self.requests: list[bytes] = []
        self._changed = asyncio.Event()
        self._closing = asyncio.Event()
        self._serving: list[asyncio.Future[None]] = []

    @property
    def probes(self) -> ports.Probes:
        return self.prober

    def now(self) -> float:
        return self._clock.monotonic()

    def _note(self, _key: kinds.Key) -> None:
        self._changed.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not holds():
                self._changed.clear()
                await self._changed.wait()

    def probe(self, behaviour: str, **more: float) -> Probe:
        times = {"period_seconds": 0.05, "timeout_seconds": 0.1 if behaviour == "hangs" else 5.0, **more}
        return Probe(path="/healthz?deep", port=self.ports[behaviour], failure_threshold=2, **times)  # type: ignore[arg-type]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, behaviour: str) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            self.requests.append(await reader.readuntil(b"\r\n\r\n"))
            if behaviour == "hangs":
                await self._closing.wait()
            writer.write(ANSWERS.get(behaviour, b""))
            await writer.drain()
        writer.transport.abort()

    def answer(self, behaviour: str) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
        """What a server of that behaviour does with a connection."""

        def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._serving.append(asyncio.ensure_future(self.serve(reader, writer, behaviour)))

        return serve

    async def close(self) -> None:
        """Every connection is at its end afterwards."""
        await self.prober.close()
        self._closing.set()
        await asyncio.gather(*self._serving)


@contextlib.asynccontextmanager
async def real(run: Path) -> AsyncIterator[Real]:
    subject = Real(run)
    async with contextlib.AsyncExitStack() as stack:
        for behaviour in (*ANSWERS, "hangs"):
            server = await asyncio.start_server(subject.answer(behaviour), "127.0.0.1", 0)
            stack.callback(server.close)
            subject.ports[behaviour] = server.sockets[0].getsockname()[1]
        nobody = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
        subject.ports["fails"] = nobody.sockets[0].getsockname()[1]
        nobody.close()
        await nobody.wait_closed()
        try:
            yield subject
        finally:
            await subject.close()


class Virtual:
    """The scripted probes; waiting moves the clock."""

    def __init__(self) -> None:
        self._clock = FakeClock()
        self.scripted = ScriptedProbes(self._clock, self._answer)

    @property
    def probes(self) -> ports.Probes:
        return self.scripted

    def now(self) -> float:
        return self._clock.monotonic()

    def probe(self, behaviour: str) -> Probe:
        timeout = 0.1 if behaviour == "hangs" else 5.0
        return Probe(
            path=f"/{behaviour}", port=1, failure_threshold=2, period_seconds=0.05, timeout_seconds=timeout
        )

    def _answer(self, check: probing.Check) -> Told:
        if check.probe.path == "/hangs":
            return Told(seconds=3600)
        return Told(check.probe.path == "/passes")

    async def until(self, holds: Callable[[], bool]) -> None:
        end = self._clock.monotonic() + DEADLINE_SECONDS
        while not holds():
            self.scripted.play()
            if holds():
                return
            at = self.scripted.next_at()
            assert at is not None, "nothing will ever change"
            assert at < end, "too late"
            self._clock.advance_to(at)
