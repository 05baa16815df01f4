"""Client-side apply as kubectl does it, annotation included."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core import errors, fields, threeway
from controller.core.threeway import ANNOTATION


def config(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "workerset.dev/v1",
        "kind": "WorkerSet",
        "metadata": {"name": "a", "namespace": "default"},
        "spec": spec,
    }


def test_a_new_object_records_what_was_applied_as_kubectl_writes_it() -> None:
    result = threeway.apply(None, config(command=["sh", "-c", "a && b <x"], num=1))
    assert result["metadata"]["annotations"][ANNOTATION] == (
        '{"apiVersion":"workerset.dev/v1","kind":"WorkerSet","metadata":{"annotations":{},"name":"a",'
        '"namespace":"default"},"spec":{"command":["sh","-c","a \\u0026\\u0026 b \\u003cx"],"num":1}}\n'
    )
    assert threeway.last_applied(result) == threeway.stripped(
        config(command=["sh", "-c", "a && b <x"], num=1)
    )


def test_the_same_again_is_unchanged() -> None:
    live = threeway.apply(None, config(num=1))
    assert threeway.apply(live, config(num=1)) is live


def test_an_annotation_in_other_bytes_of_the_same_content_is_unchanged() -> None:
    live = threeway.apply(None, config(num=1))
    live["metadata"]["annotations"][ANNOTATION] = json.dumps(threeway.stripped(config(num=1)), indent=2)
    assert threeway.apply(live, config(num=1)) is live


def test_a_field_left_out_now_goes_and_one_set_by_others_stays() -> None:
    live = threeway.apply(None, config(num=1, nice=3, env={"A": "1", "B": "2"}))
    live["spec"]["suspend"] = True
    live["spec"]["env"]["C"] = "theirs"
    result = threeway.apply(live, config(num=2, env={"A": "1"}))
    assert result["spec"] == {"num": 2, "suspend": True, "env": {"A": "1", "C": "theirs"}}
    assert threeway.last_applied(result) == threeway.stripped(config(num=2, env={"A": "1"}))


def test_lists_are_replaced_whole() -> None:
    live = threeway.apply(None, config(args=["a", "b"]))
    assert threeway.apply(live, config(args=["c"]))["spec"]["args"] == ["c"]


def test_a_live_field_that_drifted_is_set_back() -> None:
    live = threeway.apply(None, config(num=1))
    live["spec"]["num"] = 5
    assert threeway.apply(live, config(num=1))["spec"]["num"] == 1


def test_an_object_made_otherwise_loses_nothing() -> None:
    live = {**config(num=1, nice=2), "status": {"replicas": 1}}
    result = threeway.apply(live, config(num=3))
    assert result["spec"] == {"num": 3, "nice": 2}
    assert result["status"] == {"replicas": 1}
    assert threeway.last_applied(live) is None


def test_labels_and_annotations_merge_likewise() -> None:
    first = config(num=1)
    first["metadata"]["labels"] = {"a": "1", "b": "2"}
    first["metadata"]["annotations"] = {"note": "x"}
    live = threeway.apply(None, first)
    live["metadata"]["annotations"]["theirs"] = "y"
    second = config(num=1)
    second["metadata"]["labels"] = {"a": "1"}
    result = threeway.apply(live, second)
    assert result["metadata"]["labels"] == {"a": "1"}
    assert set(result["metadata"]["annotations"]) == {"theirs", ANNOTATION}


@pytest.mark.parametrize("text", ["{", "[]", '"x"', "[" * 100_000])
def test_a_broken_annotation_says_what_to_do(text: str) -> None:
    live = config(num=1)
    live["metadata"]["annotations"] = {ANNOTATION: text}
    with pytest.raises(errors.BadRequest, match="remove it, then apply again: a"):
        threeway.apply(live, config(num=1))


values = st.recursive(
    st.booleans() | st.integers(0, 2) | st.sampled_from(["", "x"]),
    lambda below: st.lists(below, max_size=2) | st.dictionaries(st.sampled_from("abc"), below, max_size=3),
    max_leaves=8,
)
specs = st.dictionaries(st.sampled_from("abc"), values, max_size=3)


@given(specs, specs, specs)
def test_after_an_apply_the_configuration_holds_and_a_second_one_is_unchanged(
    first: dict[str, Any], theirs: dict[str, Any], second: dict[str, Any]
) -> None:
    live = threeway.apply(None, config(**first))
    live = {**live, "spec": {**live["spec"], **theirs}}
    result = threeway.apply(live, config(**second))
    assert _within(second, result["spec"])
    assert fields.same(threeway.apply(result, config(**second)), result)


@given(specs, specs)
def test_alone_the_last_configuration_is_all_there_is(first: dict[str, Any], second: dict[str, Any]) -> None:
    result = threeway.apply(threeway.apply(None, config(**first)), config(**second))
    assert fields.same(_pruned(result["spec"]), _pruned(second))


def _within(wanted: Any, held: Any) -> bool:
    if isinstance(wanted, dict):
        return isinstance(held, dict) and all(
            key in held and _within(wanted[key], held[key]) for key in wanted
        )
    return fields.same(wanted, held)


def _pruned(value: Any) -> Any:
    """A merge patch leaves an object that was emptied as an empty object: not counted."""
    if not isinstance(value, dict):
        return value
    below = {key: _pruned(item) for key, item in value.items()}
    return {key: item for key, item in below.items() if item != {}}
