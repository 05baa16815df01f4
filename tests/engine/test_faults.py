"""A full disk, a lost runtime, a bug in one set, Events in bounds: nothing is lost and the rest goes on."""

from __future__ import annotations

import asyncio
import logging

import pytest

from controller import settings
from controller.core import errors, kinds
from controller.engine import loop
from tests.fakes.runtime import Script
from tests.fakes.world import NAMESPACE, World

WEB = kinds.Key(NAMESPACE, "web")


def world(*scripts: Script, **spec: object) -> World:
    made = World(lambda _start, count: scripts[min(count, len(scripts) - 1)] if scripts else Script())
    made.apply("web", {"command": ["x"], **spec})
    made.run_for(20)
    return made


def problem(made: World, type_: str) -> str:
    return next(one.message for one in made.engine.conditions() if one.type == type_ and not one.status)


def test_a_full_disk_stops_no_worker_and_forgets_no_exit(caplog: pytest.LogCaptureFixture) -> None:
    made = world(Script(), Script(exit_after=0, exit_code=1), max_consecutive_failures=3, retry_after="0s")
    made.store.full = True
    made.runtime.crash(made.run_of("web-0"))
    made.run_for(30)
    assert "disk is full" in problem(made, "StorageWritable")
    assert caplog.messages == ["the store cannot be written"], "said once"
    assert 4 <= len(made.runtime.started) <= 5, "it was tried, and not in a hot loop"
    assert len(made.runtime.processes(WEB)) >= 4, "no exit was acknowledged"
    assert made.pod("web-0")["status"]["phase"] != "Running", "what is never on disk still tells what runs"
    made.store.full = False
    made.run_for(2)
    assert made.status("web")["state"] == "Failed"
    assert "4th time" in made.status("web")["message"], "every failure was counted"
    assert made.runtime.processes(WEB) == ()
    assert all(one.status for one in made.engine.conditions())


def test_a_lost_runtime_plans_nothing_and_says_so() -> None:
    made = world(num=2)
    made.runtime.set_connected(False)
    before = len(made.runtime.verbs)
    made.edit("web", num=3)
    made.run_for(10)
    assert len(made.runtime.verbs) == before
    assert made.condition("web", "Waiting")["reason"] == "RuntimeDisconnected"
    assert made.status("web")["readyReplicas"] == 2
    assert problem(made, "RuntimeConnected") != ""
    made.runtime.set_connected(True)
    made.run_for(5)
    assert made.live("web") == ["web-0", "web-1", "web-2"]
    assert made.status("web")["state"] == "Ready"


def test_when_the_shim_dies_everything_is_started_again() -> None:
    made = world(num=2)
    made.runtime.set_connected(False)
    made.runtime.forget_everything()
    made.runtime.set_connected(True)
    made.run_for(5)
    assert made.live("web") == ["web-0", "web-1"]


def test_a_bug_in_one_set_does_not_stop_the_others(caplog: pytest.LogCaptureFixture) -> None:
    made = world()
    caplog.set_level(logging.CRITICAL)
    made.apply("bad", {"command": ["x"], "num": "many"})
    made.edit("web", num=2)
    made.run_for(5)
    assert made.live("web") == ["web-0", "web-1"]
    made.apply("bad", {"command": ["x"], "num": 1})
    made.run_for(40)
    assert made.live("bad") == ["bad-0"]


def test_a_crash_loop_makes_one_series_of_events() -> None:
    made = world(Script(exit_after=0.1, exit_code=1), max_consecutive_failures=-1)
    made.run_for(100)
    (crashed,) = made.events("Crashed")
    assert crashed["count"] > 50
    assert crashed["involvedObject"]["name"] == "web-0"
    assert crashed["type"] == "Warning"
    assert crashed["firstTimestamp"] < crashed["lastTimestamp"]


def test_s1_11_events_go_after_an_hour_with_the_next_write() -> None:
    made = world()
    assert made.events("Started") != []
    made.run_for(4000)
    assert made.next_at() is None, "no timer for that"
    made.edit("web", command=["y"])
    made.run_for(5)
    assert all(one["count"] == 1 for one in made.events()), "new series"


def test_s1_11_no_more_events_a_set_than_allowed() -> None:
    bounded = settings.EngineSettings(boot_id="boot-1", events_per_set=5)
    made = World(lambda _start, _count: Script(exit_after=5, exit_code=1), engine_settings=bounded)
    made.apply("web", {"command": ["x"], "num": 20})
    made.run_for(30)
    assert len(made.events()) == 5


def test_a_wall_clock_jump_changes_nothing() -> None:
    """S4.11."""
    made = world(
        Script(exit_after=0, exit_code=1),
        Script(exit_after=0, exit_code=1),
        Script(),
        retry_after="20s",
        max_consecutive_failures=0,
    )
    started = len(made.runtime.started)
    made.clock.jump_wall(-86400)
    made.run_for(15)
    made.clock.jump_wall(2 * 86400)
    assert len(made.runtime.started) - started <= 1


def test_s4_11_after_a_reboot_waits_are_over_and_one_shots_stay_done() -> None:
    made = World(
        lambda start, _c: (
            Script(exit_after=0.5) if start.ref.workerset == "once" else Script(exit_after=0, exit_code=1)
        )
    )
    made.apply("once", {"command": ["x"], "restart": "on_failure"})
    made.apply("web", {"command": ["x"], "max_consecutive_failures": 0, "retry_after": "1h"})
    made.run_for(5)
    started = len(made.runtime.started)
    made.kill_controller()
    made.settings = settings.EngineSettings(boot_id="boot-2")
    made.start_controller()
    made.settle()
    assert len(made.runtime.started) == started + 1, "only the given-up one"


def test_the_loop_waits_without_polling() -> None:
    made = world()
    steps = 0

    async def play() -> None:
        nonlocal steps
        stop = asyncio.Event()
        step = made.engine.step

        def counted() -> float | None:
            nonlocal steps
            steps += 1
            return step()

        made.engine.step = counted  # type: ignore[method-assign]
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(loop.run(made.engine, stop), name="engine")
            for _ in range(50):
                await asyncio.sleep(0)
            assert steps == 1, "nothing to do, nothing done"
            made.edit("web", num=2)
            while len(made.runtime.started) < 2:
                await asyncio.sleep(0)
            stop.set()

    asyncio.run(play())
    assert steps <= 4


def test_a_conflict_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    made = world()
    update, failed = made.store.update, []

    def once(resource: kinds.Resource, obj: kinds.Object, **options: object) -> kinds.Object:
        if resource == kinds.WORKERSETS and not failed:
            failed.append(True)
            raise errors.Conflict("the object has been modified")
        return update(resource, obj, **options)

    made.edit("web", num=2)
    monkeypatch.setattr(made.store, "update", once)
    made.run_for(5)
    assert failed == [True]
    assert made.status("web")["readyReplicas"] == 2
