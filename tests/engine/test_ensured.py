"""What is ensured stays with the set that answers to the name (S3.2), whoever else wants its place."""

from __future__ import annotations

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
