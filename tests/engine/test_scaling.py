"""Autoscaling through the whole controller, with scripted traffic (S7.3, S7.4)."""

from __future__ import annotations

from typing import Any

from controller import ports
from controller.core import kinds, scaling
from tests.fakes.runtime import Script
from tests.fakes.world import World

WEB = kinds.Key("default", "web")
SPEC: dict[str, Any] = {"command": ["serve"], "listen": ["127.0.0.1:8000"], "num": 1, "max_threads": 4}


def listens(_start: ports.StartRun, _count: int) -> Script:
    return Script(listens_after=0.0)


def world(max_processes: int | None = None, **spec: Any) -> World:
    made = World(listens, max_processes=max_processes)
    made.apply("web", {**SPEC, **spec})
    made.run_for(5)
    return made


def press(made: World, seconds: float = 0.3, **seen: int) -> None:
    """Samples as the shim takes them."""
    for _ in range(round(seconds / 0.05)):
        made.traffic.say(WEB, **seen)
        made.run_for(0.05)


def messages(made: World, reason: str) -> list[str]:
    return [event["message"] for event in made.events(reason)]


def test_s7_3_work_that_waits_starts_one_more_and_says_why() -> None:
    made = world()
    press(made, queue=4)
    assert len(made.live("web")) == 2
    assert messages(made, "ScaledUp") == ["1 to 2: work has waited for 0.1s, 4 in the queue"]
    made.run_for(3)
    status = made.status("web")
    assert status["scaling"] == {
        "target": 2,
        "least": 1,
        "most": 4,
        "message": "1 to 2: work has waited for 0.1s, 4 in the queue",
    }
    assert (status["state"], status["readyReplicas"]) == ("Ready", 2)


def test_s7_3_up_to_max_threads_and_no_further() -> None:
    made = world()
    for _ in range(10):
        press(made, 2.0, queue=4)
    assert len(made.live("web")) == 4
    assert messages(made, "ScalingHeld") == ["work waits, and 4 is not raised: max_threads"]


def test_s7_3_not_while_the_processors_are_busy() -> None:
    made = world()
    made.traffic.busy = 0.97
    press(made, 10.0, queue=4)
    assert len(made.live("web")) == 1
    assert "the processors are busy" in messages(made, "ScalingHeld")[0]
    assert "the processors are busy" in made.status("web")["scaling"]["message"]


def test_s7_3_down_when_nobody_comes_with_nothing_sampled() -> None:
    made = world()
    press(made, queue=4)
    press(made, 3.0)
    made.traffic.quiet(WEB)
    made.run_for(scaling.SPARE_SECONDS + 15)
    assert len(made.live("web")) == 1
    assert messages(made, "ScaledDown") == ["2 to 1: one fewer has been enough for a while"]
    assert made.next_at() is None or made.next_at() > made.clock.monotonic() + 60  # type: ignore[operator]


def test_s1_8_without_max_threads_above_num_nothing_is_followed() -> None:
    for spec in ({"max_threads": None}, {"num": 4}, {"num": 0}):
        made = World(listens)
        made.apply("web", {name: value for name, value in {**SPEC, **spec}.items() if value is not None})
        made.run_for(5)
        assert made.traffic.followed == set()
        assert "scaling" not in made.status("web")


def test_s7_3_a_set_that_is_stopped_or_deleted_is_no_longer_followed() -> None:
    made = world()
    press(made, queue=4)
    assert made.traffic.followed == {WEB}
    made.edit("web", suspend=True)
    made.run_for(15)
    assert made.traffic.followed == set()
    made.edit("web", suspend=None)
    made.run_for(5)
    assert len(made.live("web")) == 1
    made.delete("web")
    made.run_for(60)
    assert made.traffic.followed == set()


def test_s4_a_restarted_controller_goes_on_with_the_target() -> None:
    made = world()
    press(made, queue=4)
    made.run_for(3)
    made.kill_controller()
    made.start_controller()
    made.run_for(3)
    assert len(made.live("web")) == 2
    assert made.traffic.followed == {WEB}
    made.traffic.quiet(WEB)
    made.run_for(scaling.SPARE_SECONDS + 15)
    assert len(made.live("web")) == 1


def test_a_set_that_is_made_anew_begins_anew() -> None:
    made = world()
    press(made, queue=4)
    made.run_for(3)
    made.delete("web")
    made.run_for(60)
    made.apply("web", SPEC)
    made.run_for(5)
    assert len(made.live("web")) == 1


def test_s7_2_a_rollout_keeps_the_number_and_is_not_disturbed() -> None:
    made = world(max_threads=3)
    press(made, queue=4)
    made.run_for(3)
    made.edit("web", command=["serve", "--new"])
    press(made, 1.0, queue=4)
    made.run_for(60)
    assert len(made.live("web")) == 2
    assert made.status("web")["updatedReplicas"] == 2


def test_num_and_max_threads_move_the_bounds() -> None:
    made = world()
    press(made, queue=4)
    made.run_for(3)
    made.edit("web", num=3)
    made.run_for(10)
    assert len(made.live("web")) == 3
    made.edit("web", num=1, max_threads=2)
    made.run_for(60)
    assert len(made.live("web")) == 2


def test_s7_4_scaling_never_takes_what_lazy_names_may_need() -> None:
    made = World(listens, max_processes=5)
    made.apply("jobs", {"command": ["job"], "background": True, "max_threads": 3})
    made.apply("web", SPEC)
    made.run_for(5)
    for _ in range(6):
        press(made, 2.0, queue=4)
    assert len(made.live("web")) == 2
    assert "max_processes leaves no room" in messages(made, "ScalingHeld")[0]
    for name in ("a", "b", "c"):
        made.ensure("jobs", name)
    made.run_for(5)
    assert len(made.live("jobs")) == 3


def test_s7_4_a_new_set_gets_back_what_scaling_has_taken() -> None:
    made = world(max_processes=4)
    for _ in range(6):
        press(made, 2.0, queue=4)
    assert len(made.live("web")) == 4
    made.apply("mail", {"command": ["mail"], "background": True, "name": "mail", "num": 2})
    made.run_for(40)
    assert (len(made.live("web")), len(made.live("mail"))) == (2, 2)
    assert messages(made, "ScaledDown") == ["4 to 2: max_processes leaves no room for more"]
