"""Commands that somebody talks to, through the real shim: pipes, a terminal, ends, and who kills them."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable

import pytest

from controller import ports
from controller.shim import proc
from tests.contracts import runtime as suite
from tests.runtime.tree import Controller, Tree, controlling, wait_gone


def play(tree: Tree, case: Callable[[Controller], Awaitable[None]]) -> None:
    async def run() -> None:
        async with controlling(tree) as controller:
            await controller.started("r1", "sleep", "1000")
            await case(controller)

    asyncio.run(run())


async def opened(controller: Controller, script: str, **asked: bool) -> ports.Session:
    return await controller.runtime.commands.open("r1", ports.Interactive(("sh", "-c", script), **asked))


async def everything(session: ports.Session, number: int = 1) -> bytes:
    found = b""
    while piece := await session.read(number):
        found += piece
    return found


async def until(session: ports.Session, words: bytes) -> bytes:
    found = b""
    while words not in found:
        piece = await session.read(1)
        assert piece, found
        found += piece
    return found


def test_outputs_are_apart_and_the_exit_code_is_told(tree: Tree) -> None:
    async def case(controller: Controller) -> None:
        session = await opened(controller, "echo out; echo err >&2; exit 7")
        assert await everything(session, 1) == b"out\n"
        assert await everything(session, 2) == b"err\n"
        assert (await session.ended()).code == 7
        await session.close()

    play(tree, case)


def test_outputs_can_be_opened_anew_by_name(tree: Tree) -> None:
    async def case(controller: Controller) -> None:
        session = await opened(controller, "echo out > /dev/stdout")
        assert await everything(session) == b"out\n"
        await session.close()

    play(tree, case)


def test_what_is_sent_is_read_to_its_end(tree: Tree) -> None:
    async def case(controller: Controller) -> None:
        session = await opened(controller, "wc -c", stdin=True)
        block = b"x" * 1_000_000
        for _ in range(8):
            await session.write(block)
        session.end_input()
        assert (await everything(session)).strip() == b"8000000"
        await session.close()

    play(tree, case)


def test_much_output_comes_whole_to_a_slow_reader(tree: Tree) -> None:
    async def case(controller: Controller) -> None:
        session = await opened(controller, "head -c 3000000 /dev/zero")
        assert len(await everything(session)) == 3_000_000
        assert (await session.ended()).code == 0
        await session.close()

    play(tree, case)


def test_a_terminal_is_one_with_its_size_and_controls(tree: Tree) -> None:
    async def case(controller: Controller) -> None:
        session = await opened(
            controller, "test -t 0 && tty; read line; stty size; exec cat", stdin=True, tty=True
        )
        await until(session, b"/dev/pts/")
        session.resize(101, 33)
        await session.write(b"go\n")
        assert b"33 101" in await until(session, b"33 101")
        await session.write(b"here\n")
        await until(session, b"here\r\nhere")  # by the terminal, and by who is to be interrupted
        await session.write(b"\x03")
        assert (await session.ended()).signal == signal.SIGINT
        await session.close()

    play(tree, case)


def test_end_of_input_on_a_terminal_ends_who_reads_it(tree: Tree) -> None:
    async def case(controller: Controller) -> None:
        session = await opened(controller, "cat; exit 4", stdin=True, tty=True)
        session.end_input()
        assert (await session.ended()).code == 4
        await session.close()

    play(tree, case)


@pytest.mark.parametrize("tty", [False, True])
def test_closing_kills_it_and_what_it_started(tree: Tree, tty: bool) -> None:
    async def case(controller: Controller) -> None:
        session = await opened(controller, "sleep 1001 & echo pid=$!; wait", stdin=True, tty=tty)
        line = await until(session, b"\n")
        await session.close()
        await asyncio.to_thread(wait_gone, int(line.strip().removeprefix(b"pid=")))

    play(tree, case)


def test_it_ends_with_the_worker(tree: Tree) -> None:
    async def case(controller: Controller) -> None:
        session = await opened(controller, "echo there; sleep 1000")
        await until(session, b"there")
        controller.runtime.submit([ports.Kill(suite.ref(), "r1")])
        assert (await session.ended()).signal == signal.SIGKILL
        assert await session.read(1) == b""
        await session.close()

    play(tree, case)


def test_what_cannot_be_run_says_why(tree: Tree) -> None:
    async def case(controller: Controller) -> None:
        asked = ports.Interactive(("no-such-program",))
        session = await controller.runtime.commands.open("r1", asked)
        assert "command not found: no-such-program" in (await session.ended()).error
        assert await session.read(1) == b""
        await session.close()

    play(tree, case)


def test_beside_nothing_there_is_nobody_to_talk_to(tree: Tree) -> None:
    async def case(controller: Controller) -> None:
        session = await controller.runtime.commands.open("none", ports.Interactive(("true",)))
        with pytest.raises(LookupError):
            await session.ended()
        await session.close()

    play(tree, case)


def test_who_holds_its_output_open_keeps_nobody_for_long(tree: Tree) -> None:
    async def case(controller: Controller) -> None:
        session = await opened(controller, "setsid sleep 1000 & echo pid=$!")
        assert (await everything(session)).startswith(b"pid=")
        assert (await session.ended()).code == 0
        await session.close()

    play(tree, case)


def test_a_shim_that_dies_ends_it(tree: Tree) -> None:
    async def case(controller: Controller) -> None:
        session = await opened(controller, "echo there; sleep 1000")
        await until(session, b"there")
        tree.kill("shim")
        with pytest.raises(ConnectionError):
            await session.ended()
        await session.close()
        await controller.until(controller.runtime.connected)

    play(tree, case)


def test_who_leaves_at_once_leaves_nothing(tree: Tree) -> None:
    """The names of its ends are not given to another before the shim has opened or refused them."""

    async def case(controller: Controller) -> None:
        shim = tree.pid_of("shim")
        there = set(proc.children(shim))
        for _ in range(20):
            await (await opened(controller, "sleep 1000", stdin=True)).close()
        assert set(proc.children(shim)) == there

    play(tree, case)
