"""Sockets of HTTP sets and the gate `listening`: S1.2, S5, S7.1."""

from __future__ import annotations

from controller import ports
from controller.core import kinds
from tests.fakes.runtime import Script
from tests.fakes.world import NAMESPACE, World

WEB = kinds.Key(NAMESPACE, "web")
STRANGER = "127.0.0.1:8000 is in use by nginx (pid 7): end it, or listen on another address"


def world(script: Script = Script(listens_after=0.5), **spec: object) -> World:  # noqa: B008 - frozen
    made = World(lambda _start, _count: script)
    made.apply("web", {"command": ["uvicorn", "app:app"], "listen": [8000], **spec})
    return made


def looks(made: World) -> int:
    return sum(isinstance(verb, ports.Look) for verb in made.runtime.verbs)


def opens(made: World) -> list[tuple[str, ...]]:
    return [verb.listen for verb in made.runtime.verbs if isinstance(verb, ports.OpenSockets)]


def test_s7_1_sockets_come_before_the_first_process_and_outlive_all() -> None:
    made = world(listen=[8000, "unix:web.sock"])
    made.run_for(1)
    assert opens(made) == [("127.0.0.1:8000", "unix:web.sock")]
    assert made.status("web")["state"] == "Ready"
    assert made.status("web")["addresses"] == ["http://127.0.0.1:8000", "unix:web.sock"]
    made.runtime.crash(made.run_of(made.live("web")[0]))
    made.run_for(20)
    made.kill_controller()
    made.start_controller()
    made.run_for(20)
    assert len(opens(made)) == 1


def test_s5_ready_when_it_is_seen_to_listen_after_a_few_looks_and_then_none() -> None:
    made = world(Script(listens_after=1.0))
    made.run_for(0.9)
    assert made.status("web")["state"] == "Starting"
    assert made.status("web")["message"] == "it does not listen yet"
    made.run_for(0.3)
    assert made.status("web")["state"] == "Ready"
    seen = looks(made)
    assert seen < 30
    made.run_for(1000)
    assert looks(made) == seen


def test_s5_ready_by_its_own_word() -> None:
    made = world(Script(ready_after=0.2))
    made.run_for(0.3)
    assert made.status("web")["state"] == "Ready"


def test_s5_where_it_cannot_be_seen_its_age_stands_in_and_says_so() -> None:
    made = world(Script(blind=True))
    made.run_for(1.9)
    assert made.status("web")["state"] == "Starting"
    made.run_for(0.2)
    assert made.status("web")["state"] == "Ready"
    expected = "whether it listens cannot be seen from outside: ready because alive for 2s"
    assert made.status("web")["message"] == made.condition("web", "Ready")["message"] == expected


def test_a_server_that_never_listens_is_told_how_to_and_looked_at_ever_more_rarely() -> None:
    made = world(Script())
    made.run_for(12)
    (event,) = made.events("NotListening")
    assert event["message"] == "it does not serve on the socket it was given: add --fd 3"
    assert made.status("web")["state"] == "Starting"
    assert made.status("web")["message"] == event["message"]
    before = looks(made)
    made.run_for(3600)
    assert looks(made) - before < 90
    assert len(made.events("NotListening")) == 1


def test_address_in_use_by_a_stranger_waits_and_is_tried_again() -> None:
    made = world()
    made.runtime.bound.taken["127.0.0.1:8000"] = STRANGER
    made.run_for(5)
    assert made.live("web") == []
    condition = made.condition("web", "Waiting")
    assert (condition["status"], condition["reason"], condition["message"]) == (
        "True",
        "AddressInUse",
        STRANGER,
    )
    assert made.status("web")["state"] == "Waiting"
    assert [event["message"] for event in made.events("AddressInUse")] == [STRANGER]
    assert 3 <= len(opens(made)) <= 8
    version = made.get("web")["metadata"]["resourceVersion"]
    made.run_for(120)
    assert len(opens(made)) <= 18
    assert made.get("web")["metadata"]["resourceVersion"] == version
    made.runtime.bound.taken.clear()
    made.run_for(20)
    assert made.status("web")["state"] == "Ready"


def test_what_cannot_be_bound_has_a_reason_of_its_own() -> None:
    made = world(listen=[80])
    made.runtime.bound.taken["127.0.0.1:80"] = "not allowed to bind 127.0.0.1:80"
    made.run_for(1)
    assert made.condition("web", "Waiting")["reason"] == "CannotListen"
    assert made.events("CannotListen")


def test_s7_1_sockets_are_closed_when_the_last_process_is_gone() -> None:
    made = world(Script(listens_after=0.1, stop_seconds=3.0))
    made.run_for(5)
    made.edit("web", suspend=True)
    made.run_for(1)
    assert made.runtime.sockets(WEB)
    made.run_for(5)
    assert made.runtime.sockets(WEB) == ()
    assert "addresses" not in made.status("web")
    made.edit("web", suspend=None)
    made.run_for(1)
    assert made.status("web")["state"] == "Ready"
    made.delete("web")
    made.run_for(5)
    assert made.runtime.sockets(WEB) == ()
    assert made.find("web") is None


def test_s7_1_a_changed_list_keeps_what_an_older_template_was_given_until_it_is_gone() -> None:
    made = world(Script(listens_after=0.5, stop_seconds=1.0), num=2)
    made.run_for(5)
    made.edit("web", listen=[8000, 8001])
    made.run_for(1)
    made.edit("web", listen=[8001])
    made.run_for(0.2)
    assert {one.address for one in made.runtime.sockets(WEB)} == {"127.0.0.1:8000", "127.0.0.1:8001"}
    made.run_for(20)
    assert [one.address for one in made.runtime.sockets(WEB)] == ["127.0.0.1:8001"]
    assert made.status("web")["state"] == "Ready"


def test_s7_1_the_old_ones_serve_while_a_new_address_cannot_be_bound() -> None:
    made = world()
    made.run_for(5)
    before = made.live("web")
    made.runtime.bound.taken["127.0.0.1:9000"] = STRANGER
    made.edit("web", listen=[9000])
    made.run_for(30)
    assert made.live("web") == before
    assert made.condition("web", "Waiting")["reason"] == "AddressInUse"
    assert made.status("web")["addresses"] == ["http://127.0.0.1:8000"]
    made.runtime.bound.taken.clear()
    made.run_for(30)
    assert made.live("web") != before
    assert made.status("web")["addresses"] == ["http://127.0.0.1:9000"]


def test_s1_2_an_address_moves_from_one_set_to_another_without_two_holders() -> None:
    made = world()
    made.run_for(5)
    made.apply("new", {"command": ["uvicorn"], "listen": ["0.0.0.0:8000"]})
    made.run_for(5)
    condition = made.condition("new", "Waiting")
    assert (condition["reason"], condition["message"]) == (
        "Conflict",
        "address 127.0.0.1:8000 is held by: default/web",
    )
    made.edit("web", listen=[8001])
    made.run_for(10)
    assert made.status("web")["addresses"] == ["http://127.0.0.1:8001"]
    assert made.status("new")["addresses"] == ["http://0.0.0.0:8000"]
    assert not made.events("AddressInUse")


def test_s7_1_a_worker_that_binds_what_is_held_for_it_gets_a_hint() -> None:
    lines = ("ERROR: [Errno 98] error while attempting to bind ('127.0.0.1', 8000): address already in use",)
    made = world(Script(exit_after=0.3, exit_code=1, lines=lines))
    made.run_for(3)
    hint = f"{made.pods()[0]} tried to bind 127.0.0.1:8000, which workerset holds for it: add --fd 3"
    assert hint in made.condition("web", "Degraded")["message"]
    assert hint in made.events("Crashed")[0]["message"]


def test_sockets_that_went_with_the_shim_are_bound_again() -> None:
    made = world()
    made.run_for(5)
    made.runtime.forget_everything()
    made.run_for(5)
    assert made.status("web")["state"] == "Ready"
    assert made.runtime.sockets(WEB)[0].bound


def test_a_set_nobody_declares_any_more_lets_its_sockets_go() -> None:
    made = world()
    made.run_for(5)
    made.kill_controller()
    made.store.inner.delete(kinds.WORKERSETS, WEB)
    made.start_controller()
    made.run_for(5)
    assert made.runtime.sockets(WEB) == ()
    assert made.runtime.keys() == ()
