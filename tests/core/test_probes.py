"""The state machine of probes and their schedule (S1): Kubernetes' thresholds, by example and by property."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core import kinds, probes, probing, runs
from controller.core.probes import Probe, Probes, Result, Role

KEY = kinds.Key("default", "web")
GOOD, BAD, UNKNOWN = Result(True, "fine"), Result(False, "refused"), Result(None)


def target(asked: Probes, run: str = "r1", started_at: float = 100.0) -> probing.Target:
    return probing.Target(runs.WorkerRef("default", "web", "web-0"), run, started_at, asked)


class Play:
    """A schedule in virtual time; `answer` is asked for each check."""

    def __init__(self, asked: Probes, started_at: float = 100.0) -> None:
        self.schedule = probing.Schedule()
        self.now = started_at
        self.times: dict[Role, list[float]] = {role: [] for role in Role}
        self.answers: dict[Role, Result] = dict.fromkeys(Role, GOOD)
        self.changes = 0
        self.schedule.follow(KEY, [target(asked, started_at=started_at)], started_at)

    def run_until(self, until: float) -> probes.Health:
        while (at := self.schedule.next_at()) is not None and at <= until:
            self.now = max(self.now, at)
            for check in self.schedule.due(self.now):
                self.times[check.role].append(self.now)
                self.changes += self.schedule.settle(check, self.answers[check.role], self.now) is not None
        self.now = until
        return self.health

    @property
    def health(self) -> probes.Health:
        return self.schedule.levels(KEY)["r1"]


def test_readiness_passes_as_soon_as_it_can_and_then_once_a_period() -> None:
    play = Play(Probes(readiness=Probe(port=1)))
    play.answers[Role.READINESS] = BAD
    assert play.run_until(102.0).passing is None
    play.answers[Role.READINESS] = GOOD
    assert play.run_until(102.5).passing
    assert len(play.times[Role.READINESS]) < 40
    before = len(play.times[Role.READINESS])
    play.run_until(200.0)
    assert play.times[Role.READINESS][before:] == [110.0 + 10 * n for n in range(10)]


def test_readiness_is_lost_at_its_threshold_and_kills_nothing() -> None:
    play = Play(Probes(readiness=Probe(port=1)))
    assert play.run_until(101).passing
    play.answers[Role.READINESS] = BAD
    assert play.run_until(129.9).passing
    answer = play.health.answer(Role.READINESS)
    assert answer is not None
    assert answer.sentence == "Readiness probe failed: refused"
    assert play.run_until(130).passing is False
    assert play.run_until(1000).failed == ""
    play.answers[Role.READINESS] = GOOD
    assert play.run_until(1010).passing


def test_success_threshold_counts_passes_in_a_row() -> None:
    play = Play(Probes(readiness=Probe(port=1, success_threshold=3, initial_delay_seconds=5)))
    assert play.run_until(104.9).passing is None
    assert play.times[Role.READINESS] == []
    play.run_until(105)
    assert play.health.passing is None
    assert play.run_until(110).passing
    assert len(play.times[Role.READINESS]) == 3


def test_liveness_fails_at_its_threshold_and_is_not_asked_again() -> None:
    play = Play(Probes(liveness=Probe(path="/", port=1, period_seconds=5)))
    play.answers[Role.LIVENESS] = BAD
    assert play.run_until(114.9).failed == ""
    assert play.run_until(115).failed == "Liveness probe failed: refused"
    play.run_until(1000)
    assert play.times[Role.LIVENESS] == [105.0, 110.0, 115.0]
    assert not play.health.proven


def test_liveness_and_readiness_wait_for_startup() -> None:
    asked = Probes(Probe(port=1, failure_threshold=30), Probe(port=2), Probe(port=3, period_seconds=2))
    play = Play(asked)
    play.answers[Role.STARTUP] = BAD
    play.run_until(160)
    assert (play.times[Role.READINESS], play.times[Role.LIVENESS]) == ([], [])
    assert play.health.passing is None
    play.answers[Role.STARTUP] = GOOD
    play.run_until(200)
    passed = play.times[Role.STARTUP][-1]
    assert play.times[Role.READINESS][0] == passed
    assert play.times[Role.LIVENESS][0] == passed + 2
    assert play.health.passing
    assert [at for at in play.times[Role.STARTUP] if at > passed] == []


def test_startup_kills_after_threshold_times_period_and_not_before() -> None:
    play = Play(Probes(startup=Probe(port=1, failure_threshold=2, period_seconds=5)))
    play.answers[Role.STARTUP] = BAD
    assert play.run_until(109.9).failed == ""
    assert play.run_until(110).failed == "Startup probe failed: refused"
    assert play.health.passing is False


def test_a_command_is_looked_at_less_often() -> None:
    counts = []
    for asked in (Probe(port=1), Probe(command=("true",))):
        play = Play(Probes(readiness=asked))
        play.answers[Role.READINESS] = BAD
        play.run_until(105)
        counts.append(len(play.times[Role.READINESS]))
    assert counts[1] < counts[0] < 40


def test_what_could_not_be_asked_counts_for_nothing() -> None:
    play = Play(Probes(liveness=Probe(port=1, failure_threshold=1)))
    play.answers[Role.LIVENESS] = UNKNOWN
    assert play.run_until(200) == probes.Health(started=True, ready=True, was_ready=True)
    play.answers[Role.LIVENESS] = BAD
    assert play.run_until(201.1).failed


def test_a_watchdog_fails_at_once_and_is_looked_at_when_it_may_be_late() -> None:
    play = Play(Probes(liveness=Probe(watchdog_seconds=4)))
    play.answers[Role.LIVENESS] = Result(True, "fine", 1.5)
    play.run_until(107.5)
    assert play.times[Role.LIVENESS] == [104.0, 105.5, 107.0]
    play.answers[Role.LIVENESS] = BAD
    assert play.run_until(108.5).failed


def test_levels_stay_the_same_object_while_nothing_new_is_said() -> None:
    play = Play(Probes(readiness=Probe(port=1), liveness=Probe(port=1)))
    play.run_until(111)
    before, changes = play.health, play.changes
    play.run_until(10_000)
    assert play.health is before
    assert play.changes == changes


def test_another_probe_begins_anew_and_late_news_of_the_old_one_is_nothing() -> None:
    asked = Probes(readiness=Probe(port=1), liveness=Probe(port=1))
    play = Play(asked)
    play.run_until(109)
    (check,) = play.schedule.due(110)[:1]
    changed = dataclasses.replace(asked, readiness=Probe(port=2), liveness=Probe(port=2))
    play.schedule.follow(KEY, [target(changed)], 110)
    assert play.schedule.settle(check, BAD, 110) is None
    assert play.health.passing is None
    assert play.run_until(120).passing


def test_who_is_not_followed_is_forgotten() -> None:
    play = Play(Probes(readiness=Probe(port=1)))
    (check,) = play.schedule.due(100)
    play.schedule.follow(KEY, (), 100)
    assert play.schedule.settle(check, GOOD, 101) is None
    assert play.schedule.next_at() is None
    assert play.schedule.levels(KEY) == {}


def test_each_worker_of_a_pool_has_its_own_port() -> None:
    asked = Probes(readiness=Probe(port=9000, private=True), liveness=Probe(port=1))
    assert asked.at(3) == Probes(readiness=Probe(port=9003), liveness=Probe(port=1))
    same = Probes(liveness=Probe(port=1))
    assert same.at(3) is same


ROLES = st.sampled_from(list(Role))
PROBES = st.builds(
    Probe,
    port=st.just(1),
    command=st.sampled_from([(), ("true",)]),
    initial_delay_seconds=st.sampled_from([0.0, 0.5, 7.0]),
    period_seconds=st.sampled_from([0.1, 1.0, 10.0]),
    success_threshold=st.integers(1, 4),
    failure_threshold=st.integers(1, 4),
)
STEPS = st.lists(st.tuples(st.sampled_from([True, False, None]), st.floats(0, 3)), max_size=60)


@given(role=ROLES, probe=PROBES, steps=STEPS)
def test_verdicts_follow_from_counts_and_appointments_lie_ahead(
    role: Role, probe: Probe, steps: list[tuple[bool | None, float]]
) -> None:
    state = probes.begin(role, probe, 100.0, 100.0)
    passes = failures = 0
    verdict: bool | None = None
    for passed, late in steps:
        if state.due == probes.NEVER:
            break
        now = state.due + late
        counted = state.due >= state.counts_at
        after = probes.after(role, probe, state, Result(passed), now)
        after = probes.look_at(role, probe, after, 100.0, now)
        if passed:
            passes, failures = passes + 1, 0
        elif passed is False:
            passes, failures = 0, failures + counted
        if passed and passes >= probe.success_threshold:
            verdict = True
        if passed is False and failures >= probe.failure_threshold:
            verdict = False
        assert (after.passes, after.failures, after.verdict) == (passes, failures, verdict)
        assert after.due >= now
        assert after.counts_at >= state.counts_at
        state = after


@given(probe=PROBES)
def test_nothing_is_killed_before_threshold_times_period(probe: Probe) -> None:
    for role in (Role.STARTUP, Role.LIVENESS):
        asked = Probes(startup=probe) if role is Role.STARTUP else Probes(liveness=probe)
        play = Play(asked)
        play.answers[role] = BAD
        due = 100.0 + probe.initial_delay_seconds + probe.failure_threshold * probe.period_seconds
        assert play.run_until(due - 0.01).failed == ""
        assert play.run_until(due + 0.01).failed


@pytest.mark.parametrize("count", [1000])
def test_appointments_of_those_that_are_gone_do_not_pile_up(count: int) -> None:
    schedule = probing.Schedule()
    asked = Probes(readiness=Probe(port=1, initial_delay_seconds=1000))
    for number in range(count):
        schedule.follow(KEY, [target(asked, f"r{number}")], 100.0)
    schedule.follow(KEY, (), 100.0)
    assert schedule.next_at() is None
