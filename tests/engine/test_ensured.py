"""What is ensured stays with the set that answers to the name (S3.2), whoever else wants its place."""

from __future__ import annotations

from controller.core import names
from tests.fakes.runtime import Script
from tests.fakes.world import NAMESPACE, World


def catch_all(command: str) -> dict[str, object]:
    return {"command": [command], "background": True, "max_threads": 3}


def test_s1_2_an_older_set_that_wants_the_place_of_a_catch_all_gets_none_of_its_names() -> None:
    world = World()
    world.apply("older", {"command": ["a"], "background": True, "name": "y"})
    world.run_for(10)
    world.apply("holder", catch_all("b"))
    world.run_for(10)
    world.ensure("holder", "x")
    world.run_for(10)
    world.edit("older", name=None, max_threads=3)
    world.run_for(10)
    assert world.condition("older", "Waiting")["reason"] == "Conflict"
    assert set(world.store.ensures(NAMESPACE, "holder")) == {"x"}
    assert not world.store.ensures(NAMESPACE, "older")
    assert len(world.live("holder")) == 1


def test_s1_2_whose_turn_it_is_then_gets_them() -> None:
    world = World()
    world.apply("first", catch_all("a"))
    world.run_for(10)
    world.apply("second", catch_all("b"))
    world.run_for(10)
    assert world.condition("second", "Waiting")["reason"] == "Conflict"
    world.ensure("first", "x")
    world.run_for(10)
    world.edit("first", name="y", max_threads=None)
    world.run_for(60)
    assert set(world.store.ensures(NAMESPACE, "second")) == {"x"}
    assert len(world.live("second")) == 1


def said(world: World, name: str, reason: str) -> list[str]:
    return [str(one["message"]) for one in world.events(reason) if one["involvedObject"]["name"] == name]


def test_s2_5_a_lower_cap_says_which_names_it_leaves_out() -> None:
    world = World()
    world.apply("jobs", catch_all("a"))
    for name in ("x", "y"):
        world.ensure("jobs", name)
        world.run_for(2)
    assert world.condition("jobs", "Degraded")["reason"] == "AsDeclared"
    world.edit("jobs", max_threads=1)
    world.run_for(40)
    degraded = world.condition("jobs", "Degraded")
    assert (degraded["reason"], degraded["message"]) == ("NotRun", "not run, max_threads is 1: y")
    assert said(world, "jobs", "NotRun") == ["not run, max_threads is 1: y; release a name or raise it"]
    assert len(world.live("jobs")) == 1
    world.edit("jobs", max_threads=2)
    world.run_for(5)
    assert world.condition("jobs", "Degraded")["reason"] == "AsDeclared"
    assert len(world.live("jobs")) == 2


def test_s1_2_a_catch_all_says_which_names_another_set_took() -> None:
    world = World()
    world.apply("jobs", {**catch_all("a"), "instances": ["y"]})
    world.ensure("jobs", "x")
    world.run_for(2)
    for name in ("x", "y"):
        world.apply(f"own-{name}", {"command": ["b"], "background": True, "name": name})
    world.run_for(40)
    assert said(world, "jobs", "Released") == ["no longer ensured: x (set own-x answers to it now)"]
    assert said(world, "jobs", "NotRun") == ["not run here, another set answers to them: y"]
    assert world.condition("jobs", "Degraded")["status"] == "False", "they are run, by somebody else"


def test_s3_2_a_set_that_is_another_kind_now_says_what_it_dropped() -> None:
    world = World()
    world.apply("jobs", catch_all("a"))
    world.ensure("jobs", "x")
    world.run_for(2)
    world.edit("jobs", name="other", max_threads=None)
    world.run_for(40)
    assert said(world, "jobs", "Released") == ["no longer ensured: x (no set answers to it)"]


def test_s1_10_a_named_set_that_becomes_a_catch_all_runs_its_name_as_an_instance() -> None:
    made = World()
    made.apply("jobs", {"background": True, "name": "x", "num": 1, "command": ["x"]})
    made.run_for(5)
    assert made.live("jobs") == ["jobs-0"]
    made.apply("jobs", {"background": True, "command": ["x"], "instances": ["x"]})
    made.run_for(5)
    assert made.live("jobs") == [names.instance("jobs", "x")]


def test_s2_1_a_catch_all_waits_for_the_end_of_who_had_its_name() -> None:
    """Whatever that set has become meanwhile: never two processes under one name."""
    made = World(lambda start, _count: Script(stop_seconds=4 if start.worker_name == "x" else 0))
    made.apply("old", {"background": True, "name": "x", "num": 1, "command": ["x"], "stop_grace": "9s"})
    made.run_for(5)
    made.apply("old", {"background": True, "name": "other", "num": 1, "command": ["x"], "stop_grace": "9s"})
    made.apply("jobs", {**catch_all("x"), "instances": ["x"]})
    made.run_for(3)
    assert [one.ref.worker for one in made.runtime.live()] == ["old-0"]
    made.run_for(3)
    assert made.live("jobs") == [names.instance("jobs", "x")]


def test_s3_2_what_was_recorded_is_listed_by_the_next_controller_if_the_last_one_had_no_time() -> None:
    world = World()
    world.apply("jobs", catch_all("a"))
    world.run_for(2)
    world.ensure("jobs", "x")
    world.run_for(2)
    with world.store.transaction():
        world.store.put_ensure(NAMESPACE, "jobs", "y", {"workerctl": world.now()})
    world.kill_controller()
    world.start_controller()
    assert world.get("jobs")["spec"]["instances"] == ["x", "y"]
    world.run_for(2)
    assert len(world.live("jobs")) == 2
