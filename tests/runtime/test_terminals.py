"""`tty: true` through the real shim: a debugger's prompt, sizes, guests that leave, and a log beside it."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable

from controller import ports
from controller.core import spec
from controller.runtime import logs
from tests.contracts import runtime as suite
from tests.runtime.tree import Controller, Tree, controlling, start_run

DEBUGGED = "x = 6 * 7\nbreakpoint()\nprint('went on', x)\nimport time\ntime.sleep(1000)\n"
Case = Callable[[Controller], Awaitable[None]]


def play(tree: Tree, case: Case, *command: str, **more: object) -> None:
    async def run() -> None:
        async with controlling(tree) as controller:
            template = spec.Template(command=command, tty=True, **more)
            controller.runtime.submit([start_run("r1", template)])
            await controller.until(lambda: bool((one := suite.by_run(controller, "r1")) and one.pid))
            await case(controller)

    asyncio.run(run())


async def attached(controller: Controller) -> ports.Session:
    terminal = f"/proc/{controller.get('r1').pid}/fd/0"
    asked = ports.Interactive((), stdin=True, stderr=False)
    return await controller.runtime.commands.attach("r1", terminal, asked)


async def until(session: ports.Session, words: bytes) -> bytes:
    found = b""
    while words not in found:
        piece = await session.read(1)
        assert piece, found
        found += piece
    return found


async def logged(tree: Tree, words: str) -> str:
    found = ""
    async with asyncio.timeout(15):
        query = ports.LogQuery(follow=True)
        async for chunk in logs.LogReader(tree.paths.logs).read((suite.ref("web-0"),), query):
            found += chunk.decode()
            if words in found:
                break
    return found


def test_a_debuggers_prompt_works(tree: Tree) -> None:
    async def case(controller: Controller) -> None:
        session = await attached(controller)
        await session.write(b"p x\n")
        assert b"42\r\n" in await until(session, b"42\r\n(Pdb) ")
        await session.write(b"c\n")
        await until(session, b"went on 42\r\n")
        assert "went on 42\n" in await logged(tree, "went on")
        await session.close()
        assert controller.get("r1").exit is None

    play(tree, case, sys.executable, "-c", DEBUGGED)


def test_log_lines_end_as_everywhere(tree: Tree) -> None:
    async def case(_controller: Controller) -> None:
        assert "\r" not in await logged(tree, "second")

    play(tree, case, "sh", "-c", "echo first; echo second; exec sleep 1000")


def test_its_size_follows_whoever_is_attached(tree: Tree) -> None:
    async def case(controller: Controller) -> None:
        session = await attached(controller)
        session.resize(91, 37)
        await session.write(b"go\n")
        await until(session, b"37 91")
        await session.close()

    play(tree, case, "sh", "-c", "read word; stty size; exec sleep 1000")


def test_two_see_the_same_and_one_may_leave(tree: Tree) -> None:
    async def case(controller: Controller) -> None:
        first, second = await attached(controller), await attached(controller)
        await second.write(b"zero\n")
        await asyncio.gather(until(first, b"got zero"), until(second, b"got zero"))
        await first.write(b"one\n")
        await asyncio.gather(until(first, b"got one"), until(second, b"got one"))
        await first.close()
        await second.write(b"two\n")
        await until(second, b"got two")
        await second.close()

    play(tree, case, "sh", "-c", "stty -echo; while read word; do echo got $word; done")


def test_who_is_attached_gets_the_last_words_and_is_told_of_the_end(tree: Tree) -> None:
    async def case(controller: Controller) -> None:
        session = await attached(controller)
        await session.write(b"end\n")
        await until(session, b"bye")
        assert (await session.ended()).error == ""
        await session.close()
        assert "bye" in await logged(tree, "bye")

    play(tree, case, "sh", "-c", "read word; echo bye")


def test_interrupts_are_typed_too(tree: Tree) -> None:
    async def case(controller: Controller) -> None:
        session = await attached(controller)
        await session.write(b"go\n")
        await until(session, b"ready")
        await session.write(b"\x03")
        ended = await controller.ended("r1")
        assert ended.exit is not None
        assert ended.exit.signal == signal.SIGINT
        await session.close()

    play(tree, case, "sh", "-c", "read word; echo ready; exec sleep 1000")


def test_limits_hold_on_a_terminal(tree: Tree) -> None:
    async def case(controller: Controller) -> None:
        session = await attached(controller)
        await session.write(b"go\n")
        await until(session, b"nice 7\r\n")
        await session.close()

    play(tree, case, "sh", "-c", "read word; echo nice $(nice); exec sleep 1000", nice=7)


def test_a_guest_who_does_not_read_holds_nobody_up(tree: Tree) -> None:
    async def case(controller: Controller) -> None:
        session = await attached(controller)
        await session.write(b"go\n")
        assert "the end" in await logged(tree, "the end")
        await session.close()

    flood = "read word; yes a line of some length | head -n 20000; echo the end; exec sleep 1000"
    play(tree, case, "sh", "-c", flood)


def test_a_worker_without_one_says_so(tree: Tree) -> None:
    async def case() -> None:
        async with controlling(tree) as controller:
            await controller.started("r1", "sleep", "1000")
            session = await attached(controller)
            assert "declare tty: true" in (await session.ended()).error
            await session.close()

    asyncio.run(case())
