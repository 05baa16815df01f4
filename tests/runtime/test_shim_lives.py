"""Levels, exits, tickets and what is left behind, through real processes."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from controller import ports
from controller.core import spec
from controller.shim import proc
from tests.contracts import runtime as suite
from tests.runtime.tree import Controller, Tree, controlling, start_run, worker


def test_s8_3_levels_are_heard_and_kept_while_the_controller_is_away(tree: Tree) -> None:
    async def first() -> int:
        async with controlling(tree) as controller:
            process = await controller.started("r1", *worker("ready"))
            return process.pid

    async def second() -> ports.Process:
        async with controlling(tree) as controller:
            await controller.until(lambda: controller.get("r1").ready)
            return controller.get("r1")

    pid = asyncio.run(first())
    process = asyncio.run(second())
    assert (process.pid, process.status_text, process.handle_taken) == (pid, "at work", False)


def test_adoption_knows_the_same_pids_and_the_exits_that_happened_meanwhile(tree: Tree) -> None:
    async def first() -> list[int]:
        async with controlling(tree) as controller:
            runs = [await controller.started(f"r{n}", "sleep", "1000", worker=f"web-{n}") for n in range(3)]
            return [one.pid for one in runs]

    async def second() -> list[ports.Process]:
        async with controlling(tree) as controller:
            assert controller.keys
            await controller.until(lambda: controller.get("r1").exit is not None)
            return [controller.get(f"r{n}") for n in range(3)]

    pids = asyncio.run(first())
    os.kill(pids[1], signal.SIGKILL)
    processes = asyncio.run(second())
    assert [one.pid for one in processes] == pids
    assert [one.exit.signal if one.exit else None for one in processes] == [None, signal.SIGKILL, None]


def test_s4_5a_a_ticket_is_good_while_no_controller_is_there(tree: Tree) -> None:
    async def first() -> int:
        async with controlling(tree) as controller:
            process = await controller.started("r1", "sleep", "1000")
            controller.runtime.submit([ports.PlaceTicket(suite.ref(), "r1", "r2", on_success=False)])
            await controller.started("r9", "sleep", "1000", worker="web-1")  # the ticket came before it
            return process.pid

    async def second() -> ports.Process:
        async with controlling(tree) as controller:
            await controller.until(lambda: bool((one := suite.by_run(controller, "r2")) and one.pid))
            return controller.get("r2")

    os.kill(asyncio.run(first()), signal.SIGKILL)
    replacement = asyncio.run(second())
    assert replacement.by_ticket
    assert replacement.exit is None


def test_s4_5a_success_redeems_a_ticket_only_where_it_says_so(tree: Tree) -> None:
    async def run() -> None:
        async with controlling(tree) as controller:
            for number, on_success in enumerate((False, True)):
                place = f"web-{number}"
                await controller.started(f"r{number}", "sh", "-c", "read line <&3; exit 0", worker=place)
                ref = suite.ref(place)
                controller.runtime.submit(
                    [ports.PlaceTicket(ref, f"r{number}", f"n{number}", on_success=on_success)]
                )
            pids = [controller.get(f"r{number}").pid for number in range(2)]
            os.kill(pids[0], signal.SIGKILL)  # a failure redeems the first one
            await controller.until(lambda: bool((one := suite.by_run(controller, "n0")) and one.pid))

    asyncio.run(run())


def test_a_crash_is_told_with_its_last_lines_in_order(tree: Tree) -> None:
    async def run() -> ports.Process:
        async with controlling(tree) as controller:
            text = "for n in $(seq 30); do echo line $n; done; echo trouble >&2; printf unfinished; exit 4"
            await controller.started("r1", "sh", "-c", text)
            return await controller.ended("r1")

    ended = asyncio.run(run()).exit
    assert ended is not None
    assert ended.code == 4
    assert ended.last_lines[-3:] == ("line 30", "trouble", "unfinished")
    assert len(ended.last_lines) == 20


def test_last_lines_are_those_of_the_run_that_ended_not_of_the_one_that_followed(tree: Tree) -> None:
    async def run() -> tuple[str, ...]:
        async with controlling(tree) as controller:
            script = "test -e again && { echo second; exec sleep 1000; }; touch again; echo first; read x <&3"
            await controller.started("r1", "sh", "-c", script)
            controller.runtime.submit([ports.PlaceTicket(suite.ref(), "r1", "r2", on_success=True)])
            os.kill(controller.get("r1").pid, signal.SIGKILL)
            ended = (await controller.ended("r1")).exit
            assert ended is not None
            return ended.last_lines

    assert asyncio.run(run()) in (("first",), ())


def test_s4_6_remains_hold_the_slot_are_named_and_end_with_a_kill(tree: Tree) -> None:
    place = Path(tree.paths.root) / "grandchild"

    async def run() -> None:
        async with controlling(tree) as controller:
            await controller.started("r1", *worker("daemon", str(place)))
            await controller.until(lambda: controller.get("r1").ready)
            grandchild = int(place.read_text())
            controller.runtime.submit([ports.CloseHandle(suite.ref(), "r1", signal.SIGTERM)])
            controller.runtime.submit([start_run("r2", spec.Template(command=("sleep", "1000")))])
            await controller.until(lambda: controller.get("r1").exit is not None)
            assert controller.get("r2").pid == 0
            left = controller.get("r1").survivors
            assert [one.pid for one in left] == [grandchild]
            assert "worker.py" in left[0].command
            controller.runtime.submit([ports.Kill(suite.ref(), "r1")])
            await controller.ended("r1")
            await controller.until(lambda: controller.get("r2").pid > 0)
            assert not proc.is_running(grandchild)

    asyncio.run(run())


def test_s4_6_what_cannot_be_attributed_is_named_and_ends_with_the_project(tree: Tree) -> None:
    place = Path(tree.paths.root) / "grandchild"

    async def run() -> int:
        async with controlling(tree) as controller:
            await controller.started("r1", *worker("daemon", str(place), "clean"))
            await controller.until(lambda: controller.get("r1").ready)
            grandchild = int(place.read_text())
            controller.runtime.submit([ports.CloseHandle(suite.ref(), "r1", signal.SIGTERM)])
            await controller.ended("r1")
            await controller.until(lambda: bool(controller.runtime.unattributed))
            (stranger,) = controller.runtime.unattributed
            assert stranger.pid == grandchild
            assert "import time" in stranger.command
            return grandchild

    grandchild = asyncio.run(run())
    assert proc.is_running(grandchild)
    tree.end()
    assert not proc.is_running(grandchild)


def test_s4_6_a_worker_that_exits_by_itself_leaves_remains_that_can_be_signalled(tree: Tree) -> None:
    async def run() -> None:
        async with controlling(tree) as controller:
            for fifo in ("up", "never"):
                os.mkfifo(f"{tree.paths.root}/{fifo}")
            script = "setsid sh -c 'echo > up; read x < never' & read line < up; exit 0"
            await controller.started("r1", "sh", "-c", script)
            await controller.until(lambda: bool(controller.get("r1").survivors))
            (left,) = controller.get("r1").survivors
            assert left.command == "sh -c echo > up; read x < never"
            controller.runtime.submit([ports.Acknowledge(suite.ref(), "r1")])
            assert controller.get("r1").survivors
            controller.runtime.submit([ports.Signal(suite.ref(), "r1", signal.SIGTERM)])
            await controller.until(lambda: suite.by_run(controller, "r1") is None)
            assert not proc.is_running(left.pid)

    asyncio.run(run())


def test_s4_6_what_a_signalled_main_process_leaves_gets_the_signal_too(tree: Tree) -> None:
    async def run() -> None:
        async with controlling(tree) as controller:
            await controller.started("r1", "sh", "-c", "sleep 1000; true")
            await asyncio.to_thread(_until_it_has_a_child, controller.get("r1").pid)
            controller.runtime.submit([ports.CloseHandle(suite.ref(), "r1", signal.SIGTERM)])
            await controller.ended("r1")

    asyncio.run(run())


def _until_it_has_a_child(pid: int) -> None:
    while not any("sleep" in proc.command(child) for child in proc.children(pid)):
        os.sched_yield()


def test_a_dead_pool_is_told_in_one_go_and_nothing_else_is_disturbed(tree: Tree) -> None:
    async def run() -> None:
        async with controlling(tree) as controller:
            for number in range(20):
                await controller.started(f"r{number}", "sleep", "1000", worker=f"web-{number}")
            for number in range(10):
                os.kill(controller.get(f"r{number}").pid, signal.SIGKILL)
            await controller.until(lambda: all(controller.get(f"r{n}").exit for n in range(10)))
            assert not any(controller.get(f"r{n}").exit for n in range(10, 20))

    asyncio.run(run())


def test_usage_reads_living_processes_only(tree: Tree) -> None:
    async def run() -> None:
        async with controlling(tree) as controller:
            alive = await controller.started("r1", "sleep", "1000")
            await controller.started("r2", "true", worker="web-1")
            await controller.ended("r2")
            refs = [suite.ref("web-0"), suite.ref("web-1"), suite.ref("web-7")]
            (used,) = controller.runtime.usage(refs)
            assert (used.pid, used.worker) == (alive.pid, suite.ref("web-0"))
            assert used.memory_bytes > 0

    asyncio.run(run())


def test_changes_are_told_once_a_set(tree: Tree) -> None:
    async def run(controller: Controller) -> None:
        starts = [start_run(f"r{n}", spec.Template(command=("sleep", "9")), f"web-{n}") for n in range(10)]
        controller.runtime.submit(starts)
        await controller.until(lambda: all(one.pid for one in controller.runtime.processes(suite.KEY)))
        assert len(controller.keys) <= 3

    async def main() -> None:
        async with controlling(tree) as controller:
            await run(controller)

    asyncio.run(main())
