"""RFC 7386 and RFC 6902, by their own examples and by laws."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core import errors, fields, patch

scalars = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "b/~c", "é"])
keys = st.sampled_from(["a", "b", "c/d", "~"])
values = st.recursive(
    scalars,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(keys, below, max_size=3),
    max_leaves=12,
)
objects = st.dictionaries(keys, values, max_size=3)


@pytest.mark.parametrize(
    ("target", "change", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_rfc_7386_appendix_a(target: Any, change: Any, result: Any) -> None:
    assert patch.merge(target, change) == result


@given(values, values)
def test_merging_twice_is_merging_once(target: Any, change: Any) -> None:
    once = patch.merge(target, change)
    assert fields.same(patch.merge(once, change), once)


@given(values, values)
def test_a_merge_shares_nothing_with_its_inputs(target: Any, change: Any) -> None:
    before = copy.deepcopy((target, change))
    result = patch.merge(target, change)
    inner = {id(one) for one in _containers(target)} | {id(one) for one in _containers(change)}
    assert not inner & {id(one) for one in _containers(result)}
    assert (target, change) == before


def _containers(value: Any) -> list[Any]:
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    if below is None:
        return []
    return [value, *(inner for one in below for inner in _containers(one))]


@pytest.mark.parametrize(
    ("target", "operations", "result"),
    [
        ({"foo": "bar"}, [{"op": "add", "path": "/baz", "value": "qux"}], {"baz": "qux", "foo": "bar"}),
        ({"foo": ["a", "b"]}, [{"op": "add", "path": "/foo/1", "value": "q"}], {"foo": ["a", "q", "b"]}),
        ({"baz": "qux", "foo": "bar"}, [{"op": "remove", "path": "/baz"}], {"foo": "bar"}),
        ({"foo": ["a", "b", "c"]}, [{"op": "remove", "path": "/foo/1"}], {"foo": ["a", "c"]}),
        ({"baz": "qux"}, [{"op": "replace", "path": "/baz", "value": "boo"}], {"baz": "boo"}),
        ({"a": [1, 2]}, [{"op": "replace", "path": "/a/0", "value": 9}], {"a": [9, 2]}),
        (
            {"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}},
            [{"op": "move", "from": "/foo/waldo", "path": "/qux/thud"}],
            {"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}},
        ),
        (
            {"foo": ["all", "grass", "cows", "eat"]},
            [{"op": "move", "from": "/foo/1", "path": "/foo/3"}],
            {"foo": ["all", "cows", "eat", "grass"]},
        ),
        ({"a": {"b": 1}}, [{"op": "copy", "from": "/a", "path": "/c"}], {"a": {"b": 1}, "c": {"b": 1}}),
        ({"baz": "qux"}, [{"op": "test", "path": "/baz", "value": "qux"}], {"baz": "qux"}),
        ({"f": 1}, [{"op": "add", "path": "/child", "value": {"g": {}}}], {"f": 1, "child": {"g": {}}}),
        ({"foo": ["bar"]}, [{"op": "add", "path": "/foo/-", "value": ["abc"]}], {"foo": ["bar", ["abc"]]}),
        ({"/": 9, "~1": 10}, [{"op": "test", "path": "/~01", "value": 10}], {"/": 9, "~1": 10}),
        ({"a/b": 1}, [{"op": "replace", "path": "/a~1b", "value": 2}], {"a/b": 2}),
        ({"": 1}, [{"op": "replace", "path": "/", "value": 2}], {"": 2}),
        ({"a": 1}, [{"op": "replace", "path": "", "value": {"b": 2}}], {"b": 2}),
        ({"a": 1}, [{"op": "test", "path": "/a", "value": 1.0}], {"a": 1}),
    ],
)  # fmt: skip
def test_rfc_6902_appendix_a(target: Any, operations: list[Any], result: Any) -> None:
    before = copy.deepcopy(target)
    assert patch.json_patch(target, operations) == result
    assert target == before


@pytest.mark.parametrize(
    ("operations", "why"),
    [
        ([{"op": "test", "path": "/a", "value": 2}], "the value is another one"),
        ([{"op": "test", "path": "/a", "value": True}], "the value is another one"),
        ([{"op": "test", "path": "/nope", "value": None}], "nothing is there"),
        ([{"op": "remove", "path": "/nope"}], "nothing is there"),
        ([{"op": "replace", "path": "/nope", "value": 1}], "nothing is there"),
        ([{"op": "add", "path": "/nope/deeper", "value": 1}], "nothing is there"),
        ([{"op": "add", "path": "/list/4", "value": 1}], "the array has"),
        ([{"op": "add", "path": "/list/01", "value": 1}], "no array index"),
        ([{"op": "add", "path": "/list/x", "value": 1}], "no array index"),
        ([{"op": "remove", "path": "/list/-"}], "no array index"),
        ([{"op": "add", "path": "/a/b", "value": 1}], "a scalar has nothing below"),
        ([{"op": "move", "from": "/map", "path": "/map/x"}], "cannot move into itself"),
        ([{"op": "remove", "path": ""}], "the whole document cannot go"),
        ([{"op": "copy", "from": "/nope", "path": "/x"}], "nothing is there"),
    ],
)
def test_what_cannot_be_done_is_invalid_and_says_which(operations: list[Any], why: str) -> None:
    with pytest.raises(errors.Invalid, match="nothing was changed") as caught:
        patch.json_patch(
            {"a": 1, "list": [1, 2], "map": {}}, [{"op": "test", "path": "/a", "value": 1}, *operations]
        )
    assert "JSON patch operation 1" in caught.value.message
    assert why in caught.value.message


@pytest.mark.parametrize(
    "operations",
    [
        {"op": "add"},
        ["x"],
        [{"op": "nope", "path": "/a"}],
        [{"op": "add", "path": "/a"}],
        [{"op": "add", "path": "a", "value": 1}],
        [{"op": "add", "path": 1, "value": 1}],
        [{"op": "move", "path": "/a"}],
        [{"path": "/a"}],
        [{"op": "test", "path": "/a", "value": 1}] * 10_001,
    ],
)
def test_what_is_no_patch_is_a_bad_request(operations: Any) -> None:
    with pytest.raises(errors.BadRequest):
        patch.json_patch({"a": 1}, operations)


def test_a_doubling_patch_is_stopped() -> None:
    doubling = [{"op": "copy", "from": "", "path": "/x"}, {"op": "copy", "from": "", "path": "/y"}] * 40
    with pytest.raises(errors.BadRequest, match="copies at most"):
        patch.json_patch({"a": 1}, doubling)


@given(objects, values, keys)
def test_add_then_remove_is_nothing(target: dict[str, Any], value: Any, key: str) -> None:
    target.pop(key, None)
    path = "/" + key.replace("~", "~0").replace("/", "~1")
    both = [{"op": "add", "path": path, "value": value}, {"op": "remove", "path": path}]
    assert fields.same(patch.json_patch(target, both), target)


@given(values)
def test_a_copy_is_the_same_and_shares_nothing(value: Any) -> None:
    other = fields.copy(value)
    assert fields.same(other, value)
    assert not {id(one) for one in _containers(value)} & {id(one) for one in _containers(other)}
    assert fields.weight(value) == fields.weight(other)


@pytest.mark.parametrize(("one", "other"), [(True, 1), (0, False), (None, False), ([1], [True]), ({}, [])])
def test_json_tells_apart_what_python_does_not(one: Any, other: Any) -> None:
    assert not fields.same(one, other)
