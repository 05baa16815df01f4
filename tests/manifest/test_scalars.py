"""What plain scalars mean, and which of them others change (S1.6)."""

from __future__ import annotations

import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from controller.manifest import scalars


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", True), ("Off", False), ("true", True), ("NO", False), ("", None), ("~", None), ("null", None),
        ("5", 5), ("-5", -5), ("+5", 5), ("1_000", 1000), ("0", 0), ("0o17", 15), ("0777", 511), ("0x1F", 31),
        ("0b11", 3), ("1.5", 1.5), (".5", 0.5), ("1e3", 1000.0), ("08", 8.0), ("12:30", "12:30"),
        ("2024-01-01", "2024-01-01"), ("y", "y"), ("1.2.3", "1.2.3"), ("-", "-"), ("1e999", "1e999"),
        ("nUll", "nUll"), (".inf", ".inf"), ("9" * 5000, "9" * 5000),
    ],
)  # fmt: skip
def test_s1_6_plain_scalars(text: str, value: object) -> None:
    assert scalars.typed(text) == value
    assert type(scalars.typed(text)) is type(value)


@pytest.mark.parametrize(
    "text", ["no", "1.10", "0777", "12:30", "null", "8000", "2024-01-01", "y", "=", ".inf", "1e3"]
)
def test_s1_6_what_others_change(text: str) -> None:
    assert scalars.is_changed_by_others(text)


@pytest.mark.parametrize(
    "text", ["production", "postgres://x", "1.2.3", "10Mi", "5s", "127.0.0.1:8000", "a: b", "-x"]
)
def test_s1_6_what_others_leave_alone(text: str) -> None:
    assert not scalars.is_changed_by_others(text)


@given(st.text(alphabet="0123456789abxo_.:+-eEfnNyYT ", max_size=8) | st.text(max_size=4))
def test_s1_6_everything_a_yaml_1_1_reader_changes_is_known(text: str) -> None:
    resolved = yaml.resolver.Resolver().resolve(yaml.ScalarNode, text, (True, False))
    kind = resolved.removeprefix("tag:yaml.org,2002:")
    if kind not in ("str", "merge", "yaml"):  # the last two cannot be values
        assert scalars.is_changed_by_others(text), resolved


@given(st.text(max_size=12))
def test_any_text_has_a_value_that_is_json(text: str) -> None:
    value = scalars.typed(text)
    assert not isinstance(value, float) or math.isfinite(value)
