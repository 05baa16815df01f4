"""Times as Kubernetes writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core import stamps


def test_times_are_utc_in_whole_seconds_or_micros() -> None:
    assert stamps.rfc3339(1714558442.9) == "2024-05-01T10:14:02Z"
    assert stamps.rfc3339_micro(1714558442.5) == "2024-05-01T10:14:02.500000Z"


@given(st.integers(0, 4_000_000_000))
def test_what_is_written_reads_back(seconds: int) -> None:
    assert stamps.parse(stamps.rfc3339(seconds)) == seconds


@pytest.mark.parametrize("text", ["", "soon", "2024-05-01T10:14:02"])
def test_what_is_no_time_is_an_error(text: str) -> None:
    with pytest.raises(ValueError):
        stamps.parse(text)
