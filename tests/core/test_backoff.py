"""The pace and the failure counter (S4.1–S4.5)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core import backoff
from controller.core.backoff import Counters


def test_s4_2_pace_grows_quadratically_to_one_second() -> None:
    waits = [backoff.wait_seconds(pace) for pace in range(8)]
    assert waits == pytest.approx([0, 0, 0.1, 0.4, 0.9, 1, 1, 1])


def test_s4_2_quick_clean_exits_are_slowed_down_too() -> None:
    counters = backoff.ZERO
    for _ in range(4):
        counters = backoff.after_exit(counters, clean=True, alive_seconds=0.2)
    assert counters == Counters(failures=0, pace=4)


def test_s4_2_a_clean_exit_after_a_second_resets_the_pace() -> None:
    assert backoff.after_exit(Counters(3, 3), clean=True, alive_seconds=1.0) == backoff.ZERO


def test_s4_4_exit_0_resets_the_failures() -> None:
    assert backoff.after_exit(Counters(5, 5), clean=True, alive_seconds=0.1) == Counters(0, 6)


@pytest.mark.parametrize(
    ("failures", "most", "over"), [(6, 6, False), (7, 6, True), (1, 0, True), (999, -1, False), (0, 0, False)]
)
def test_s4_5_failure_number_max_plus_one_gives_up(failures: int, most: int, over: bool) -> None:
    assert backoff.gives_up(failures, most) is over


@pytest.mark.parametrize(
    ("counters", "most", "free"),
    [(backoff.ZERO, 6, True), (Counters(0, 1), 6, False), (backoff.ZERO, 0, False), (backoff.ZERO, -1, True)],
)
def test_s4_5a_only_a_first_retry_is_free(counters: Counters, most: int, free: bool) -> None:
    assert backoff.first_retry_is_free(counters, most) is free


def test_s4_5_retry_after_0s_means_never_by_itself() -> None:
    assert backoff.retry_wait_seconds(9, 0) is None
    assert backoff.retry_wait_seconds(9, 30) == 30
    assert backoff.retry_wait_seconds(9, 0.01) == 1, "nothing can loop hot"


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 100)), max_size=40))
def test_s4_2_nothing_loops_hot(exits: list[tuple[bool, float]]) -> None:
    """However it ends, two quick exits in a row are followed by a wait."""
    counters, quick_in_a_row = backoff.ZERO, 0
    for clean, alive in exits:
        counters = backoff.after_exit(counters, clean=clean, alive_seconds=alive)
        quick_in_a_row = quick_in_a_row + 1 if alive < 1 else 0
        if quick_in_a_row >= 2:
            assert backoff.wait_seconds(counters.pace) > 0
        assert 0 <= backoff.wait_seconds(counters.pace) <= 1
