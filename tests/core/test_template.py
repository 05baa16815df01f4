"""What needs a restart (S4.12)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from controller.core import kinds, template

SCHEMA = Path(__file__).parents[2] / "schemas" / "workerset.v1.json"


def obj(spec: dict[str, Any], **meta: Any) -> kinds.Object:
    return {"metadata": {"name": "web", "namespace": "default", **meta}, "spec": {"command": ["x"], **spec}}


BASE = template.hash_of(obj({}))


@pytest.mark.parametrize(
    "spec",
    [
        {"command": ["y"]},
        {"env": {"A": "1"}},
        {"working_dir": "sub"},
        {"name": "job"},
        {"scope": "shop"},
        {"args": ["a"]},
        {"user": "nobody"},
    ],
)
def test_s4_12_template_fields_restart(spec: dict[str, Any]) -> None:
    assert template.hash_of(obj(spec)) != BASE


@pytest.mark.parametrize(
    "spec",
    [
        {"num": 5},
        {"watch": True},
        {"suspend": True},
        {"stop_grace": "1s"},
        {"max_threads": 7},
        {"log": {"keep": 1}},
        {"rollout": {"max_surge": 2}},
    ],
)
def test_s4_12_other_fields_restart_nothing(spec: dict[str, Any]) -> None:
    assert template.hash_of(obj(spec)) == BASE


def test_s4_12_labels_restart_nothing_and_the_annotation_does() -> None:
    assert template.hash_of(obj({}, labels={"a": "b"})) == BASE
    asked = obj({}, annotations={kinds.ANNOTATION_RESTARTED_AT: "now"})
    assert template.hash_of(asked) != BASE
    assert template.declared_part(template.hash_of(asked)) == template.declared_part(BASE)


def test_s4_12_contents_of_env_files_count_and_stay_secret() -> None:
    one, two = ({"KEY": value} for value in ("hunter2", "hunter3"))
    assert template.hash_of(obj({}), one) != template.hash_of(obj({}), two)
    assert "hunter2" not in template.hash_of(obj({}), one)


def test_s4_12_the_hash_carries_its_version_and_is_a_label() -> None:
    assert BASE.startswith("1-")
    assert len(BASE) < 63


def test_s4_12_order_of_keys_changes_nothing() -> None:
    one, two = obj({"env": {"A": "1", "B": "2"}}), obj({"env": {"B": "2", "A": "1"}})
    assert template.hash_of(one) == template.hash_of(two)


def test_changes_name_the_fields() -> None:
    before, after = obj({"env": {"PORT": "1", "X": "1"}}), obj({"env": {"PORT": "2", "X": "1"}, "num": 3})
    assert template.changes(before, after) == ("spec.env.PORT",)
    assert template.changes(before, obj({"command": ["z"]})) == ("spec.command", "spec.env")


def test_restore_replaces_the_template_only() -> None:
    old = template.declared(obj({"env": {"A": "1"}})["spec"])
    spec = obj({"num": 4, "args": ["x"]})["spec"]
    assert template.restore(spec, old) == {"num": 4, "command": ["x"], "env": {"A": "1"}}


def test_s4_12_the_schema_says_the_same() -> None:
    """`x-restarts` of each property of `spec` agrees with the fields that are hashed."""
    schema = json.loads(SCHEMA.read_text())
    spec = schema["properties"]["spec"]["properties"]
    said = {name for name, shape in spec.items() if shape.get("x-restarts")}
    assert said == set(template.FIELDS) & set(spec)
