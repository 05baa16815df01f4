"""`kill -9` of each of our processes and of all of them, two owners, lost folders."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from controller import ports
from controller.core import spec
from controller.shim import launch, proc
from tests.contracts import runtime as suite
from tests.runtime.tree import STUB, Controller, Tree, controlling, start_run, wait_gone, worker

SLEEP = ("sleep", "1000")


def test_the_state_folder_holds_pid_files_and_ignores_itself(tree: Tree) -> None:
    state = Path(tree.paths.state)
    assert (state / ".gitignore").read_text() == "*\n"
    for part in ("guardian", "shim", "controller"):
        assert proc.is_running(tree.pid_of(part))
    tree.end()
    assert not list(state.glob("*.pid"))


def test_kill_of_the_shim_kills_every_worker_and_daemon_and_a_new_shim_starts(tree: Tree) -> None:
    place = Path(tree.paths.root) / "grandchild"

    async def run() -> None:
        async with controlling(tree) as controller:
            await controller.started("r0", *worker("daemon", str(place), "clean"))
            await controller.until(lambda: controller.get("r0").ready)
            others = [await controller.started(f"r{n}", *SLEEP, worker=f"web-{n}") for n in (1, 2)]
            doomed = [int(place.read_text()), controller.get("r0").pid, *(one.pid for one in others)]
            old = tree.pid_of("shim")
            os.kill(old, signal.SIGKILL)
            await controller.until(lambda: not controller.runtime.processes(suite.KEY))
            await controller.until(controller.runtime.connected)
            assert not any(proc.is_running(pid) for pid in doomed)
            assert tree.pid_of("shim") != old
            fresh = await controller.started("r3", *SLEEP)
            assert fresh.exit is None

    asyncio.run(run())
    assert "its workers are gone" in tree.own_log()


def test_kill_of_the_log_writer_loses_no_worker_and_marks_the_gap(tree: Tree) -> None:
    gate = Path(tree.paths.root) / "gate"
    os.mkfifo(gate)

    async def run() -> None:
        async with controlling(tree) as controller:
            script = f"echo before; read line < {gate}; echo while it was away; read line <&3; echo after"
            await controller.started("r1", "sh", "-c", script)
            await _until_logged(tree, "before")
            pid = tree.log_writer()
            os.kill(pid, signal.SIGKILL)
            wait_gone(pid)
            await asyncio.to_thread(gate.write_text, "go\n")
            await _until_logged(tree, "while it was away")
            controller.runtime.submit([ports.CloseHandle(suite.ref(), "r1", 0)])
            process = await controller.ended("r1")
            assert process.exit is not None
            assert process.exit.code == 0
            await _until_logged(tree, "after")

    asyncio.run(run())
    texts = [line.split(" ", 3)[3] for line in tree.log("web-0").splitlines()]
    assert texts[1:] == [
        "before",
        "log writer was started again; at most what it had in hand is missing",
        "while it was away",
        "after",
    ]


async def _until_logged(tree: Tree, text: str) -> None:
    from controller import ports as seam
    from controller.runtime import logs

    reader = logs.LogReader(tree.paths.logs)
    async with asyncio.timeout(20):
        async for chunk in reader.read([suite.ref()], seam.LogQuery(follow=True)):
            if text.encode() in chunk:
                return


def test_kill_of_the_guardian_disturbs_nothing_and_is_told(tree: Tree) -> None:
    async def run() -> None:
        async with controlling(tree) as controller:
            process = await controller.started("r1", *SLEEP)
            tree.kill("guardian")
            await controller.until(lambda: not controller.runtime.guardian_alive)
            assert proc.is_running(process.pid)
            assert (await controller.started("r2", *SLEEP, worker="web-1")).pid
            owner = await asyncio.to_thread(launch.find_owner, tree.paths.root)
            assert owner is not None
            assert (owner.pid, owner.run) == (tree.pid_of("shim"), tree.paths.run)
            assert not owner.is_orphan, "there is a controller"
            with pytest.raises(launch.Owned):
                await asyncio.to_thread(tree.start)
            controller.runtime.end()
            shim = tree.pid_of("shim")
        await asyncio.to_thread(wait_gone, shim)
        assert not proc.is_running(process.pid)

    stub = tree.pid_of("controller")
    asyncio.run(run())
    os.kill(stub, signal.SIGKILL)
    wait_gone(stub)


def left_alone(tree: Tree) -> int:
    """A worker that wants to be asked to end, after a kill of guardian and controller; its pid."""

    async def run() -> int:
        async with controlling(tree) as controller:
            script = "trap 'echo asked >> ends; exit 0' TERM; echo ready; while :; do sleep 0.02; done"
            pid = (await controller.started("r1", "sh", "-c", script)).pid
            await _until_logged(tree, "ready")
            return pid

    pid = asyncio.run(run())
    tree.kill("guardian", "controller")
    assert proc.is_running(pid)
    return pid


def test_a_shim_that_nobody_comes_back_to_drains_after_its_grace(fresh_tree: Tree) -> None:
    fresh_tree.environ["WORKERSET_ORPHAN_GRACE"] = "0.1"
    fresh_tree.start()
    shim = fresh_tree.pid_of("shim")
    pid = left_alone(fresh_tree)
    wait_gone(shim)
    assert not proc.is_running(pid)
    assert Path(fresh_tree.paths.root, "ends").read_text() == "asked\n"
    assert fresh_tree.tagged() == []
    assert "neither guardian nor controller came back" in fresh_tree.own_log()


@pytest.mark.parametrize("others", [0, 2])
def test_who_starts_anew_has_an_orphaned_shim_stop_first_and_says_so(tree: Tree, others: int) -> None:
    shim = tree.pid_of("shim")
    pid = left_alone(tree)
    owner = launch.find_owner(tree.paths.root)
    assert owner is not None
    assert (owner.pid, owner.is_orphan) == (shim, True)
    told: list[str] = []
    rivals = [launch.launch(places(tree), STUB, leash=True, environ=tree.environ) for _ in range(others)]
    started = [launch.launch(places(tree), STUB, leash=True, environ=tree.environ), *rivals]
    won = []
    for one in started:
        try:
            launch.wait_ready(one, 20, told.append)
            won.append(one)
        except launch.Owned:
            continue
    assert len(won) == 1
    assert "a killed controller left workers running, stopping them first: 1 left" in told[0]
    assert not proc.is_running(pid)
    assert not proc.is_running(shim)
    assert Path(tree.paths.root, "ends").read_text() == "asked\n", "once, and not killed"

    async def run() -> None:
        async with controlling(tree) as controller:
            assert not controller.runtime.keys()
            assert (await controller.started("r2", *SLEEP)).pid

    asyncio.run(run())
    for one in started:
        assert one.leash_fd is not None
        os.close(one.leash_fd)
        os.waitpid(one.pid, 0)


def test_a_start_that_is_given_up_while_it_waits_leaves_the_project_to_others(tree: Tree) -> None:
    left_alone(tree)
    one = launch.launch(places(tree), STUB, leash=True, environ=tree.environ)
    assert one.leash_fd is not None
    os.close(one.leash_fd)
    with pytest.raises((launch.Owned, launch.LaunchFailed)):
        launch.wait_ready(one, 20)
    os.waitpid(one.pid, 0)
    for pid in tree.tagged():
        wait_gone(pid)


def places(tree: Tree) -> launch.Places:
    return launch.Places(tree.paths.root, tree.paths.state, tree.paths.run)


def test_after_a_kill_of_all_the_next_start_sweeps_what_was_left(tree: Tree) -> None:
    place = Path(tree.paths.root) / "grandchild"

    async def run() -> list[int]:
        async with controlling(tree) as controller:
            await controller.started("r1", *worker("daemon", str(place)))
            await controller.until(lambda: controller.get("r1").ready)
            return [controller.get("r1").pid, int(place.read_text())]

    left = asyncio.run(run())
    for part in ("guardian", "controller", "shim"):
        tree.kill(part)
    assert all(proc.is_running(pid) for pid in left)
    tree.start()
    assert not any(proc.is_running(pid) for pid in left)
    assert "killed what an earlier controller left behind" in tree.own_log()

    async def again() -> None:
        async with controlling(tree) as controller:
            assert not controller.runtime.keys()

    asyncio.run(again())


def test_kill_of_the_controller_starts_another_and_no_worker_is_touched(tree: Tree) -> None:
    async def run() -> None:
        async with controlling(tree) as controller:
            process = await controller.started("r1", *SLEEP)
            tree.kill("controller")
            await _until_new_controller(tree)
            assert proc.is_running(process.pid)

    asyncio.run(run())


async def _until_new_controller(tree: Tree) -> None:
    """The guardian writes the pid file when it has started one; the folder says when."""
    from controller import inotify

    watcher = inotify.Watcher()
    watcher.add(tree.paths.state, inotify.MODIFY)
    async with asyncio.timeout(20):
        while not _is_alive(tree):
            await watcher.changes()
    watcher.close()


def _is_alive(tree: Tree) -> bool:
    try:
        return proc.is_running(tree.pid_of("controller"))
    except ValueError:
        return False  # just being written


def test_guardians_at_once_are_one_controller_every_time(fresh_tree: Tree) -> None:
    for _ in range(5):
        _race(fresh_tree)
        assert fresh_tree.tagged() == []


def _race(fresh_tree: Tree) -> None:
    launched = [
        launch.launch(places(fresh_tree), STUB, leash=True, environ=fresh_tree.environ) for _ in range(3)
    ]
    won: list[launch.Launched] = []
    owners: list[int] = []
    for one in launched:
        try:
            launch.wait_ready(one, 20)
            won.append(one)
        except launch.Owned as owned:
            owners.append(owned.pid)
    assert len(won) == 1
    assert owners == [won[0].pid] * 2
    for one in launched:
        assert one.leash_fd is not None
        os.close(one.leash_fd)
        _, status = os.waitpid(one.pid, 0)
        assert os.waitstatus_to_exitcode(status) == (0 if one is won[0] else 3)


def test_a_controller_that_cannot_start_says_why_and_leaves_nothing(fresh_tree: Tree) -> None:
    with pytest.raises(launch.LaunchFailed, match="the stub was told to"):
        fresh_tree.start("fail")
    places = launch.Places(fresh_tree.paths.root, fresh_tree.paths.state, fresh_tree.paths.run)
    for argv, reason in (
        ([sys.executable, "-c", "print('oops'); raise SystemExit(5)"], "before it was ready: exit code 5"),
        (["/no/such/program"], "cannot start the controller, No such file or directory: /no/such/program"),
    ):
        launched = launch.launch(places, argv, leash=False, environ=fresh_tree.environ)
        with pytest.raises(launch.LaunchFailed, match=reason):
            launch.wait_ready(launched, 20)
        os.waitpid(launched.pid, 0)


def test_the_leash_ends_everything_even_if_the_foreground_is_killed(fresh_tree: Tree) -> None:
    """A process in between holds the leash and is killed with SIGKILL."""
    code = (
        "import json, os, sys; from controller.shim import launch\n"
        "places = launch.Places(*sys.argv[1:4])\n"
        "one = launch.launch(places, json.loads(sys.argv[4]), leash=True, environ=os.environ)\n"
        "launch.wait_ready(one, 20); print(one.pid, flush=True); sys.stdin.read()\n"
    )
    places = [fresh_tree.paths.root, fresh_tree.paths.state, fresh_tree.paths.run]
    between = subprocess.Popen(
        [sys.executable, "-c", code, *places, json.dumps(STUB)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert between.stdout is not None
    guardian = int(between.stdout.readline())

    async def run() -> int:
        async with controlling(fresh_tree) as controller:
            return (await controller.started("r1", *SLEEP)).pid

    pid = asyncio.run(run())
    between.kill()
    between.communicate()
    wait_gone(guardian)
    assert not proc.is_running(pid)


def test_lost_folders_are_put_back(tree: Tree) -> None:
    async def run() -> None:
        async with controlling(tree) as controller:
            await controller.started("r1", *worker("ready"))
            await controller.until(lambda: controller.get("r1").ready)
            shutil.rmtree(tree.paths.run)
            shutil.rmtree(tree.paths.state)
            await _repair(controller, tree)
            later = await controller.started("r2", *worker("ready"), worker="web-1")
            assert later.exit is None
            await controller.until(lambda: controller.get("r2").ready)
        async with controlling(tree) as controller:
            assert controller.get("r1").pid

    asyncio.run(run())
    assert Path(tree.paths.state, ".gitignore").exists()
    assert proc.is_running(tree.pid_of("guardian"))
    with pytest.raises(launch.Owned):
        tree_again(tree)


def tree_again(tree: Tree) -> None:
    places = launch.Places(tree.paths.root, tree.paths.state, tree.paths.run)
    launched = launch.launch(places, STUB, leash=False, environ=tree.environ)
    with contextlib.ExitStack() as stack:
        stack.callback(os.waitpid, launched.pid, 0)
        launch.wait_ready(launched, 20)


async def _repair(controller: Controller, tree: Tree) -> None:
    from controller import inotify

    parent = str(Path(tree.paths.run).parent)
    watcher = inotify.Watcher()
    watcher.add(parent, inotify.CREATE)
    controller.runtime.repair()
    async with asyncio.timeout(20):
        while not os.path.isdir(tree.paths.run):
            await watcher.changes()
        watcher.add(tree.paths.run, inotify.CREATE)
        while not os.path.exists(tree.paths.shim_socket):
            await watcher.changes()
    watcher.close()


def test_workers_write_on_after_the_log_folder_was_deleted(tree: Tree) -> None:
    gate = Path(tree.paths.root) / "gate"
    os.mkfifo(gate)

    async def run() -> None:
        async with controlling(tree) as controller:
            template = spec.Template(command=("sh", "-c", f"echo one; read x < {gate}; echo two; read x <&3"))
            controller.runtime.submit([start_run("r1", template)])
            await _until_logged(tree, "one")
            shutil.rmtree(tree.paths.logs)
            await asyncio.to_thread(gate.write_text, "go\n")
            await _until_logged(tree, "two")

    asyncio.run(run())
