"""Verbs go out before the writes that do not make them true; what is answered at once is written once."""

from __future__ import annotations

from collections.abc import Sequence

from controller import ports
from controller.core import kinds, runs
from controller.engine import holding
from tests.fakes.clock import FakeClock
from tests.fakes.runtime import Script
from tests.fakes.world import NAMESPACE, World

WEB = kinds.Key(NAMESPACE, "web")


def world(script: Script = Script(), **spec: object) -> World:  # noqa: B008 - frozen
    made = World(lambda _start, _count: script)
    made.apply("web", {"command": ["x"], **spec})
    return made


def records_at(made: World, kind: type[ports.Verb]) -> list[tuple[str, int]]:
    """How many records there are whenever a verb of this kind is sent, from now on."""
    seen: list[tuple[str, int]] = []
    submit = made.runtime.submit

    def noting(verbs: Sequence[ports.Verb]) -> None:
        known = len(made.store.record(NAMESPACE, "web"))
        seen.extend((verb.ref.worker, known) for verb in verbs if isinstance(verb, kind))
        submit(verbs)

    made.runtime.submit = noting  # type: ignore[method-assign]
    return seen


def test_s4_an_exit_is_recorded_before_it_is_acknowledged() -> None:
    made = world(Script(exit_after=5, exit_code=1))
    seen = records_at(made, ports.Acknowledge)
    made.run_for(6)
    assert seen[0] == ("web-0", 1)


def test_a_start_does_not_wait_for_the_store() -> None:
    made = world()
    before = made.store.version()
    made.engine.step()
    assert len(made.runtime.live()) == 1
    assert made.store.version() == before


def test_what_is_answered_at_once_is_written_once_with_the_answer() -> None:
    made = world()
    made.settle()
    assert made.status("web")["replicas"] == 1
    assert made.pod("web-0")["metadata"]["annotations"][kinds.ANNOTATION_PID] == "101"
    (started,) = made.events("Started")
    assert (started["message"], started["count"]) == ("started web-0", 1)


def test_an_answer_that_does_not_come_is_not_awaited_for_long() -> None:
    made = world(Script(start_delay=30))
    made.settle()
    assert made.pods() == []
    made.run_for(made.settings.hold_seconds)
    assert made.pod("web-0")["status"]["phase"] == "Pending"
    assert made.status("web")["state"] == "Starting"
    assert [event["count"] for event in made.events("Started")] == [1]


def test_who_stops_one_worker_sees_it_stopping_at_once() -> None:
    made = world(Script(stop_seconds=3), num=2)
    made.run_for(20)
    made.edit("web", num=1)
    made.settle()
    assert made.pod("web-1")["status"]["reason"] == "Stopping"


def test_the_end_of_all_is_written_once_workers_have_ended() -> None:
    made = world(Script(stop_seconds=0.2))
    made.run_for(20)
    before = made.get("web")
    made.engine.halt(None)
    made.run_for(0.1)
    assert made.get("web") == before
    made.run_for(0.2)
    assert made.status("web")["replicas"] == 0
    assert made.pods() == []


def test_the_end_shows_who_is_slow() -> None:
    made = world(Script(stop_seconds=20))
    made.run_for(20)
    made.engine.halt(None)
    made.run_for(made.settings.hold_seconds)
    assert made.pod("web-0")["status"]["reason"] == "Stopping"


def test_the_answers_to_many_starts_are_looked_at_together() -> None:
    made = World(lambda start, _count: Script(start_delay=0.05 if start.ref.workerset == "set-7" else 0.0))
    for number in range(200):
        made.apply(f"set-{number}", {"command": ["x"]})
    made.settle()
    assert made.pods() == [], "answers are there and not looked at yet"
    made.run_for(0.05)
    assert len(made.pods()) == 200, "the last one is there"


def test_a_start_that_is_not_answered_holds_up_the_news_of_others_for_half_a_second() -> None:
    made = World(lambda start, _count: Script(start_delay=30.0 if start.ref.workerset == "set-7" else 0.0))
    for number in range(200):
        made.apply(f"set-{number}", {"command": ["x"]})
    made.run_for(0.49)
    assert made.pods() == []
    made.run_for(0.02)
    assert len(made.pods()) == 199


def test_news_of_sets_that_are_not_among_them_is_not_held_up() -> None:
    slow = Script(start_delay=30.0)
    made = World(lambda start, _count: slow if start.ref.workerset == "set-7" else Script(exit_after=5.0))
    made.apply("web", {"command": ["x"]})
    made.run_for(4.9)
    for number in range(200):
        made.apply(f"set-{number}", {"command": ["x"]})
    made.run_for(0.2)
    assert made.pods() == ["web-0"]
    assert made.pod("web-0")["status"]["containerStatuses"][0]["restartCount"] == 1


def test_answers_that_keep_coming_are_waited_for_as_long_as_they_do() -> None:
    order = iter(range(200))
    made = World(lambda _start, _count: Script(start_delay=0.005 * next(order)))
    for number in range(200):
        made.apply(f"set-{number}", {"command": ["x"]})
    made.run_for(0.9)
    assert made.pods() == []
    made.run_for(0.2)
    assert len(made.pods()) == 200


def test_a_few_answers_are_not_waited_for_and_many_not_for_long() -> None:
    start = runs.CloseHandle(runs.WorkerRef("a", "b", "c"), "r", 15)
    answers = holding.Answers(FakeClock(), lambda _key: ())
    answers.asked([start] * 99, 10.0)
    assert answers.due(10.0) is None
    answers.asked([start] * 1000, 10.0)
    assert 10.0 < answers.due(10.0) < 10.25
    answers.asked([start] * 1_000_000, 10.0)
    assert answers.due(10.0) == 10.25
    assert answers.due(10.25) is None


def test_what_an_earlier_controller_said_of_processes_that_are_gone_is_corrected_at_once() -> None:
    made = world(Script(start_delay=30), num=2)
    made.run_for(60)
    assert made.status("web")["readyReplicas"] == 2
    made.kill_controller()
    made.runtime.forget_everything()
    made.start_controller()
    made.engine.step()
    assert made.status("web")["readyReplicas"] == 0
    assert made.status("web")["state"] == "Starting"
