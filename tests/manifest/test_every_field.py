"""Every field of the schema, given something wrong, is reported at its path and its place (S1.1)."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from controller.core import errors
from controller.manifest import schema, source, validate
from tests.manifest import samples

CASES = [(path, value) for path, node in samples.leaves() for value in samples.wrong_values(node)]
SCHEMA = schema.WorkerSetSchema()


def _name(value: Any) -> str:
    return ".".join(value) if isinstance(value, tuple) else str(value)[:20]


@pytest.mark.parametrize(("path", "value"), CASES, ids=_name)
def test_s1_1_a_wrong_value_is_reported_at_its_path(path: samples.Path, value: Any) -> None:
    found = SCHEMA.problems(samples.with_value(path, value))
    assert [problem for problem in found if _touches(problem.path, path)], found
    for problem in found:
        assert problem.code in {
            "Required",
            "UnknownField",
            "TypeInvalid",
            "Invalid",
            "NotSupported",
            "Duplicate",
        }
        assert problem.detail
        assert len(problem.detail) < 200
        assert "\n" not in problem.detail
        assert not problem.detail.endswith(".")
        for raw in ("is not of type", "does not match", "is not valid under", "is a required", "unexpected"):
            assert raw not in problem.detail


def _touches(reported: errors.Path, path: samples.Path) -> bool:
    unsupported = {path[:depth] for depth in range(1, len(path) + 1)}
    return reported[: len(path)] == path or reported in unsupported


@pytest.mark.parametrize(("path", "value"), CASES, ids=_name)
def test_s1_1_a_wrong_value_is_reported_at_its_place(path: samples.Path, value: Any) -> None:
    obj = samples.with_value(path, value)
    if path[1:] in (("command",), ("umask",)) and isinstance(value, bool | int | float):
        pytest.skip("taken as written in YAML (S1.6)")
    for name, text in (
        ("a.yaml", yaml.safe_dump(obj, sort_keys=False, width=10**6)),
        ("a.json", json.dumps(obj, indent=2)),
    ):
        report = validate.validate_text(text, name)
        assert not report.ok
        touching = [one for one in report.diagnostics if one.path.startswith(str(path[0]))]
        assert touching
        line = _line_of(path, text.splitlines())
        assert any(line <= one.line <= line + 2 or _is_parent(one.path, path) for one in touching), touching


def _line_of(path: samples.Path, lines: list[str]) -> int:
    """The number of the line with the last key, found key by key from the top."""
    place = 0
    for part in path:
        while not re.match(rf'[ -]*"?{re.escape(str(part))}"?:', lines[place]):
            place += 1
    return place + 1


def _is_parent(reported: str, path: samples.Path) -> bool:
    """A whole field that is refused is pointed at by its own key."""
    return ".".join(str(part) for part in path).startswith(reported + ".")


@pytest.mark.parametrize("path", [path for path, _ in samples.leaves()], ids=_name)
def test_s1_1_a_missing_value_is_reported(path: samples.Path) -> None:
    node = source.at(path)
    assert node is not None
    if "null" not in samples.types_of(node):
        assert SCHEMA.problems(samples.with_value(path, None))


CLOSED = [((), samples.ROOT)] + [
    (path, node) for path, node in samples.leaves() if node.get("additionalProperties") is False
]


@pytest.mark.parametrize(("path", "node"), CLOSED, ids=_name)
def test_s1_1_unknown_fields_are_refused_everywhere(path: samples.Path, node: source.Schema) -> None:
    found = SCHEMA.problems(samples.with_value((*path, "bogus"), 1))
    refused = node.get("x-supported") is False
    expected = (path, "NotSupported") if refused else ((*path, "bogus"), "UnknownField")
    assert [(one.path, one.code) for one in found] == [expected]


@pytest.mark.parametrize(
    "path", [path for path, node in samples.leaves() if node.get("x-supported") is False], ids=_name
)
def test_fields_of_later_are_refused_by_name(path: samples.Path) -> None:
    node = source.at(path)
    assert node is not None
    example = node.get("examples", [node.get("default", {})])[0]
    (problem,) = [
        one for one in SCHEMA.problems(samples.with_value(path, example)) if one.code == "NotSupported"
    ]
    assert problem.path == path
    assert problem.detail.endswith("is not supported yet")


@pytest.mark.parametrize(
    ("field", "value", "detail"),
    [
        ("start", "fork", "start: fork is not supported yet"),
    ],
)
def test_values_of_later_are_refused_by_name(field: str, value: object, detail: str) -> None:
    (problem,) = SCHEMA.problems(samples.with_value(("spec", field), value))
    assert (problem.code, problem.detail) == ("NotSupported", detail)


@pytest.mark.parametrize(("field", "value"), [("start", "auto")])
def test_values_that_ask_for_nothing_are_taken(field: str, value: object) -> None:
    assert not SCHEMA.problems(samples.with_value(("spec", field), value))


def test_s1_6_the_api_refuses_env_values_that_are_no_text() -> None:
    found = SCHEMA.problems(samples.with_value(("spec", "env"), {"PORT": 8000, "ON": True, "X": None}))
    assert [(one.field, one.fix) for one in found] == [
        ("spec.env.PORT", 'quote it: "8000"'),
        ("spec.env.ON", 'quote it: "true"'),
        ("spec.env.X", 'write a value, or "" for an empty one'),
    ]


@pytest.mark.parametrize("value", [{"A=B": "x"}, {"": "x"}, {"A\0": "x"}])
def test_s1_6_names_of_variables(value: dict[str, str]) -> None:
    (problem,) = SCHEMA.problems(samples.with_value(("spec", "env"), value))
    assert problem.path[:2] == ("spec", "env")
    assert problem.detail.startswith("not the name of a variable")


def test_halves_of_characters_and_nul_are_refused() -> None:
    for text in ("a\0b", "a\ud800"):
        for field, value in (("command", [text]), ("args", [text]), ("file", text), ("env", {"A": text})):
            assert SCHEMA.problems(samples.with_value(("spec", field), value)), (field, text)
