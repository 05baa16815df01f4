"""Exits, pace, giving up, one-shots: S4.1–S4.5a through the whole engine, in virtual time."""

from __future__ import annotations

from typing import Any

import pytest

from controller import ports
from controller.core import kinds, steps
from tests.fakes.runtime import Script
from tests.fakes.world import NAMESPACE, World

WEB = kinds.Key(NAMESPACE, "web")


def world(script: Script | list[Script], **spec: Any) -> World:
    """A world with one set `web` whose runs follow the scripts, the last one for ever."""
    scripts = script if isinstance(script, list) else [script]
    made = World(lambda _start, count: scripts[min(count, len(scripts) - 1)])
    made.apply("web", {"command": ["x"], **spec})
    made.settle()
    return made


def starts(made: World) -> list[float]:
    """When processes came to be."""
    return made.runtime.start_times


def test_s4_1_exit_0_is_a_cooperative_restart() -> None:
    made = world(Script(exit_after=5))
    made.run_for(16)
    assert [round(at - 1000, 3) for at in starts(made)] == [0, 5, 10, 15]
    assert made.status("web")["state"] in ("Starting", "Ready")
    assert made.condition("web", "Degraded")["status"] == "False"


def test_s4_2_the_pace_of_a_crash_loop() -> None:
    made = world(Script(exit_after=0, exit_code=1), max_consecutive_failures=-1)
    made.run_for(4)
    gaps = [b - a for a, b in zip(starts(made), starts(made)[1:], strict=False)]
    assert gaps[:6] == pytest.approx([0, 0.1, 0.4, 0.9, 1, 1], abs=1e-6)


def test_s4_2_exit_0_at_once_does_not_loop_hot() -> None:
    made = world(Script(exit_after=0))
    made.run_for(60)
    assert len(starts(made)) < 65
    assert "for a one-off use restart: on_failure" in made.pod("web-0")["status"]["message"]


def test_s4_1_exit_0_before_ready_is_a_boot_failure() -> None:
    made = world(Script(exit_after=0.2), ready_when="notify", max_consecutive_failures=1, retry_after="0s")
    made.run_for(10)
    assert made.status("web")["state"] == "Failed"
    assert made.status("web")["message"].startswith("exit 0 after 0.2s, before it was ready, 2nd time")


def test_s4_4_ten_seconds_of_ready_forget_the_failures() -> None:
    crash_weekly = Script(exit_after=12, exit_code=1)
    made = world(crash_weekly, max_consecutive_failures=1)
    made.run_for(300)
    assert made.status("web")["restarts"] >= 20
    assert made.events("GivenUp") == []
    assert made.events("Crashed")[0]["count"] >= 20


def test_s4_5_failure_max_plus_one_gives_up_loudly() -> None:
    made = world(Script(exit_after=0.3, exit_code=1, lines=("oh no",)), max_consecutive_failures=2)
    made.run_for(5)
    status = made.status("web")
    assert len(starts(made)) == 3
    assert status["state"] == "Failed"
    assert status["message"] == "exit 1 after 0.3s, 3rd time: oh no; next try in 30s"
    assert made.condition("web", "GivenUp")["reason"] == "TooManyFailures"
    assert made.condition("web", "Ready")["status"] == "False"
    assert made.pod("web-0")["status"]["phase"] == "Failed"
    assert made.events("GivenUp")[0]["message"] == status["message"]


def test_s4_5_given_up_is_tried_again_every_retry_after() -> None:
    made = world(
        [Script(exit_after=0, exit_code=1)] * 3 + [Script()], max_consecutive_failures=1, retry_after="20s"
    )
    made.run_for(15)
    assert len(starts(made)) == 2
    made.run_for(10)
    assert len(starts(made)) == 3
    assert made.status("web")["state"] == "Failed", "one more failure, and it rests again"
    made.run_for(60)
    assert made.status("web")["state"] == "Ready"
    assert made.events("Recovered") != []
    assert made.next_at() is None


@pytest.mark.parametrize("change", ["spec", "restart", "pod"])
def test_s4_5_given_up_is_tried_at_once_on_a_change(change: str) -> None:
    made = world(
        [Script(exit_after=0, exit_code=1), Script(exit_after=0, exit_code=1), Script()],
        max_consecutive_failures=1,
        retry_after="0s",
    )
    made.run_for(100)
    assert made.status("web")["state"] == "Failed"
    if change == "spec":
        made.edit("web", max_consecutive_failures=3)
    elif change == "restart":
        made.annotate_restart("web", "now")
    else:
        made.delete_pod("web-0")
    made.run_for(20)
    assert made.status("web")["state"] == "Ready"


def test_s4_5a_a_crash_is_replaced_without_the_controller() -> None:
    made = world(Script())
    made.run_for(20)
    first = made.run_of("web-0")
    made.kill_controller()
    made.runtime.crash(first)
    made.runtime.play()
    second = made.run_of("web-0")
    assert second != first
    made.start_controller()
    made.settle()
    assert made.run_of("web-0") == second, "adopted"
    assert made.status("web")["restarts"] == 1
    assert made.runtime.processes(WEB)[0].run == second


def identity(made: World) -> tuple[str, str]:
    meta = made.pod("web-0")["metadata"]
    return meta["uid"], meta["creationTimestamp"]


def test_s1_10_a_pod_keeps_uid_and_age_when_the_controller_is_killed() -> None:
    made = world(Script())
    made.run_for(50)
    first = identity(made)
    assert first[1] == "2023-11-14T22:13:20Z"
    for _ in range(2):  # at first no run has ended, then one has, and the Pod is the same
        made.kill_controller()
        made.clock.advance(100)
        made.start_controller()
        made.settle()
        assert identity(made) == first
        made.runtime.crash(made.run_of("web-0"))
        made.run_for(20)
        assert identity(made) == first
    made.annotate_restart("web", "2024-01-01T00:00:00Z")
    made.run_for(20)
    assert identity(made) != first


def test_s4_5a_a_second_crash_waits_for_the_controller() -> None:
    made = world(Script())
    made.run_for(20)
    made.kill_controller()
    made.runtime.crash(made.run_of("web-0"))
    made.runtime.play()
    made.runtime.crash(made.run_of("web-0"))
    made.runtime.play()
    assert made.live("web") == []
    made.start_controller()
    made.run_for(0.2)
    assert made.live("web") == ["web-0"]
    assert made.status("web")["restarts"] == 2


def test_s4_5a_a_ticket_is_renewed_after_recovery() -> None:
    made = world(Script())
    made.run_for(5)
    made.runtime.crash(made.run_of("web-0"))
    made.run_for(5)
    assert made.runtime.live()[0].ticket is None
    made.run_for(10)
    assert made.runtime.live()[0].ticket is not None


@pytest.mark.parametrize(
    "change",
    [{"restart": "never"}, {"max_consecutive_failures": 0}, {"suspend": True}, {"env_files": ["missing"]}],
    ids=str,
)
def test_s4_5a_a_ticket_is_taken_back_when_the_next_run_is_not_free_any_more(change: dict[str, Any]) -> None:
    made = world(Script(stop_seconds=5))
    made.run_for(20)
    assert made.runtime.live()[0].ticket is not None
    made.edit("web", **change)
    made.settle()
    (live,) = made.runtime.live()
    assert live.ticket is None
    made.kill_controller()
    made.runtime.crash(live.run)
    made.runtime.play()
    assert made.live("web") == []


def test_s4_5a_a_ticket_follows_the_restart_policy() -> None:
    made = world(Script())
    made.run_for(20)
    (live,) = made.runtime.live()
    assert live.ticket_on_success
    made.edit("web", restart="on_failure")
    made.settle()
    (again,) = made.runtime.live()
    assert (again.ticket, again.ticket_on_success) == (live.ticket, False)
    made.runtime.crash(live.run, code=0)
    made.settle()
    assert made.live("web") == []
    assert made.status("web")["state"] == "Completed"


def test_a_start_that_fails_is_a_failure_with_its_sentence() -> None:
    made = world(Script(error="command not found: jbos"), max_consecutive_failures=0)
    made.run_for(1)
    assert made.status("web")["message"] == "command not found: jbos; next try in 30s"
    assert (
        made.pod("web-0")["status"]["containerStatuses"][0]["state"]["terminated"]["reason"] == "StartError"
    )


def test_a_one_shot_runs_once_and_again_only_for_a_new_template() -> None:
    made = world(Script(exit_after=2), restart="on_failure", ready_when="completed")
    made.run_for(60)
    assert len(starts(made)) == 1
    assert made.status("web")["state"] == "Completed"
    assert made.condition("web", "Ready")["status"] == "True"
    assert made.pod("web-0")["status"]["phase"] == "Succeeded"
    made.kill_controller()
    made.start_controller()
    made.edit("web", retry_after="5s")
    made.edit("web", suspend=True)
    made.run_for(5)
    made.edit("web", suspend=None)
    made.run_for(60)
    assert len(starts(made)) == 1
    made.edit("web", command=["y"])
    made.run_for(60)
    assert len(starts(made)) == 2


def test_a_one_shot_that_fails_is_retried_or_not_by_its_policy() -> None:
    retried = world([Script(exit_after=1, exit_code=1), Script(exit_after=1)], restart="on_failure")
    retried.run_for(10)
    assert retried.status("web")["state"] == "Completed"
    never = world(Script(exit_after=1, exit_code=1), restart="never")
    never.run_for(300)
    assert len(starts(never)) == 1
    assert never.condition("web", "GivenUp")["reason"] == "NeverRestarted"
    assert never.next_at() is None


def test_exits_are_counted_once_though_the_controller_dies_before_it_acknowledges() -> None:
    made = world(Script(), max_consecutive_failures=-1)
    made.run_for(20)
    acknowledge = made.runtime.submit
    made.runtime.submit = lambda verbs: acknowledge(  # type: ignore[method-assign]
        [verb for verb in verbs if not isinstance(verb, ports.Acknowledge)]
    )
    made.runtime.crash(made.run_of("web-0"))
    made.settle()
    made.kill_controller()
    made.runtime.submit = acknowledge  # type: ignore[method-assign]
    made.start_controller()
    made.settle()
    assert made.status("web")["restarts"] == 1
    assert all(one.exit is None for one in made.runtime.processes(WEB))


def test_s4_10_of_several_that_hold_up_a_pool_each_is_waited_for_and_nothing_is_done_in_between() -> None:
    """One's time is over, the next one's is not yet: the engine sleeps until then."""

    def first_runs_are_ready(_start: ports.StartRun, count: int) -> Script:
        return Script(ready_after=0.0) if count == 0 else Script()

    made = World(first_runs_are_ready)
    made.apply("web", {"command": ["x"], "num": 4, "ready_when": "notify"})
    made.run_for(5)
    made.edit("web", args=["y"])
    for worker in ("web-1", "web-2"):
        made.run_for(1)
        made.runtime.crash(made.run_of(worker))
    made.run_for(steps.SETTLE_SECONDS + 1)
    assert len({one.template_hash for one in made.runtime.live()}) == 1
