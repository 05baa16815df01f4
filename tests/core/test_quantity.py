"""Durations, sizes, cpu (S1.6)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core import quantity


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("30s", 30),
        ("1m30s", 90),
        ("2h", 7200),
        ("0s", 0),
        ("1.5s", 1.5),
        ("1h1m1s1ms", 3661.001),
    ],
)
def test_s1_6_durations(text: str, seconds: float) -> None:
    assert quantity.parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "5", "s", "5 s", "-5s", "5s\n", "1d", "1e3s", "٣s", "5sm", "9" * 10 + "s"]
)
def test_s1_6_what_is_no_duration_says_how_one_looks(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration such as 500ms"):
        quantity.parse_duration(text)


@given(st.integers(min_value=0, max_value=10**9))
def test_s1_6_a_formatted_duration_parses_to_the_same(milliseconds: int) -> None:
    text = quantity.format_duration(milliseconds / 1000)
    assert round(quantity.parse_duration(text) * 1000) == milliseconds


def test_negative_durations_are_only_printed() -> None:
    assert quantity.format_duration(-1.5) == "-1s500ms"


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("10Mi", 10485760),
        ("512", 512),
        (512, 512),
        ("1k", 1000),
        ("1.5Gi", 1610612736),
        ("0.5Ki", 512),
        ("1T", 10**12),
    ],
)
def test_s1_6_sizes(text: str | int, size: int) -> None:
    assert quantity.parse_size(text) == size


@pytest.mark.parametrize("text", ["", "10mb", "10 Mi", "-1", "Mi", "1e3", "10Mi\n"])
def test_s1_6_what_is_no_size_says_how_one_looks(text: str) -> None:
    with pytest.raises(ValueError, match="not a size such as 512Ki"):
        quantity.parse_size(text)


@given(st.integers(min_value=0, max_value=10**12 - 1))
def test_s1_6_a_formatted_size_parses_to_the_same(size: int) -> None:
    assert quantity.parse_size(quantity.format_size(size)) == size


@pytest.mark.parametrize(("text", "cores"), [("500m", 0.5), ("2", 2.0), ("1.5", 1.5), (2, 2.0), (0.25, 0.25)])
def test_s1_6_cpu(text: str | float, cores: float) -> None:
    assert quantity.parse_cpu(text) == cores


@pytest.mark.parametrize("text", ["", "1 core", "-1", "500mm", "1,5"])
def test_s1_6_what_is_no_cpu_says_how_one_looks(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount of cpu such as 500m"):
        quantity.parse_cpu(text)
