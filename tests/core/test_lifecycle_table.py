"""The table of transitions is complete, its reachable part is what the planner may use, the page shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.core import lifecycle
from controller.core.lifecycle import Event, State

PAGE = Path(__file__).parents[2] / "docs" / "lifecycle.md"


def test_every_cell_is_filled() -> None:
    assert set(lifecycle.TABLE) == {(state, event) for state in State for event in Event}


def test_every_row_with_an_empty_cell_says_why() -> None:
    empty = {state for (state, _), target in lifecycle.TABLE.items() if target is None}
    assert empty <= set(lifecycle.UNREACHABLE)
    assert set(lifecycle.STATE_TEXT) == set(State)


def test_every_state_can_be_reached_and_left() -> None:
    seen = {State.PENDING}
    for _ in State:
        seen |= {t for (s, _), t in lifecycle.TABLE.items() if s in seen and t is not None}
    assert seen == set(State)
    for state in State:
        assert any(s is state and t not in (None, state) for (s, _), t in lifecycle.TABLE.items()), state


def test_s4_6_nothing_starts_while_something_lives() -> None:
    for state in lifecycle.LIVE:
        assert lifecycle.TABLE[state, Event.START] is None


def test_s4_8_a_stop_ends_a_backoff_at_once() -> None:
    assert lifecycle.advance(State.BACKOFF, Event.STOP) is State.PENDING
    assert lifecycle.advance(State.BACKOFF, Event.REMOVE) is State.GONE


def test_an_empty_cell_is_an_error_with_its_reason() -> None:
    with pytest.raises(lifecycle.ImpossibleTransitionError, match="a slot holds one run"):
        lifecycle.advance(State.READY, Event.START)


def test_the_page_is_generated_from_the_table() -> None:
    begin, end = "<!-- generated -->\n", "<!-- /generated -->"
    text = PAGE.read_text()
    shown = text[text.index(begin) + len(begin) : text.index(end)]
    assert shown == lifecycle.markdown()
