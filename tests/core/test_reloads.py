"""The breaker for workers that write what their set watches, in virtual time."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from controller.core import reloads

OWN: reloads.Changes = [("out.py", "modified")]
OTHER: reloads.Changes = [("src/a.py", "modified")]


def play(delays: Iterable[float], changes: reloads.Changes = OWN) -> tuple[int, reloads.History, float]:
    """How many restarts changes with these pauses before them make."""
    history, now, restarts = reloads.History(), 1000.0, 0
    for delay in delays:
        now += delay
        decision = reloads.decide(history, changes, now)
        history = decision.history
        restarts += bool(decision.cause)
    return restarts, history, now


def test_a_change_restarts_and_says_what_changed() -> None:
    decision = reloads.decide(reloads.History(), OTHER, 5.0)
    assert decision.cause == "src/a.py (modified)"
    assert not decision.history.problem


def test_a_worker_that_writes_at_its_start_is_stopped_from_looping() -> None:
    restarts, history, _ = play([0, *[0.05, 0.2, 0.1, 0.3] * 20])
    assert restarts == reloads.TIMES
    assert "out.py" in history.problem


def test_a_worker_that_writes_every_so_often_is_too() -> None:
    restarts, history, _ = play([0, *[15.0, 15.05] * 20])
    assert restarts == reloads.TIMES
    assert "out.py" in history.problem


@given(st.lists(st.floats(0.5, 59), min_size=60, max_size=60))
def test_however_far_apart_it_ends(delays: list[float]) -> None:
    restarts, _, _ = play(delays)
    assert restarts <= reloads.MANY_TIMES


@given(st.lists(st.floats(0, 9.9), min_size=60, max_size=60))
def test_however_unlike_it_ends(delays: list[float]) -> None:
    restarts, history, _ = play(delays)
    assert restarts <= reloads.MANY_TIMES
    assert history.problem


def test_somebody_who_saves_often_is_not_taken_for_a_worker() -> None:
    restarts, history, _ = play([3.0, 1.1, 4.2, 2.0, 1.4, 2.9, 0.9, 1.6, 3.3, 2.2])
    assert restarts == 10
    assert not history.problem


def test_other_files_restart_all_the_while() -> None:
    _, history, now = play([0, *[0.1] * 10])
    decision = reloads.decide(history, [*OWN, *OTHER], now + 0.1)
    assert decision.cause == "src/a.py (modified)"
    assert decision.history.problem


def test_what_a_worker_goes_on_writing_makes_no_other_file_its_own() -> None:
    _, history, now = play([0, *[0.1] * 10])
    for pause in (3.0, 1.1, 4.2, 2.0, 1.4, 2.9, 0.9, 1.6):
        history = reloads.decide(history, OWN, now + pause - 0.05).history
        decision = reloads.decide(history, OTHER, now + pause)
        assert decision.cause == "src/a.py (modified)"
        history, now = decision.history, now + pause
    assert history.own == {"out.py"}


def test_a_file_that_was_left_alone_counts_again() -> None:
    _, history, now = play([0, *[0.1] * 10])
    decision = reloads.decide(history, OWN, now + history.calm_seconds + 1)
    assert decision.cause == "out.py (modified)"
    assert not decision.history.problem


def test_many_own_files_are_found_by_what_they_have_in_common() -> None:
    history, now, restarts = reloads.History(), 0.0, 0
    for turn in range(20):
        now += 0.1
        changes: reloads.Changes = [("a.out", "modified"), (f"b{turn}.out", "added")]
        decision = reloads.decide(history, changes, now)
        history, restarts = decision.history, restarts + bool(decision.cause)
        if history.problem:
            break
    assert history.own == {"a.out"}
    assert restarts == reloads.TIMES
