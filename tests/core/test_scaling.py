"""Autoscaling as a state machine (S7.3): its laws, whatever is sampled."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core import scaling
from controller.core.scaling import Pool, Sample, State

STEP = 0.05


class Watched:
    """A pool that is sampled every 50 ms, with the processors at `load`."""

    def __init__(self, target: int = 2, least: int = 1, most: int = 4) -> None:
        self.pool = Pool(least, most, most)
        self.state = State(target)
        self.now = 100.0
        self.load = 0.5
        self._busy = self._total = 0.0

    def sample(self, seconds: float = 0.0, queue: int = 0, in_flight: int = 0) -> State:
        """One sample, or as many as fit into so much time."""
        for _ in range(max(1, round(seconds / STEP))):
            self.now += STEP
            self._busy += self.load
            self._total += 1.0
            seen = Sample(self.now, queue, in_flight, self._busy, self._total)
            self.state = scaling.observe(self.state, seen, self.pool, self.now)
        return self.state

    def reasons(self) -> list[str]:
        return [note.reason for note in self.state.told]


def test_s7_3_up_once_work_has_waited_without_a_break() -> None:
    seen = Watched()
    assert seen.sample(queue=3).target == 2
    assert seen.sample(queue=3).target == 2
    assert seen.sample(queue=3).target == 3
    assert seen.now - 100.0 <= 0.2
    assert seen.state.reason == "2 to 3: work has waited for 0.1s, 3 in the queue"
    assert seen.reasons() == ["ScaledUp"]


def test_s7_3_a_connection_on_its_way_in_has_not_waited() -> None:
    seen = Watched()
    for _ in range(50):
        seen.sample(queue=1)
        seen.sample(queue=0)
    assert seen.state.target == 2


def test_s7_3_samples_that_are_far_apart_are_not_in_a_row() -> None:
    seen = Watched()
    seen.sample(0.1, queue=3)
    seen.now += 3.0
    assert seen.sample(0.1, queue=3).target == 2
    assert seen.sample(queue=3).target == 3


def test_s7_3_up_by_requests_in_flight_where_the_queue_says_nothing() -> None:
    seen = Watched()
    assert seen.sample(1.0, in_flight=2 * scaling.BUSY_REQUESTS - 1).target == 2
    assert seen.sample(0.15, in_flight=2 * scaling.BUSY_REQUESTS).target == 3
    assert "20 requests in flight" in seen.state.reason


def test_s7_3_not_while_the_processors_are_busy_and_that_is_told_once() -> None:
    seen = Watched()
    seen.load = 0.95
    assert seen.sample(5.0, queue=9).target == 2
    assert seen.reasons() == ["ScalingHeld"]
    assert seen.state.held == "the processors are busy with what there is"
    seen.load = 0.5
    assert seen.sample(0.3, queue=9).target == 3


def test_s7_3_one_at_a_time_the_next_when_the_last_is_there() -> None:
    seen = Watched()
    seen.sample(0.15, queue=5)
    seen.pool = dataclasses.replace(seen.pool, whole=False)
    assert seen.sample(3.0, queue=5).target == 3
    seen.pool = dataclasses.replace(seen.pool, whole=True)
    assert seen.sample(scaling.SETTLE_SECONDS, queue=5).target == 3
    assert seen.sample(0.2, queue=5).target == 4


def test_s7_3_down_after_sustained_idleness_one_at_a_time() -> None:
    seen = Watched(target=4)
    assert seen.sample(scaling.SPARE_SECONDS - 1).target == 4
    assert seen.sample(1.1).target == 3
    assert seen.sample(scaling.NEXT_SPARE_SECONDS + 0.1).target == 2
    assert seen.sample(60.0).target == 1
    assert set(seen.reasons()) == {"ScaledDown"}


@pytest.mark.parametrize("needed", [{"queue": 1}, {"in_flight": 3}])
def test_s7_3_what_is_needed_in_between_begins_the_wait_anew(needed: dict[str, int]) -> None:
    seen = Watched(target=4)
    seen.sample(scaling.SPARE_SECONDS - 1)
    seen.sample(**needed)
    assert seen.sample(scaling.SPARE_SECONDS - 1).target == 4


def test_s7_3_without_samples_idleness_goes_on() -> None:
    pool, state = Pool(1, 4, 4), State(2)
    state = scaling.observe(state, None, pool, 100.0)
    assert state.due == 100.0 + scaling.SPARE_SECONDS
    assert scaling.lapse(state, pool, 100.0 + scaling.SPARE_SECONDS).target == 1


def test_s7_4_what_others_need_is_given_back_and_told() -> None:
    state = scaling.fitted(State(4), Pool(1, 2, 8))
    assert state.target == 2
    assert state.told[0].message == "4 to 2: max_processes leaves no room for more"


def test_s7_4_held_by_the_limit_of_all_sets() -> None:
    seen = Watched()
    seen.pool = Pool(1, 2, 4)
    assert seen.sample(1.0, queue=5).target == 2
    assert seen.state.held == "max_processes leaves no room for more"
    assert scaling.shown(seen.state, seen.pool)["message"] == f"not more: {seen.state.held}"


_SEEN = st.tuples(
    st.one_of(st.floats(0.01, 0.2), st.floats(0.2, 20.0)),
    st.integers(0, 3),
    st.integers(0, 60),
    st.floats(0.0, 1.0),
    st.booleans(),
)
_POOLS = st.tuples(st.integers(1, 4), st.integers(0, 6), st.integers(0, 6))


@given(st.integers(0, 20), _POOLS, st.lists(st.tuples(_SEEN, st.booleans()), max_size=60))
def test_s7_3_laws(
    target: int, bounds: tuple[int, int, int], life: list[tuple[tuple[float, int, int, float, bool], bool]]
) -> None:
    """Within the bounds; one step at a time; up only if work waits and there is room; down only if not."""
    least, room, more = bounds
    pool = Pool(least, least + room, least + room + more)
    state = scaling.fitted(State(target), pool)
    now = busy = total = 0.0
    for (passed, queue, in_flight, load, whole), is_quiet in life:
        now, busy, total = now + passed, busy + passed * load, total + passed
        pool = dataclasses.replace(pool, whole=whole)
        sample = None if is_quiet else Sample(now, queue, in_flight, busy, total)
        before, state = state, scaling.observe(state, sample, pool, now)
        assert pool.least <= state.target <= pool.most
        assert abs(state.target - before.target) <= 1
        if state.target != before.target:
            assert whole
            assert state.told[-1].reason == ("ScaledUp" if state.target > before.target else "ScaledDown")
        if state.target > before.target:
            assert sample is not None
            assert queue or in_flight >= scaling.BUSY_REQUESTS * before.target
            first = before.waiting
            assert first is not None
            assert now - first.at >= scaling.SUSTAINED_SECONDS
            assert (busy - first.busy) / (total - first.total) < pool.cpu_saturated
        if state.target < before.target:
            assert sample is None or not queue
            assert before.due is not None
            assert before.due <= now
