"""The ready word and the slots of shared memory, as the engine keeps them (S5, S6)."""

from __future__ import annotations

from typing import Any

from controller import ports
from tests.fakes.runtime import Script
from tests.fakes.world import NAMESPACE, World


def name(of: str, scope: str = "") -> ports.VarsName:
    return ports.VarsName(NAMESPACE, scope, of)


def world(**script: Any) -> World:
    return World(lambda _start, _count: Script(**{"handle_after": 0.0, **script}))


def jobs(made: World, **spec: Any) -> None:
    made.apply("jobs", {"command": ["x"], "background": True, "ready_when": "handle", **spec})
    made.run_for(1)


def test_s5_a_name_is_ready_while_a_process_of_its_pool_is() -> None:
    made = world()
    jobs(made, name="j", num=2)
    assert made.vars.is_ready(name("j"))
    made.edit("jobs", num=0)
    made.run_for(60)
    assert made.vars.known() == []


def test_s5_the_word_is_set_again_for_a_run_that_follows_at_once() -> None:
    """Whoever reaps clears it; the engine may see the exit and the next run's handle in one look."""
    made = world()
    jobs(made, name="j", num=1)
    made.vars.slots[name("j")].ready = False
    made.runtime.crash(made.run_of("jobs-0"))
    made.settle()
    assert made.status("jobs")["readyReplicas"] == 1
    assert made.vars.is_ready(name("j"))


def test_s5_it_is_not_ready_while_it_waits_for_its_next_run() -> None:
    made = world(exit_after=5.0, exit_code=1)
    jobs(made, name="j", num=1, max_consecutive_failures=0, retry_after="0s")
    assert made.vars.is_ready(name("j"))
    made.run_for(10)
    assert made.status("jobs")["state"] == "Failed"
    assert not made.vars.is_ready(name("j"))


def test_s6_7_vars_are_kept_while_a_set_is_suspended_and_over_a_restart() -> None:
    made = world()
    jobs(made, name="j", num=1)
    made.vars.publish(name("j"), {"v": 1})
    made.edit("jobs", suspend=True)
    made.run_for(60)
    made.kill_controller()
    made.start_controller()
    made.run_for(60)
    assert made.vars.read(name("j")) is not None
    made.delete("jobs")
    made.run_for(60)
    assert made.vars.known() == []


def test_s6_7_another_scope_is_another_slot() -> None:
    made = world()
    jobs(made, name="j", num=1)
    made.edit("jobs", scope="shop")
    made.run_for(60)
    assert made.vars.known() == [name("j", "shop")]


def test_s6_a_reader_is_told_to_ask_again_when_names_may_resolve_elsewhere() -> None:
    made = world()
    jobs(made, max_threads=4, instances=["a"])
    before = made.vars.epoch(name("a"))
    made.apply("other", {"command": ["x"], "background": True, "name": "b"})
    made.settle()
    assert made.vars.epoch(name("a")) > before


def test_slots_that_belong_to_nobody_go_when_a_controller_starts() -> None:
    made = world()
    jobs(made, name="j", num=1)
    made.kill_controller()
    made.vars.slot(name("left"))
    made.start_controller()
    made.settle()
    assert made.vars.known() == [name("j")]
