"""Formats: YAML that every reader understands alike, tables that are safe on a terminal, names of kinds."""

from __future__ import annotations

import io

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from controller.cli import context as contexts
from controller.cli import errors, output, resources, tables
from controller.client import resources as kinds

AMBIGUOUS = [
    "no",
    "1.10",
    "0777",
    "12:30",
    "1e3",
    "0o17",
    "y",
    "N",
    "null",
    "~",
    "",
    " a",
    "0x1F",
    ".5",
    "-.inf",
    "2024-01-01",
    "=",
    "<<",
    "- a",
    "#x",
]


@pytest.mark.parametrize("text", AMBIGUOUS)
def test_texts_that_look_like_something_else_are_quoted(text):
    dumped = output.dump_yaml({"env": {"X": text}})
    assert yaml.safe_load(dumped) == {"env": {"X": text}}
    assert dumped.split("X: ")[1][0] in "'\""


def test_yaml_is_plain_to_read():
    dumped = output.dump_yaml({"b": [1, {"x": "y z"}], "a": {"script": "one\ntwo\n", "none": None, "e": {}}})
    assert dumped == "a:\n  e: {}\n  none: null\n  script: |\n    one\n    two\nb:\n- 1\n- x: y z\n"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(JSON)
def test_yaml_round_trips(value):
    assert yaml.safe_load(output.dump_yaml(value)) == value


def make_context(terminal: bool = False, **environ: str):
    out = io.StringIO()
    if terminal:
        out.isatty = lambda: True
    return contexts.Context(io.StringIO(), out, io.StringIO(), environ, "/"), out


def test_status_is_coloured_on_a_terminal_only():
    rows = [["web", "Ready", "5m"], ["job", "Failed", "7m"]]
    context, out = make_context(terminal=True, TERM="xterm")
    tables.Printer(context, ["Name", "Status", "Age"]).rows(rows)
    coloured = out.getvalue()
    context, out = make_context()
    tables.Printer(context, ["Name", "Status", "Age"]).rows(rows)
    assert "\x1b[32mReady\x1b[0m    5m" in coloured
    assert "\x1b" not in out.getvalue()
    assert out.getvalue() == coloured.replace("\x1b[32m", "").replace("\x1b[1;31m", "").replace("\x1b[0m", "")
    context, out = make_context(terminal=True, TERM="xterm", NO_COLOR="1")
    tables.Printer(context, ["Name", "Status", "Age"]).rows(rows)
    assert "\x1b" not in out.getvalue()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("one\ntwo", "one..."),
        ("a\tb", "a b"),
        (None, "<none>"),
        (True, "true"),
        (3, "3"),
    ],
)
def test_cells_are_harmless(value, shown):
    assert tables.cell(value) == shown


def test_wide_characters_take_two_columns():
    context, out = make_context()
    tables.Printer(context, ["A", "B"]).rows([["日本", "x"], ["e\u0301", "y"]])
    assert [line.index(line[-1]) for line in out.getvalue().splitlines()] == [7, 5, 8]


def test_named_kinds():
    words = {
        "ws": "workersets",
        "workersets": "workersets",
        "WorkerSet": "workersets",
        "workersets.workerset.dev": "workersets",
        "po": "pods",
        "worker": "pods",
        "workers": "pods",
        "ev": "events",
        "ns": "namespaces",
        "controllerrevisions": "controllerrevisions",
    }
    for word, plural in words.items():
        assert [kind.plural for kind in resources.kinds(word)] == [plural], word
    assert [kind.plural for kind in resources.kinds("all")] == ["workersets", "pods"]


S = resources.Selection


@pytest.mark.parametrize(
    ("words", "selections"),
    [
        (["ws"], [S(kinds.WORKERSETS)]),
        (["ws", "web", "job", "web"], [S(kinds.WORKERSETS, ["web", "job"])]),
        (
            ["ws/web", "pod/web-0", "ws/job"],
            [S(kinds.WORKERSETS, ["web"]), S(kinds.PODS, ["web-0"]), S(kinds.WORKERSETS, ["job"])],
        ),
        (["ws,po"], [S(kinds.WORKERSETS), S(kinds.PODS)]),
        (["ws,workersets", "x"], [S(kinds.WORKERSETS, ["x"])]),
        (["all"], [S(kinds.WORKERSETS), S(kinds.PODS)]),
    ],
)
def test_selections(words, selections):
    assert resources.parse(words) == selections


@pytest.mark.parametrize("words", [[], [","], ["nope"], ["ws/web", "job"], ["ws/"], ["a/b/c"], ["all/web"]])
def test_what_is_no_selection(words):
    with pytest.raises(errors.UsageError):
        resources.parse(words)


def test_bare_names_are_sets_where_a_verb_is_about_sets():
    assert resources.parse_targets(["web", "job"]) == [S(kinds.WORKERSETS, ["web", "job"])]
    assert resources.parse_targets(["web", "worker/web-1"]) == [
        S(kinds.WORKERSETS, ["web"]),
        S(kinds.PODS, ["web-1"]),
    ]
    assert resources.parse_targets(["ws", "web"]) == [S(kinds.WORKERSETS, ["web"])]
