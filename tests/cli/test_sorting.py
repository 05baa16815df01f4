"""The order of --sort-by."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.cli import sorting

COLUMNS = {
    "numbers": [2, 9, 10.5, 100],
    "missing first": [None, 1, 2],
    "naturally": ["web-1", "web-2", "web-10", "web-10-a"],
    "numbers as text": ["2", "10", "100"],
    "quantities": ["500m", "1", "1k", "1Ki", "2M", "2Mi", "1Gi"],
    "quantities in m alone are quantities": ["5m", "10m", "1"],
    "durations": ["500ms", "30s", "1m", "1m30s", "90m", "2h", "1d"],
    "stamps": [
        "2024-02-29T23:59:59Z",
        "2024-03-01T00:00:00Z",
        "2024-03-01T00:00:00.5Z",
        "2024-03-01T01:00:01+01:00",
        "2025-01-01T00:00:00Z",
    ],
    "bools": [False, True],
    "mixed kinds are texts": ["1x", "a", "b2", "b10"],
}


@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS.keys())
def test_columns_sort_by_what_they_hold(column):
    shuffled = list(column)
    random.Random(7).shuffle(shuffled)
    assert [shuffled[index] for index in sorting.order(shuffled)] == column


def test_equal_ones_keep_their_order():
    assert sorting.order(["1Ki", "1024", "1"]) == [2, 0, 1]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.lists(JSON, max_size=8))
def test_any_column_has_an_order_that_does_not_depend_on_the_start(values):
    once = [values[index] for index in sorting.order(values)]
    assert sorted(map(repr, once)) == sorted(map(repr, values))
    assert [once[index] for index in sorting.order(once)] == once
