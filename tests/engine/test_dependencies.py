"""S1 `depends_on`: who waits for whom, who is asked for, who stops first, and who looks again."""

from __future__ import annotations

from typing import Any

import pytest

from controller import ports
from controller.core.kinds import Key
from tests.fakes.runtime import Script
from tests.fakes.world import NAMESPACE, World

READY: dict[str, Any] = {"command": ["run"], "ready_when": "notify", "stop_grace": "5s"}


def waiting(world: World, name: str) -> tuple[str, str]:
    found = world.condition(name, "Waiting")
    return found["reason"], found["message"]


def _director(start: ports.StartRun, _count: int) -> Script:
    return Script(ready_after=1.0, stop_seconds=1.0)


def world_of(**sets: dict[str, Any]) -> World:
    world = World(_director)
    for name, fields in sets.items():
        world.apply(name, {**READY, **fields})
    world.settle()
    return world


def test_s1_a_set_starts_when_what_it_depends_on_is_ready() -> None:
    world = world_of(web={"depends_on": ["db", "cache"]}, db={}, cache={})
    assert world.live("web") == []
    assert world.status("web")["state"] == "Waiting"
    assert world.status("web")["message"] == "waits for db (not ready) and cache (not ready)"
    assert waiting(world, "web")[0] == "DependencyNotReady"
    since = world.condition("web", "Waiting")["lastTransitionTime"]
    world.run_for(0.5)
    assert world.condition("web", "Waiting")["lastTransitionTime"] == since
    world.run_for(3)
    assert world.status("web")["state"] == "Ready"
    assert world.condition("web", "Waiting")["status"] == "False"


def test_s1_a_dependency_may_be_declared_later() -> None:
    world = world_of(web={"depends_on": ["db"]})
    assert waiting(world, "web") == ("DependencyNotReady", "waits for db (not declared)")
    world.apply("db", READY)
    world.run_for(3)
    assert world.status("web")["state"] == "Ready"


def test_s1_a_dependency_that_never_gets_ready_is_waited_for_and_named() -> None:
    world = World(lambda start, _n: Script(exit_after=0.1, exit_code=1))
    world.apply("db", {**READY, "max_consecutive_failures": 1, "retry_after": "0s"})
    world.apply("web", {**READY, "depends_on": ["db"]})
    world.run_for(600)
    assert waiting(world, "web") == ("DependencyNotReady", "waits for db (failed)")
    assert world.live("web") == []
    assert world.next_at() is None


def test_s5_a_one_shot_lets_others_start_once_it_is_completed() -> None:
    def direct(start: ports.StartRun, _n: int) -> Script:
        return Script(exit_after=5.0) if start.ref.workerset == "migrate" else Script(ready_after=1.0)

    world = World(direct)
    world.apply("web", {**READY, "depends_on": ["migrate"]})
    world.apply("migrate", {"command": ["m"], "ready_when": "completed", "restart": "on_failure"})
    world.run_for(2)
    assert world.status("web")["message"] == "waits for migrate (not completed)"
    world.run_for(10)
    assert world.status("web")["state"] == "Ready"


def test_s1_what_runs_goes_on_when_a_dependency_is_lost() -> None:
    world = world_of(web={"depends_on": ["db"]}, db={})
    world.run_for(5)
    run = world.run_of("web-0")
    world.edit("db", suspend=True)
    world.run_for(5)
    assert world.run_of("web-0") == run
    assert world.status("web")["state"] == "Ready"


def test_s1_what_has_completed_waits_for_nobody() -> None:
    world = World(lambda start, _count: Script(exit_after=5.0 if start.ref.workerset == "job" else None))
    world.apply("db", {"command": ["run"]})
    world.apply("job", {"command": ["run"], "restart": "on_failure", "depends_on": ["db"]})
    world.run_for(2)
    world.edit("db", suspend=True)
    world.run_for(10)
    assert world.live("job") == world.live("db") == []
    assert world.status("job")["state"] == "Completed"
    assert waiting(world, "job")[0] == "NotWaiting"


def test_s1_a_replacement_is_not_begun_while_a_dependency_is_away() -> None:
    world = world_of(web={"depends_on": ["db"]}, db={})
    world.run_for(5)
    run = world.run_of("web-0")
    world.edit("db", suspend=True)
    world.settle()
    world.edit("web", command=["other"])
    world.run_for(5)
    assert world.run_of("web-0") == run
    assert world.status("web")["message"] == "waits for db (stopped)"
    world.edit("db", suspend=False)
    world.run_for(10)
    assert world.run_of("web-0") != run
    assert world.status("web")["state"] == "Ready"


def test_s1_both_get_another_template_and_the_dependency_is_replaced_first() -> None:
    world = world_of(web={"depends_on": ["db"]}, db={})
    world.run_for(5)
    world.edit("web", command=["v2"])
    world.edit("db", command=["v2"])
    world.settle()
    assert world.status("web")["message"] == "waits for db (not ready)"
    begun = len(world.runtime.verbs)
    world.run_for(20)
    closed = [one.ref.workerset for one in world.runtime.verbs if isinstance(one, ports.CloseHandle)]
    started = [one.ref.workerset for one in world.runtime.verbs[begun:] if isinstance(one, ports.StartRun)]
    assert closed == ["db", "web"]
    assert started == ["db", "web"]


def test_s3_2_a_lazy_dependency_is_ensured_for_the_set_that_waits() -> None:
    lazy = {"background": True, "name": "redis", "scope": "shop"}
    world = world_of(web={"depends_on": ["redis"], "scope": "shop"}, watcher=lazy)
    world.run_for(5)
    assert world.status("web")["state"] == "Ready"
    assert list(world.store.ensures(NAMESPACE, "watcher")["redis"]) == ["default/web"]
    world.delete("web")
    world.run_for(5)
    assert world.status("watcher")["state"] == "Lazy"


def test_s2_a_worker_name_of_another_scope_is_out_of_reach() -> None:
    lazy = {"background": True, "name": "redis", "scope": "shop"}
    world = world_of(web={"depends_on": ["redis"]}, watcher=lazy)
    assert world.status("web")["message"] == "waits for redis (not declared)"


def test_s2_a_name_of_a_catch_all_counts_once_it_is_asked_for() -> None:
    world = world_of(web={"depends_on": ["job"]}, jobs={"background": True})
    assert world.status("web")["message"] == "waits for job (nobody has asked for it)"
    world.ensure("jobs", "job")
    world.run_for(5)
    assert world.status("web")["state"] == "Ready"


@pytest.mark.parametrize(
    ("fields", "standing"),
    [({"num": 0}, "num is 0"), ({"suspend": True}, "stopped")],
)
def test_s1_what_runs_nothing_is_not_ready_for_others(fields: dict[str, Any], standing: str) -> None:
    world = world_of(web={"depends_on": ["db"]}, db=fields)
    assert world.status("web")["message"] == f"waits for db ({standing})"


def test_s1_2_a_cycle_is_named_and_ends_with_the_edit_that_breaks_it() -> None:
    world = world_of(a={"depends_on": ["b"]}, b={"depends_on": ["c"]}, c={"depends_on": ["a"]})
    reason, message = waiting(world, "b")
    assert reason == "DependencyCycle"
    assert message == "waits for itself: b → c → a → b; remove one of these from depends_on"
    assert len(world.events("DependencyCycle")) == 3
    world.edit("c", depends_on=None)
    world.run_for(10)
    assert [world.status(name)["state"] for name in "abc"] == ["Ready"] * 3


def test_s1_a_set_that_names_itself_says_so() -> None:
    world = world_of(a={"depends_on": ["a"]})
    assert waiting(world, "a")[0] == "DependencyCycle"


def _stops(world: World) -> list[str]:
    return [one.ref.workerset for one in world.runtime.verbs if isinstance(one, ports.CloseHandle)]


@pytest.mark.parametrize("how", ["halt", "delete", "suspend"])
def test_s1_stopping_goes_in_reverse_order(how: str) -> None:
    world = world_of(db={}, app={"depends_on": ["db"]}, web={"depends_on": ["app", "db"]})
    world.run_for(10)
    for name in ("db", "app", "web"):
        if how == "delete":
            world.delete(name)
        if how == "suspend":
            world.edit(name, suspend=True)
    if how == "halt":
        world.engine.halt(None)
    world.settle()
    assert world.live("db") == ["db-0"]
    assert "stops after what depends on it: app and web" in world.status("db")["message"]
    world.run_for(20)
    assert _stops(world) == ["web", "app", "db"]
    assert world.runtime.live() == []
    if how == "suspend":
        assert world.status("db")["state"] == "Suspended"


def test_s1_what_depends_on_it_goes_on_so_nothing_waits_for_that() -> None:
    world = world_of(db={}, web={"depends_on": ["db"]})
    world.run_for(10)
    world.delete("db")
    world.settle()
    assert _stops(world) == ["db"]
    world.run_for(5)
    assert world.find("db") is None
    assert world.live("web") == ["web-0"]


def test_s1_a_cycle_that_runs_stops_all_at_once() -> None:
    world = world_of(a={}, b={"depends_on": ["a"]})
    world.run_for(5)
    world.edit("a", depends_on=["b"])
    world.engine.halt(None)
    world.run_for(5)
    assert world.runtime.live() == []


def test_s1_a_stop_that_is_taken_back_ends_the_wait_of_others() -> None:
    world = world_of(db={}, web={"depends_on": ["db"], "stop_grace": "1h"})
    world.run_for(10)
    world.edit("db", suspend=True)
    world.settle()
    assert _stops(world) == ["db"]


def test_s4_a_restart_of_the_controller_disturbs_nobody_and_waits_on() -> None:
    world = world_of(web={"depends_on": ["db"]}, db={}, late={"depends_on": ["nobody"]})
    world.run_for(5)
    runs = [world.run_of(name) for name in ("web-0", "db-0")]
    world.kill_controller()
    world.start_controller()
    world.run_for(5)
    assert [world.run_of(name) for name in ("web-0", "db-0")] == runs
    assert world.status("late")["message"] == "waits for nobody (not declared)"


def test_only_whom_it_concerns_looks_again() -> None:
    """No work grows with what did not change: a thousand others are not planned."""
    world = world_of(web={"depends_on": ["db"]}, db={}, **{f"other-{n}": {} for n in range(30)})
    world.run_for(10)
    planned: list[Key] = []
    world.engine.listen(lambda outcomes: planned.extend(one.key for one in outcomes))
    world.runtime.crash(world.run_of("db-0"))
    world.run_for(60)
    assert {key.name for key in planned} == {"db", "web"}
    planned.clear()
    world.annotate_restart("other-3", "now")
    world.run_for(10)
    assert {key.name for key in planned} == {"other-3"}
