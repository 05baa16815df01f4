"""Counts only go up, durations are never negative, what goes on comes back to nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core import tallies


@given(st.lists(st.floats(-10, 1e4, allow_nan=False)))
def test_every_duration_is_in_one_bucket(seconds: list[float]) -> None:
    tally = tallies.Tally()
    for one in seconds:
        tally.took("x", one)
    found = tally.durations("x").get((), tallies.Durations())
    assert sum(found.counts) == len(seconds)
    assert found.seconds >= 0
    for bound, number in zip(tallies.BOUNDS, found.counts, strict=False):
        below = [tally_bound for tally_bound in tallies.BOUNDS if tally_bound < bound]
        least = max(below, default=float("-inf"))
        assert number == sum(least < max(0.0, one) <= bound for one in seconds)


def test_what_goes_on_ends_however_it_ends() -> None:
    tally = tallies.Tally()
    seen: dict[int, str] = {}
    with pytest.raises(KeyError), tally.going_on("x"):
        seen[tally.level("x")]
    assert tally.level("x") == 0


def test_counts_are_by_labels() -> None:
    tally = tallies.Tally()
    tally.count("x", ("a",))
    tally.count("x", ("a",), 2)
    tally.count("x", ("b",))
    assert tally.counts("x") == {("a",): 3, ("b",): 1}
    assert tally.counts("other") == {}
