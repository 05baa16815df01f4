"""Commands beside a running worker, through the real shim: environment, output, timeouts, ends."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from controller import ports
from controller.core import spec
from controller.sdk.workerset import contract
from controller.shim import proc
from tests.contracts import runtime as suite
from tests.runtime.tree import Controller, Tree, controlling, start_run, wait_gone, worker


def play(tree: Tree, case: Callable[[Controller], Awaitable[None]]) -> None:
    async def run() -> None:
        async with controlling(tree) as controller:
            await case(controller)

    asyncio.run(run())


async def sh(controller: Controller, script: str, timeout: float = 20.0) -> ports.Executed:
    return await controller.runtime.commands.execute("r1", ["sh", "-c", script], timeout)


def test_it_runs_in_the_workers_environment_and_folder(tree: Tree, tmp_path: Path) -> None:
    async def case(controller: Controller) -> None:
        (tmp_path / "project" / "app").mkdir()
        template = spec.Template(
            command=("sleep", "1000"), working_dir="app", env={"COLOUR": "blue"}, umask=0o27
        )
        controller.runtime.submit([start_run("r1", template)])
        await controller.until(lambda: bool(suite.only(controller).pid))
        told = await sh(
            controller, "echo $COLOUR; pwd; umask; echo $WORKERSET_RUN; echo ${WORKERSET_HANDLE_FD-none}"
        )
        assert told.code == 0
        assert told.output.split() == ["blue", str(tmp_path / "project" / "app"), "0027", "r1", "none"]

    play(tree, case)


def test_both_streams_are_kept_and_of_much_the_end(tree: Tree) -> None:
    async def case(controller: Controller) -> None:
        await controller.started("r1", "sleep", "1000")
        told = await sh(controller, "echo out; echo err >&2; exit 3")
        assert (told.code, told.signal, told.output) == (3, None, "out\nerr\n")
        much = await sh(controller, "seq 1 100000")
        assert much.code == 0
        assert much.output.endswith("\n100000\n")
        assert len(much.output) == 4096

    play(tree, case)


def test_the_timeout_kills_it_and_what_it_started(tree: Tree) -> None:
    async def case(controller: Controller) -> None:
        await controller.started("r1", "sleep", "1000")
        told = await sh(controller, "sleep 1001 & echo $!; wait", timeout=0.2)
        assert (told.code, told.signal, told.timed_out) == (None, signal.SIGKILL, True)
        wait_gone(int(told.output))

    play(tree, case)


def test_who_holds_the_output_open_is_not_waited_for(tree: Tree) -> None:
    async def case(controller: Controller) -> None:
        await controller.started("r1", "sleep", "1000")
        told = await sh(controller, "sleep 1000 & echo $!")
        assert told.code == 0
        proc.send(int(told.output), signal.SIGKILL)

    play(tree, case)


def test_what_does_not_exist_is_a_sentence(tree: Tree) -> None:
    async def case(controller: Controller) -> None:
        await controller.started("r1", "sleep", "1000")
        told = await controller.runtime.commands.execute("r1", ["no-such-check"], 5)
        assert told.error.startswith("command not found: no-such-check (looked in PATH=")
        assert suite.only(controller).exit is None

    play(tree, case)


def test_it_ends_with_its_worker(tree: Tree) -> None:
    async def case(controller: Controller) -> None:
        await controller.started("r1", "sleep", "1000")
        under_way = asyncio.create_task(sh(controller, "sleep 1000"))
        while not any("sleep 1000" in proc.command(pid) and proc.stat(pid) for pid in beside(tree)):
            await asyncio.sleep(0)
        controller.runtime.submit([ports.Kill(suite.ref(), "r1")])
        assert (await under_way).signal == signal.SIGKILL
        assert not (await controller.ended("r1")).survivors
        with pytest.raises(LookupError):
            await sh(controller, "true")

    play(tree, case)


def beside(tree: Tree) -> list[int]:
    """Shells of commands under way."""
    return [pid for pid in proc.children(tree.pid_of("shim")) if proc.command(pid).startswith("sh -c")]


def test_who_stops_waiting_ends_it(tree: Tree) -> None:
    async def case(controller: Controller) -> None:
        await controller.started("r1", "sleep", "1000")
        under_way = asyncio.create_task(sh(controller, "sleep 1000; true"))
        while not (found := beside(tree)):
            await asyncio.sleep(0)
        under_way.cancel()
        await asyncio.gather(under_way, return_exceptions=True)
        for pid in found:
            await asyncio.to_thread(wait_gone, pid)

    play(tree, case)


def test_nobody_answers_while_the_shim_is_away(tree: Tree) -> None:
    async def case(controller: Controller) -> None:
        await controller.started("r1", "sleep", "1000")
        under_way = asyncio.create_task(sh(controller, "sleep 1000"))
        while not beside(tree):
            await asyncio.sleep(0)
        tree.kill("shim")
        with pytest.raises(ConnectionError):
            await under_way
        with pytest.raises(ConnectionError):
            await controller.runtime.commands.watchdog("r1")
        await controller.until(controller.runtime.connected)

    play(tree, case)


def test_s8_3_the_watchdog_is_a_level(tree: Tree) -> None:
    async def case(controller: Controller) -> None:
        commands = controller.runtime.commands
        template = spec.Template(command=worker("barker"), watchdog_seconds=10)
        controller.runtime.submit([start_run("r1", template)])
        await controller.until(lambda: suite.only(controller).ready)
        told = await commands.watchdog("r1")
        assert told is not None
        age, limit = told
        assert limit == 10
        assert 0 <= age < 10
        await controller.started("r2", "sleep", "1000", worker="web-1")
        assert await commands.watchdog("r2") is None
        with pytest.raises(LookupError):
            await commands.watchdog("none")

    play(tree, case)


def test_s1_a_private_socket_is_handed_over_last_by_name(tree: Tree) -> None:
    async def case(controller: Controller) -> None:
        listen = ("127.0.0.1:0",)
        await suite.opened(controller, *listen)
        template = spec.Template(command=worker("health"), listen=listen, probe_port="unix")
        controller.runtime.submit([start_run("r1", template)])
        await controller.until(lambda: suite.only(controller).ready)
        assert suite.only(controller).status_text == "web:probe 5"
        path = controller.tree.paths.probe_socket("default", "web-0")
        reader, writer = await asyncio.open_unix_connection(path)
        assert await reader.readline() == b"alive\n"
        writer.close()
        controller.runtime.submit([ports.Kill(suite.ref(), "r1")])
        await controller.ended("r1")
        controller.runtime.submit([ports.Acknowledge(suite.ref(), "r1")])
        await controller.started("r2", "true", worker="web-1")
        await controller.ended("r2")
        assert not Path(path).exists()

    play(tree, case)


def test_a_port_for_each_worker(tree: Tree) -> None:
    async def case(controller: Controller) -> None:
        script = 'echo "port $WORKERSET_PROBE_PORT $0"'
        command = ("sh", "-c", script, f"$({contract.PROBE_PORT})")
        for number in range(2):
            template = spec.Template(command=command, probe_port=9000)
            controller.runtime.submit([start_run(f"r{number}", template, f"web-{number}")])
            ended = await controller.ended(f"r{number}")
            assert ended.exit is not None
            assert ended.exit.last_lines == (f"port {9000 + number} {9000 + number}",)

    play(tree, case)
