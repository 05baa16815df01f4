"""Stops, leftovers, deletion, the end of a namespace and of the controller: S4.6–S4.8."""

from __future__ import annotations

import asyncio

import pytest

from controller import ports
from controller.core import kinds
from controller.engine import control
from tests.fakes.runtime import Script
from tests.fakes.world import NAMESPACE, World

WEB = kinds.Key(NAMESPACE, "web")


def world(script: Script, **spec: object) -> World:
    made = World(lambda _start, _count: script)
    made.apply("web", {"command": ["x"], **spec})
    made.run_for(20)
    return made


def verbs(made: World, kind: type) -> list[ports.Verb]:
    return [verb for verb in made.runtime.verbs if isinstance(verb, kind)]


def test_s4_6_the_handle_is_closed_with_the_signal_for_those_who_do_not_know_it() -> None:
    made = world(Script(), stop_signal="SIGINT")
    made.edit("web", suspend=True)
    made.settle()
    assert [verb.signal for verb in verbs(made, ports.CloseHandle)] == [2]
    made.run_for(1)
    assert made.live("web") == []
    assert made.pods() == []
    assert made.status("web")["state"] == "Suspended"
    assert made.next_at() is None


def test_s4_6_who_ignores_it_is_killed_after_stop_grace() -> None:
    made = world(Script(ignores_stop=True), stop_grace="5s")
    made.edit("web", suspend=True)
    made.run_for(4.9)
    assert made.live("web") == ["web-0"]
    assert verbs(made, ports.Kill) == []
    made.run_for(0.2)
    assert made.live("web") == []
    assert "killed: web-0 (pid" in made.events("Killed")[0]["message"]


def test_s4_6_a_stop_succeeds_only_when_the_leftovers_are_gone() -> None:
    made = world(Script(survivors=2, survivors_stay=True, handle_after=0), stop_grace="5s")
    made.edit("web", suspend=True)
    made.run_for(3)
    assert made.live("web") == []
    assert made.status("web")["message"].endswith("1 worker still to stop, killed after 5s")
    assert made.pods() == ["web-0"]
    made.run_for(3)
    assert made.pods() == []
    assert "killed: 90000 leftover, 90001 leftover" in made.events("Killed")[0]["message"]


def test_s4_6_no_new_run_while_leftovers_of_a_crash_live() -> None:
    made = world(Script(survivors=1, survivors_stay=True), stop_grace="5s")
    made.runtime.crash(made.run_of("web-0"))
    made.run_for(4)
    assert made.live("web") == []
    assert made.events("Leftovers")[0]["type"] == "Warning"
    made.run_for(2)
    assert made.live("web") == ["web-0"]


def test_s4_8_a_commanded_stop_is_never_a_crash() -> None:
    made = world(Script(), max_consecutive_failures=0)
    made.annotate_restart("web", "now")
    made.run_for(20)
    assert made.status("web")["state"] == "Ready"
    assert made.status("web")["restarts"] == 0
    assert made.events("Crashed") == []


def test_s4_8_a_stop_ends_a_backoff_at_once() -> None:
    made = World(lambda _start, _count: Script(exit_after=0, exit_code=1))
    made.apply("web", {"command": ["x"], "max_consecutive_failures": -1})
    made.run_for(2.5)
    assert made.status("web")["state"] == "Backoff"
    made.edit("web", suspend=True)
    made.settle()
    assert made.status("web")["state"] == "Suspended"
    assert made.store.record(NAMESPACE, "web") == {}
    assert made.next_at() is None


def test_a_set_is_gone_only_when_nothing_of_it_lives() -> None:
    made = world(Script(stop_seconds=3), num=2)
    made.delete("web")
    made.run_for(2)
    assert made.status("web")["message"] == "being deleted: 2 workers still to stop, killed after 30s"
    made.run_for(2)
    assert made.find("web") is None
    assert made.pods() == []
    assert made.runtime.processes(WEB) == ()
    assert made.store.list(kinds.REVISIONS)[0] == ()
    assert made.events("Deleted") != []


def test_s4_6_a_delete_with_a_grace_of_its_own_stops_within_that() -> None:
    made = world(Script(ignores_stop=True), num=2, stop_grace="30s")
    made.delete("web", grace=3)
    made.run_for(2.9)
    assert made.live("web") == ["web-0", "web-1"]
    assert made.status("web")["message"] == "being deleted: 2 workers still to stop, killed after 3s"
    made.run_for(0.2)
    assert made.find("web") is None


def test_s4_6_a_delete_without_a_grace_has_that_of_the_set() -> None:
    made = world(Script(ignores_stop=True), stop_grace="1500ms")
    made.delete("web")
    assert made.get("web")["metadata"]["deletionGracePeriodSeconds"] == 2
    made.run_for(1.4)
    assert made.live("web") == ["web-0"]
    made.run_for(0.2)
    assert made.find("web") is None


def test_s4_6_a_longer_grace_is_given_too() -> None:
    made = world(Script(stop_seconds=8), stop_grace="5s")
    made.delete("web", grace=10)
    made.run_for(9)
    assert made.find("web") is None
    assert made.events("Killed") == []


@pytest.mark.parametrize("grace", [0, 1])
def test_s4_6_another_delete_with_less_grace_hurries_and_one_with_more_does_not_slow(grace: int) -> None:
    made = world(Script(ignores_stop=True))
    made.delete("web", grace=20)
    made.run_for(2)
    made.delete("web", grace=grace)
    made.delete("web", grace=25)
    made.settle()
    assert made.find("web") is None


def test_s4_6_a_deleted_worker_is_stopped_within_the_grace_of_its_delete() -> None:
    made = world(Script(ignores_stop=True), num=2)
    assert made.pod("web-0")["spec"]["terminationGracePeriodSeconds"] == 30
    kept, ended = made.run_of("web-1"), made.run_of("web-0")
    made.delete_pod("web-0", grace=4)
    made.run_for(3.9)
    assert made.run_of("web-0") == ended
    made.delete_pod("web-0", grace=0)
    made.run_for(0.1)
    assert made.run_of("web-0") != ended
    assert made.run_of("web-1") == kept
    made.run_for(20)
    made.delete_pod("web-0")
    made.run_for(29)
    assert made.pod("web-0")["metadata"]["deletionGracePeriodSeconds"] == 30


def test_a_namespace_hands_its_grace_on() -> None:
    made = World(lambda _start, _count: Script(ignores_stop=True))
    made.store.create(
        kinds.NAMESPACES,
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "uid": "u"}},
    )
    made.apply("web", {"command": ["x"]}, namespace="shop")
    made.run_for(5)
    made.delete_namespace("shop")
    made.run_for(5)
    assert made.runtime.live() != []
    made.delete_namespace("shop", grace=0)
    made.settle()
    assert made.store.find(kinds.NAMESPACES, kinds.Key("", "shop")) is None


def test_s1_9_a_set_scaled_to_nothing_is_idle_only_when_its_last_worker_is_gone() -> None:
    made = world(Script(stop_seconds=5), background=True, name="web", num=2)
    made.edit("web", num=1)
    made.run_for(1)
    left = "1 worker still to stop, killed after 30s"
    assert (made.status("web")["state"], made.status("web")["message"]) == ("Ready", left)
    made.run_for(20)
    made.edit("web", num=0)
    made.run_for(1)
    assert (made.status("web")["state"], made.status("web")["message"]) == ("Waiting", left)
    ready = made.condition("web", "Ready")
    assert (ready["status"], ready["reason"]) == ("True", "Stopping")
    made.run_for(5)
    assert (made.status("web")["state"], made.pods()) == ("Lazy", [])


def test_what_nobody_declares_is_stopped() -> None:
    made = world(Script(), num=2)
    made.kill_controller()
    made.store.inner.delete(kinds.WORKERSETS, WEB)
    made.start_controller()
    made.run_for(1)
    assert made.runtime.keys() == ()


def test_a_namespace_ends_after_its_workers() -> None:
    made = World(lambda _start, _count: Script(stop_seconds=2))
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "uid": "u"}}
    stored = made.store.create(kinds.NAMESPACES, space)
    made.apply("web", {"command": ["x"]}, namespace="shop")
    made.run_for(5)
    marked = {**stored["metadata"], "deletionTimestamp": "2024-01-01T00:00:00Z"}
    made.store.update(kinds.NAMESPACES, {**stored, "metadata": marked})
    made.run_for(1)
    assert made.store.find(kinds.NAMESPACES, kinds.Key("", "shop")) is not None
    made.run_for(5)
    assert made.store.find(kinds.NAMESPACES, kinds.Key("", "shop")) is None
    for resource in (kinds.WORKERSETS, kinds.PODS, kinds.EVENTS, kinds.REVISIONS):
        assert made.store.list(resource, "shop")[0] == ()


def test_the_end_of_the_controller_stops_all_and_keeps_the_declarations() -> None:
    made = world(Script(ignores_stop=True), num=2)
    assert drain(made, None)[-1]["killed"] == 2
    assert made.status("web")["state"] == "Waiting"
    made.kill_controller()
    made.start_controller()
    made.run_for(5)
    assert made.live("web") == ["web-0", "web-1"]


def test_a_second_end_with_less_grace_hurries() -> None:
    made = world(Script(ignores_stop=True), num=2)
    made.engine.halt(None)
    made.run_for(1)
    made.engine.halt(0)
    made.settle()
    assert made.live("web") == []


def drain(made: World, grace: float | None) -> list[dict[str, object]]:
    """Follow a shutdown while virtual time goes on."""
    ends = control.EngineControl(made.engine, made.store, made.runtime, made.clock)

    async def follow() -> list[dict[str, object]]:
        seen: list[dict[str, object]] = []
        asyncio.get_running_loop().call_soon(made.run_for, 31)
        async for item in ends.shutdown(grace):
            seen.append(dict(item))
            asyncio.get_running_loop().call_soon(made.run_for, 31)
        return seen

    return asyncio.run(follow())


def test_the_end_tells_who_is_still_there() -> None:
    made = world(Script(stop_seconds=5), num=2)
    items = drain(made, None)
    remaining = items[0]["remaining"]
    assert isinstance(remaining, list)
    assert [entry["worker"] for entry in remaining] == ["web-0", "web-1"]
    assert remaining[0]["secondsLeft"] == 30.0
    last = items[-1]
    assert (last["done"], last["stopped"], last["killed"], last["survivors"]) == (True, 2, 0, [])
