"""The typed set and the schema say the same: names, order, types, values."""

from __future__ import annotations

import dataclasses
import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from controller import WorkerSet
from controller.embedding import declaring

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "schemas" / "workerset.v1.json").read_text())
SPEC: dict[str, Any] = SCHEMA["properties"]["spec"]["properties"]
OF_SPEC = [one for one in dataclasses.fields(WorkerSet) if one.name not in declaring._METADATA]

PLAIN = {"boolean": "bool", "integer": "int", "string": "str", "number": "float"}
REFERENCES = {
    "command": "str | Sequence[StrPath]",
    "cpu": "str | float",
    "duration": "Duration",
    "os_string": "str",
    "path": "StrPath",
    "port": "int",
    "probe": "Probe",
    "size": "str | int",
    "surge": "int | str",
    "worker_name": "str",
}
NESTED = {
    declaring.Probe: SCHEMA["$defs"]["probe"]["properties"],
    declaring.Rollout: SPEC["rollout"]["properties"],
    declaring.Resources: SPEC["resources"]["properties"],
    declaring.Log: SPEC["log"]["properties"],
}


def annotation(name: str, about: dict[str, Any]) -> str:
    """What the type of a property has to be called."""
    if "$ref" in about:
        return REFERENCES[about["$ref"].rpartition("/")[2]]
    if "enum" in about:
        return f"Literal[{', '.join(repr(one) for one in about['enum'])}]"
    if "anyOf" in about:
        return " | ".join(annotation(name, one) for one in about["anyOf"])
    if isinstance(about["type"], list):
        return " | ".join(PLAIN[one] for one in about["type"])
    if about["type"] == "array":
        return f"Sequence[{annotation(name, about['items'])}]"
    if about["type"] == "object" and "properties" in about:
        return name.capitalize()
    if about["type"] == "object":
        return f"Mapping[str, {annotation(name, about['additionalProperties'])}]"
    return PLAIN[about["type"]]


def test_s10_every_field_of_the_schema_is_a_field_in_its_order() -> None:
    assert [one.name for one in OF_SPEC] == list(SPEC)


@pytest.mark.parametrize("field", OF_SPEC, ids=lambda field: str(field.name))
def test_s10_a_field_has_the_type_that_the_schema_says(field: dataclasses.Field[Any]) -> None:
    assert " ".join(str(field.type).split()) == f"{annotation(field.name, SPEC[field.name])} | None"
    assert field.default is None


@pytest.mark.parametrize("kind", NESTED, ids=lambda kind: str(kind.__name__))
def test_s10_what_is_nested_has_the_keys_of_the_schema(kind: Any) -> None:
    assert list(kind.__annotations__) == list(NESTED[kind])


def test_s10_durations_are_those_of_the_schema() -> None:
    assert list(declaring._DURATIONS) == [
        name for name, about in SPEC.items() if about.get("$ref", "").endswith("/duration")
    ]


@pytest.mark.parametrize("name", [name for name, about in SPEC.items() if about.get("examples")])
def test_s10_examples_of_the_schema_come_out_as_they_went_in(name: str) -> None:
    for example in SPEC[name]["examples"]:
        made = WorkerSet(set_name="x", **{name: example}).to_object("default")
        assert made["spec"] == {name: example}


@pytest.mark.parametrize(
    ("given", "written"),
    [(5, "5s"), (0.25, "0.25s"), ("1m", "1m"), (datetime.timedelta(minutes=2), "120s"), (0, "0s")],
)
def test_durations_may_be_numbers_of_seconds(given: declaring.Duration, written: str) -> None:
    assert WorkerSet(set_name="x", stop_grace=given).to_object("n")["spec"] == {"stop_grace": written}


def test_paths_tuples_and_mappings_become_json() -> None:
    made = WorkerSet(
        set_name="x", file=Path("a/b.py"), args=("1",), env={"A": "b"}, log={"keep": 1}, labels={"l": "m"}
    ).to_object("here")
    assert made["metadata"] == {"name": "x", "namespace": "here", "labels": {"l": "m"}}
    assert made["spec"] == {"file": "a/b.py", "args": ["1"], "env": {"A": "b"}, "log": {"keep": 1}}


def test_s1_4_the_name_of_the_object_follows_from_name_and_scope() -> None:
    named = [
        WorkerSet(name="redis-watcher"),
        WorkerSet(name="Redis:Watcher"),
        WorkerSet(name="redis-watcher", scope="a"),
        WorkerSet(name="redis-watcher", scope="b"),
        WorkerSet(name="catch-all", background=True),
        WorkerSet(background=True),
        WorkerSet(background=True, scope="a"),
        WorkerSet(background=True, scope="b"),
    ]
    made = [one.object_name() for one in named]
    assert made[0] == "redis-watcher"
    assert made[5] == "catch-all"
    assert len(set(made)) == len(made)
    assert made == [one.object_name() for one in named]


def test_a_set_that_nothing_names_says_so() -> None:
    with pytest.raises(ValueError, match="give set_name"):
        WorkerSet(file="a.py").object_name()
