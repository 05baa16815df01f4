"""What the shim sees of traffic, with real sockets and real counts (S7.3)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from controller import ports
from controller.core import kinds, spec
from controller.shim import traffic
from tests.contracts import runtime as suite
from tests.contracts import traffic as contract
from tests.runtime.tree import DEADLINE_SECONDS, Controller, Tree, controlling, start_run

COUNTING = """
import sys
sys.path.insert(0, sys.argv[1])
from workerset import load
one = load.current()
for line in open(sys.argv[2]):
    one.begin() if line == "begin\\n" else one.end()
"""
SDK = str(Path(__file__).parents[2] / "controller" / "sdk")


Connect = Callable[[], None]


class Samples:
    """What was told of the set, in order."""

    def __init__(self, controller: Controller) -> None:
        self.told: list[ports.Sample | None] = []
        self._news = asyncio.Event()
        self.runtime = controller.runtime
        self.runtime.traffic.on_sample = self._note
        self.runtime.traffic.follow(suite.KEY, wanted=True)

    def _note(self, key: kinds.Key, sample: ports.Sample | None) -> None:
        assert key == suite.KEY
        self.told.append(sample)
        self._news.set()

    async def quiet(self) -> None:
        await self.until(lambda: bool(self.told) and self.told[-1] is None)

    async def seen(self, queue: int = 0, in_flight: int = 0) -> ports.Sample:
        """The first sample from now on that says so."""
        begun = len(self.told)

        def found() -> list[ports.Sample]:
            return [
                one
                for one in self.told[begun:]
                if one is not None and (one.queue, one.in_flight) == (queue, in_flight)
            ]

        await self.until(lambda: bool(found()))
        return found()[0]

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not holds():
                self._news.clear()
                await self._news.wait()


@contextlib.asynccontextmanager
async def following(tree: Tree, address: str) -> AsyncIterator[tuple[Samples, Connect]]:
    """Samples of a set that has one socket, and how to connect to it."""
    async with controlling(tree) as controller:
        (held,) = await suite.opened(controller, address)
        with contextlib.ExitStack() as stack:

            def connect() -> None:
                if address.startswith("unix:"):
                    client = stack.enter_context(socket.socket(socket.AF_UNIX))
                    client.connect(f"{tree.paths.root}/{address[5:]}")
                else:
                    host, _, port = held.bound.rpartition(":")
                    stack.enter_context(socket.create_connection((host, int(port))))

            yield Samples(controller), connect


@pytest.mark.parametrize("address", ["127.0.0.1:0", "unix:web.sock"])
def test_s7_3_nothing_is_sampled_until_somebody_connects(tree: Tree, address: str) -> None:
    async def run() -> None:
        async with following(tree, address) as (samples, connect):
            await samples.quiet()
            told = len(samples.told)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(10 * traffic.SAMPLE_SECONDS):
                    await asyncio.Event().wait()
            assert len(samples.told) == told
            connect()
            await samples.seen(queue=1)

    asyncio.run(run())


def test_s7_3_the_accept_queue_and_the_processor_are_counted(tree: Tree) -> None:
    async def run() -> None:
        async with following(tree, "127.0.0.1:0") as (samples, connect):
            for _ in range(5):
                connect()
            first = await samples.seen(queue=5)
            second = await samples.seen(queue=5)
            assert second.at - first.at >= traffic.SAMPLE_SECONDS
            assert second.busy >= first.busy
            assert second.total > first.total
            samples.runtime.traffic.follow(suite.KEY, wanted=False)

    asyncio.run(run())


def test_s7_3_requests_on_connections_that_were_there_wake_it(tree: Tree, tmp_path: Path) -> None:
    """Nothing new arrives at the socket: the process itself says that a request has come."""
    pipe = str(tmp_path / "orders")
    os.mkfifo(pipe)

    async def run() -> None:
        command = (sys.executable, "-I", "-S", "-c", COUNTING, SDK, pipe)
        template = spec.Template(command=command, listen=("127.0.0.1:0",))
        async with controlling(tree) as controller:
            await suite.opened(controller, *template.listen)
            controller.runtime.submit([start_run("r1", template)])
            await controller.until(lambda: any(one.pid for one in controller.runtime.processes(suite.KEY)))
            with await asyncio.to_thread(open, pipe, "w", buffering=1) as orders:
                samples = Samples(controller)
                orders.write("begin\nbegin\nend\n")
                await samples.seen(in_flight=1)
                orders.write("end\n")
                await samples.quiet()
                orders.write("begin\n")
                await samples.seen(in_flight=1)
                orders.write("end\n")
            await controller.ended("r1")

    asyncio.run(run())


def test_s7_3_a_new_controller_asks_anew(tree: Tree) -> None:
    async def once() -> None:
        async with controlling(tree) as controller:
            await suite.opened(controller, "127.0.0.1:0")
            await Samples(controller).quiet()

    asyncio.run(once())
    asyncio.run(once())


def test_s7_1_another_address_is_followed_in_its_place(tree: Tree) -> None:
    async def run() -> None:
        async with following(tree, "127.0.0.1:0") as (samples, _), contextlib.AsyncExitStack() as stack:
            await samples.quiet()
            samples.runtime.submit([ports.OpenSockets(suite.KEY, ("unix:other.sock",))])
            await samples.seen()
            await samples.quiet()
            client = stack.enter_context(socket.socket(socket.AF_UNIX))
            client.connect(f"{tree.paths.root}/other.sock")
            await samples.seen(queue=1)

    asyncio.run(run())


class Real:
    """A `contracts.traffic.Subject`: a shim with one socket."""

    def __init__(self, samples: Samples, connect: Connect) -> None:
        self._samples, self._connect = samples, connect
        self.told = samples.told

    @property
    def traffic(self) -> ports.Traffic:
        return self._samples.runtime.traffic

    async def arrive(self, clients: int) -> None:
        for _ in range(clients):
            self._connect()

    async def until(self, holds: Callable[[], bool]) -> None:
        await self._samples.until(holds)


@pytest.mark.parametrize("case", contract.SUITE, ids=lambda case: case.__name__)
def test_contract(tree: Tree, case: Callable[[contract.Subject], Awaitable[None]]) -> None:
    async def run() -> None:
        async with following(tree, "127.0.0.1:0") as (samples, connect):
            await case(Real(samples, connect))

    asyncio.run(run())
