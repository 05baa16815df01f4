"""A controller inside this very process: declared, ensured, read, watched, restarted (S10)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

import controller
from controller import Controller, Settings, WorkerSet
from tests.e2e.project import Project, wait_gone
from tests.embedding.conftest import make_project

CATCH_ALL = WorkerSet(background=True, file="worker.py", ready_when="vars", max_threads=2)
SLEEPER = WorkerSet(set_name="sleeper", command=["sleep", "1000"], min_ready=0.01)


def run(settings: Settings, body: Callable[[Controller], Awaitable[None]]) -> None:
    async def inside() -> None:
        async with Controller(settings) as c:
            await body(c)

    asyncio.run(inside())


def test_s10_from_nothing_to_a_running_worker_and_back(settings: Settings, project: Project) -> None:
    async def body(c: Controller) -> None:
        (applied,) = await c.apply(SLEEPER)
        assert (applied.action, applied.set_name, applied.namespace) == ("created", "sleeper", "default")
        (state,) = await c.wait_ready("sleeper")
        assert (state.state, state.ready) == ("Ready", 1)
        (worker,) = await c.workers("sleeper")
        assert worker.pid in project.leftovers()
        assert not (project.state / "controller.pid").exists()

    run(settings, body)
    assert project.leftovers() == []


def test_s10_the_same_again_is_unchanged_and_another_value_is_a_change(settings: Settings) -> None:
    async def body(c: Controller) -> None:
        assert [one.action for one in await c.apply(SLEEPER, CATCH_ALL)] == ["created", "created"]
        assert [one.action for one in await c.apply(SLEEPER, CATCH_ALL)] == ["unchanged", "unchanged"]
        more = WorkerSet(set_name="sleeper", command=["sleep", "1000"], min_ready=0.01, num=2)
        assert [one.action for one in await c.apply(more)] == ["configured"]
        (state,) = await c.wait_ready("sleeper")
        assert state.ready == 2

    run(settings, body)


def test_s2_6_next_scope_is_distinct_and_never_reused(settings: Settings) -> None:
    seen: list[str] = []

    async def body(c: Controller) -> None:
        await c.apply(WorkerSet(background=True, file="worker.py", scope="scope-3"))
        seen.extend([c.next_scope(), c.next_scope()])

    run(settings, body)
    run(settings, body)
    assert len({*seen, "scope-3", ""}) == 6


def test_s2_7_the_same_name_in_two_scopes_is_two_workers(settings: Settings) -> None:
    async def body(c: Controller) -> None:
        one, two = c.next_scope(), c.next_scope()
        await c.apply(
            *(
                WorkerSet(background=True, name="job", file="worker.py", scope=scope, ready_when="vars")
                for scope in (one, two)
            )
        )
        first, second = await c.ensure("job", scope=one), await c.ensure("job", scope=two)
        assert first.pid != second.pid
        assert (await c.vars("job", scope=two))["scope"] == two
        with pytest.raises(controller.Undeclared):
            await c.ensure("job")

    run(settings, body)


def test_s3_names_are_ensured_read_and_released(settings: Settings) -> None:
    async def body(c: Controller) -> None:
        await c.apply(CATCH_ALL)
        a, b = await c.ensure(["a", "b"])
        assert a.is_ready
        assert a.pid != b.pid
        found = await c.vars("a")
        assert found == {"name": "a", "scope": "", "bytes": b"\xff"}
        assert await c.vars("a") is found
        with pytest.raises(controller.CapReached) as refused:
            await c.ensure("c")
        assert refused.value.name == "c"
        assert await c.release("b") == ("b",)
        with pytest.raises(controller.NotPublished):
            await c.vars("never")

    run(settings, body)


@pytest.mark.parametrize(
    ("names", "timeout", "kind"),
    [
        ("", 1, ValueError),
        ([], 1, ValueError),
        (["a", "a"], 1, ValueError),
        ([1], 1, TypeError),
        (1, 1, TypeError),
        ("a", 0, ValueError),
    ],
)
def test_s3_1_what_is_malformed_starts_nothing(
    settings: Settings, names: list[str], timeout: float, kind: type[Exception]
) -> None:
    async def body(c: Controller) -> None:
        await c.apply(CATCH_ALL)
        with pytest.raises(kind):
            await c.ensure(names, timeout=timeout)
        assert await c.workers() == ()

    run(settings, body)


def test_s3_6_a_name_that_is_not_ready_in_time_says_why(settings: Settings) -> None:
    async def body(c: Controller) -> None:
        await c.apply(WorkerSet(background=True, name="mute", command=["sleep", "99"], ready_when="vars"))
        with pytest.raises(controller.EnsureTimeout) as late:
            await c.ensure("mute", timeout=0.3)
        assert late.value.missing is not None

    run(settings, body)


def test_nothing_of_a_call_is_stored_if_one_set_is_refused(settings: Settings) -> None:
    async def body(c: Controller) -> None:
        with pytest.raises(controller.Refused) as refused:
            await c.apply(SLEEPER, WorkerSet(set_name="bad", nice=77, background=True))
        assert {one.field for one in refused.value.problems} == {"spec", "spec.nice"}
        assert {one.set_name for one in refused.value.problems} == {"bad"}
        assert await c.sets() == ()
        with pytest.raises(ValueError, match="same name"):
            await c.apply(SLEEPER, SLEEPER)
        with pytest.raises(TypeError, match="WorkerSet"):
            await c.apply({"spec": {}})  # type: ignore[arg-type]

    run(settings, body)


def test_s4_10_a_restart_replaces_the_process(settings: Settings) -> None:
    async def body(c: Controller) -> None:
        await c.apply(SLEEPER)
        await c.wait_ready("sleeper")
        (before,) = await c.workers("sleeper")
        await c.restart("sleeper")
        async for change in c.watch(sets=False):
            if isinstance(change.item, controller.WorkerState) and change.item.pid not in (None, before.pid):
                break
        with pytest.raises(controller.NotDeclared):
            await c.restart("nobody")

    run(settings, body)


def test_a_watch_tells_what_is_there_and_what_changes(settings: Settings) -> None:
    async def body(c: Controller) -> None:
        await c.apply(CATCH_ALL)
        actions = []

        async def look() -> None:
            async for change in c.watch(workers=False):
                if not actions:
                    await c.apply(SLEEPER)
                if not actions or change.item.set_name == "sleeper":
                    actions.append((change.action, change.item.set_name))
                if change.action == "deleted":
                    return
                if isinstance(change.item, controller.SetState) and change.item.state == "Ready":
                    deleting.append(asyncio.create_task(c.delete("sleeper")))

        deleting: list[asyncio.Task[None]] = []
        await look()
        await deleting[0]
        assert actions[0] == ("added", "catch-all")
        assert actions[1] == ("added", "sleeper")
        assert actions[-1] == ("deleted", "sleeper")
        with pytest.raises(controller.NotDeclared):
            await c.get("sleeper")

    run(settings, body)


def test_logs_are_lines(settings: Settings) -> None:
    async def body(c: Controller) -> None:
        await c.apply(CATCH_ALL)
        instance = await c.ensure("a")
        async for line in c.logs(instance.worker, follow=True):
            assert line == "began a"
            break
        with pytest.raises(controller.NotDeclared):
            await anext(aiter(c.logs("nobody")))

    run(settings, body)


def test_s4_5_waiting_for_a_set_that_is_given_up_says_of_what_it_died(
    settings: Settings, project: Project
) -> None:
    project.write("broken.py", "raise KeyError('API_KEY')")

    async def body(c: Controller) -> None:
        await c.apply(WorkerSet(set_name="broken", file="broken.py", max_consecutive_failures=0))
        with pytest.raises(controller.GivenUp, match="API_KEY"):
            await c.wait_ready()
        await c.apply(WorkerSet(set_name="slow", command=["sleep", "99"], min_ready=60))
        with pytest.raises(controller.ReadyTimeout, match="slow Starting"):
            await c.wait_ready("slow", timeout=0.2)

    run(settings, body)


def test_workerctl_works_on_it_and_down_ends_it(settings: Settings, project: Project) -> None:
    async def body(c: Controller) -> None:
        await c.apply(SLEEPER)
        shown = await asyncio.create_subprocess_exec(
            *project.command("get", "ws"),
            cwd=project.root,
            env=project.environ,
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await shown.communicate()
        assert b"sleeper" in out
        down = await asyncio.create_subprocess_exec(
            *project.command("down"), cwd=project.root, env=project.environ, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await down.communicate()
        assert down.returncode == 0, out
        await c.wait_closed()
        with pytest.raises(controller.Stopped):
            await c.get("sleeper")

    run(settings, body)
    assert project.leftovers() == []


def test_without_the_api_nobody_else_can_reach_it(settings: Settings, project: Project) -> None:
    quiet = Settings(root=project.root, environ=project.environ, serves_api=False)

    async def body(c: Controller) -> None:
        await c.apply(CATCH_ALL)
        assert not os.path.exists(c.api_socket)
        assert (await c.ensure("a")).is_ready

    run(quiet, body)


def test_two_projects_side_by_side_in_one_process(
    tmp_path: Path, settings: Settings, project: Project
) -> None:
    other = make_project(tmp_path, "other")

    async def inside() -> None:
        async with (
            Controller(settings) as one,
            Controller(Settings(root=other.root, environ=other.environ)) as two,
        ):
            await one.apply(CATCH_ALL)
            await two.apply(CATCH_ALL)
            first, second = await asyncio.gather(one.ensure("a"), two.ensure("a"))
            assert first.pid in project.leftovers()
            assert second.pid in other.leftovers()

    asyncio.run(inside())
    other.close()


def test_one_project_has_one_controller(settings: Settings) -> None:
    async def body(c: Controller) -> None:
        with pytest.raises(controller.ProjectOwned, match="workerctl down"):
            async with Controller(settings):
                pass
        await c.apply(SLEEPER)

    run(settings, body)


def test_what_was_declared_and_ensured_is_there_again(settings: Settings) -> None:
    async def first(c: Controller) -> None:
        await c.apply(CATCH_ALL)
        await c.ensure("a")

    async def second(c: Controller) -> None:
        assert [one.set_name for one in await c.sets()] == ["catch-all"]
        await c.wait_ready()
        assert [one.name for one in await c.workers()] == ["a"]

    run(settings, first)
    run(settings, second)


def test_a_project_that_is_purged_leaves_no_trace(project: Project) -> None:
    async def body(c: Controller) -> None:
        await c.apply(CATCH_ALL)
        await c.ensure("a")
        folders.append(os.path.dirname(c.api_socket))
        assert os.path.exists(folders[0])

    folders: list[str] = []
    run(Settings(root=project.root, environ=project.environ, purge_at_end=True), body)
    assert sorted(os.listdir(project.root)) == ["worker.py"]
    assert not os.path.exists(folders[0])


def test_an_error_inside_the_block_drains_all_and_comes_out(settings: Settings, project: Project) -> None:
    pids: list[int | None] = []

    async def body(c: Controller) -> None:
        await c.apply(SLEEPER)
        await c.wait_ready()
        pids.extend(one.pid for one in await c.workers())
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(settings, body)
    assert pids
    assert project.leftovers() == []


def test_a_cancelled_end_kills_what_does_not_want_to_stop(settings: Settings, project: Project) -> None:
    project.write(
        "deaf.py",
        "import signal, time\nsignal.signal(15, signal.SIG_IGN)\nprint('deaf', flush=True)\ntime.sleep(1000)",
    )

    async def inside() -> None:
        entered = asyncio.Event()

        async def host() -> None:
            async with Controller(settings) as c:
                await c.apply(WorkerSet(set_name="deaf", file="deaf.py", stop_grace=600))
                async for line in c.logs((await _first_worker(c)).worker, follow=True):
                    assert line == "deaf"
                    break
                entered.set()
            raise AssertionError("the end was not cancelled")

        task = asyncio.create_task(host())
        await entered.wait()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(inside())
    assert project.leftovers() == []


async def _first_worker(c: Controller) -> controller.WorkerState:
    async for change in c.watch(sets=False):
        if isinstance(change.item, controller.WorkerState) and change.item.pid:
            return change.item
    raise AssertionError


def test_it_cannot_be_used_outside_of_its_block(settings: Settings) -> None:
    async def inside() -> None:
        c = Controller(settings)
        with pytest.raises(controller.Stopped):
            await c.sets()
        async with c:
            pass
        with pytest.raises(controller.Stopped):
            c.next_scope()

    asyncio.run(inside())


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda: Settings(root=3), TypeError, "root must be a path"),  # type: ignore[arg-type]
        (lambda: Settings(root=""), ValueError, "root is empty"),
        (lambda: Settings(root="/", namespace=""), ValueError, "namespace"),
        (lambda: Settings(root="/", start_seconds=0), ValueError, "start_seconds"),
        (lambda: Settings(root="/", stop_seconds=-1), ValueError, "stop_seconds"),
        (lambda: Controller("/"), TypeError, "must be a Settings"),  # type: ignore[arg-type]
    ],
)
def test_wrong_settings_are_refused_at_once(
    make: Callable[[], object], kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        make()


def test_a_root_that_is_not_there_is_said(project: Project) -> None:
    missing = Settings(root=project.root / "nowhere", environ=project.environ)
    with pytest.raises(controller.StartFailed, match="no such folder"):
        asyncio.run(Controller(missing).__aenter__())


def test_a_lost_guardian_is_survived(settings: Settings, project: Project) -> None:
    async def body(c: Controller) -> None:
        await c.apply(SLEEPER)
        await c.wait_ready()
        guardian = project.pid_of("guardian")
        os.kill(guardian, 9)
        wait_gone(guardian)
        (worker,) = await c.workers()
        assert worker.pid is not None
        shims.append(project.pid_of("shim"))

    shims: list[int] = []
    run(settings, body)
    wait_gone(shims[0])
    assert project.leftovers() == []
