"""How problems look."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from controller.manifest import diagnostics


def shown(text: str, column: int, length: int = 1) -> str:
    excerpt = diagnostics.excerpt([text], 0, column, length)
    found = diagnostics.Diagnostic(
        "a.yaml", 1, column + 1, "spec.x", "Invalid", "wrong", "do", excerpt=excerpt
    )
    return diagnostics.render([found])


def test_a_problem_with_its_place_and_fix() -> None:
    assert shown("  num: five", 7, 4) == (
        "a.yaml:1:8: error: spec.x: wrong\n  1 |   num: five\n    |        ^^^^\n  fix: do"
    )


def test_wide_characters_and_tabs_keep_the_caret_in_its_column() -> None:
    lines = shown("名前:\tx", 4).splitlines()
    assert lines[1] == "  1 | 名前: x"
    assert lines[2] == "    |       ^"


def test_a_long_line_is_cut_around_the_place() -> None:
    _, source, carets, _ = shown("a" * 500 + "HERE" + "b" * 500, 500, 4).splitlines()
    start, end = carets.index("^"), carets.rindex("^") + 1
    assert source[start:end] == "HERE"
    assert len(source) < 110


@given(st.text(max_size=200), st.integers(0, 300), st.integers(1, 300))
def test_any_line_is_shown_on_one_line(text: str, column: int, length: int) -> None:
    lines = diagnostics.split_lines(text)
    excerpt = diagnostics.excerpt(lines, 0, column, length)
    assert excerpt is not None
    assert excerpt.text.isprintable()
    assert len(excerpt.text) <= diagnostics.WIDTH
