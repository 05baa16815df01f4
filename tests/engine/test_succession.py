"""S8.4: what a name publishes belongs to one user, so a pool never has processes of two."""

from __future__ import annotations

import pytest

from tests.fakes.runtime import Script
from tests.fakes.world import World

POOL = {"background": True, "name": "web", "num": 3, "command": ["x"], "user": "nobody"}


def world(script: Script = Script(stop_seconds=2), **fields: object) -> World:  # noqa: B008 - frozen
    made = World(lambda _start, _count: script)
    made.apply("web", {**POOL, **fields})
    made.run_for(5)
    return made


def users(made: World) -> list[str | None]:
    return [one.user for one in made.runtime.live()]


def test_s8_4_the_last_of_one_user_is_gone_before_the_first_of_the_next_starts() -> None:
    made = world()
    made.edit("web", user="daemon")
    seen = []
    for _ in range(50):
        made.run_for(0.1)
        seen.append(tuple(sorted(set(users(made)))))
    assert [one for at, one in enumerate(seen) if at == 0 or one != seen[at - 1]] == [
        ("nobody",),
        ("daemon",),
    ]
    assert users(made) == ["daemon"] * 3
    made.run_for(5)
    assert made.status("web")["state"] == "Ready"


def test_s8_4_meanwhile_it_says_what_it_waits_for() -> None:
    made = world()
    made.edit("web", user=None)
    made.settle()
    status = made.status("web")
    assert status["state"] == "Waiting"
    expected = "vars belong to one user: waits for the end of web-0, web-1, web-2"
    assert status["message"] == expected


def test_s8_4_one_that_crashes_meanwhile_is_not_run_again_as_before() -> None:
    made = world(Script(exit_after=6, exit_code=1, stop_seconds=20))
    made.edit("web", user="daemon", stop_grace="30s")
    made.run_for(3)
    assert users(made) == ["daemon"] * 3


def test_s8_4_processes_that_a_smaller_pool_gives_up_count_too() -> None:
    made = world()
    made.edit("web", user="daemon", num=1)
    made.run_for(1)
    assert users(made) == ["nobody"] * 3
    made.run_for(2)
    assert users(made) == ["daemon"]


def test_s4_10_another_change_replaces_one_after_the_other_as_ever() -> None:
    made = world()
    made.edit("web", args=["y"])
    made.run_for(1)
    stopping = [one for one in made.runtime.live() if one.handle_closed_at is not None]
    assert [one.ref.worker for one in stopping] == ["web-0"]


def test_s8_4_names_of_a_catch_all_change_one_by_one() -> None:
    made = World(lambda _start, _count: Script(stop_seconds=2))
    made.apply("web", {"background": True, "command": ["x"], "user": "nobody", "instances": ["a", "b"]})
    made.run_for(5)
    made.edit("web", user="daemon")
    made.run_for(1)
    assert len([one for one in made.runtime.live() if one.handle_closed_at is None]) == 1
    made.run_for(10)
    assert users(made) == ["daemon"] * 2


@pytest.mark.parametrize("to_named", [True, False])
def test_s8_4_also_where_a_catch_all_becomes_a_named_set_or_the_other_way_round(to_named: bool) -> None:
    shapes: list[dict[str, object]] = [{"instances": ["x"]}, {"name": "x", "num": 2}]
    old, new = shapes if to_named else reversed(shapes)
    rules = {"background": True, "command": ["x"], "min_ready": "10ms"}
    made = World(lambda _start, _count: Script(stop_seconds=2))
    made.apply("web", {**rules, **old, "user": "nobody"})
    made.run_for(5)
    made.apply("web", {**rules, **new, "user": "daemon"})
    made.run_for(1)
    assert set(users(made)) == {"nobody"}
    made.run_for(3)
    assert set(users(made)) == {"daemon"}


def test_s4_10_a_named_set_starts_once_its_names_of_a_former_catch_all_have_ended() -> None:
    rules = {"background": True, "command": ["x"], "min_ready": "10ms"}
    made = World(lambda _start, _count: Script(stop_seconds=2))
    made.apply("web", {**rules, "instances": ["x"]})
    made.run_for(5)
    made.apply("web", {**rules, "name": "x", "num": 1})
    made.run_for(1)
    (old,) = made.live("web")
    assert old != "web-0"
    assert made.status("web")["message"] == f"a name has one process at a time: waits for the end of {old}"
    made.run_for(3)
    assert made.live("web") == ["web-0"]
    assert made.status("web")["state"] == "Ready"
