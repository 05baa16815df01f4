"""`docs/reconcile.md` shows every condition, reason and STATUS word there is."""

from __future__ import annotations

from pathlib import Path

from controller.core import conditions, notes, status

PAGE = (Path(__file__).parents[2] / "docs" / "reconcile.md").read_text()


def generated(name: str) -> str:
    begin = f"<!-- generated: {name} -->\n"
    start = PAGE.index(begin) + len(begin)
    return PAGE[start : PAGE.index("<!-- /generated -->", start)]


def test_conditions() -> None:
    assert generated("conditions") == conditions.markdown()


def test_reasons_of_events() -> None:
    assert generated("events") == notes.markdown()


def test_status_words() -> None:
    for word in status.WORDS:
        assert f"| {word} |" in PAGE
