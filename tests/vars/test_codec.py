"""S6.2: what may be published comes back the same; what may not is refused with its place."""

from __future__ import annotations

import copy
import decimal
import enum
import json
import math
import pickle
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any

import hypothesis
import hypothesis.strategies as st
import pytest

from controller.sdk.workerset import codec, frozen


class Color(enum.Enum):
    RED = "red"
    ROUGE = RED
    BLUE = 3


class Level(enum.IntEnum):
    LOW = 1


class Word(enum.StrEnum):
    YES = "yes"


class Access(enum.Flag):
    READ = 1
    WRITE = 2


class Outer:
    class Inner(enum.Enum):
        ONE = 1


MEMBERS = [Color.RED, Color.BLUE, Level.LOW, Word.YES, Access.READ, Outer.Inner.ONE]
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**80), 10**80)
    | st.floats()
    | TEXTS
    | st.binary(max_size=8)
    | st.sampled_from(MEMBERS)
)
KEYS = TEXTS | st.sampled_from(["$map", "$bytes", "$", "$enum"]) | st.integers()
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
VARS = st.dictionaries(KEYS, VALUES, max_size=5)


def same(one: Any, other: Any) -> bool:
    """Equal and of one type, dicts in one order, NaN equal to NaN."""
    if isinstance(one, dict):
        return (
            isinstance(other, dict)
            and [(type(key), key) for key in one] == [(type(key), key) for key in other]
            and all(same(one[key], other[key]) for key in one)
        )
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return (math.isnan(one) and math.isnan(other)) or (one, math.copysign(1, one)) == (
            other,
            math.copysign(1, other),
        )
    if isinstance(one, enum.Enum):
        return one is other
    return type(one) is type(other) and bool(one == other)


@hypothesis.given(VARS)
def test_s6_2_what_is_published_comes_back(value: dict[Any, Any]) -> None:
    before = copy.deepcopy(value)
    body = codec.encode(value)
    assert same(codec.decode(body), value)
    assert same(value, before)
    assert codec.encode(codec.decode(body)) == body, "what was read may be published again"
    assert b"NaN" not in body.replace(b'"NaN', b"")
    json.loads(body)


@hypothesis.given(VARS)
def test_s6_5_what_is_read_is_plain_to_look_at_and_cannot_be_changed(value: dict[Any, Any]) -> None:
    found = codec.decode(codec.encode(value))
    assert type(pickle.loads(pickle.dumps(found))) is frozen.FrozenDict
    thawed = copy.deepcopy(found)
    assert same(thawed, value)

    def walk(inside: Any) -> None:
        if isinstance(inside, (dict, list)):
            assert type(inside) in (frozen.FrozenDict, frozen.FrozenList)
            for item in inside.values() if isinstance(inside, dict) else inside:
                walk(item)

    walk(found)


CHANGES: list[Callable[[Any], Any]] = [
    lambda v: v.__setitem__("a", 1),
    lambda v: v.__delitem__("list"),
    lambda v: v.update(a=1),
    lambda v: v.setdefault("a", 1),
    lambda v: v.pop("list"),
    lambda v: v.popitem(),
    lambda v: v.clear(),
    lambda v: v.__ior__({"a": 1}),
    lambda v: v["list"].append(1),
    lambda v: v["list"].extend([1]),
    lambda v: v["list"].insert(0, 1),
    lambda v: v["list"].__setitem__(0, 1),
    lambda v: v["list"].__delitem__(0),
    lambda v: v["list"].__iadd__([1]),
    lambda v: v["list"].__imul__(2),
    lambda v: v["list"].pop(),
    lambda v: v["list"].remove(1),
    lambda v: v["list"].clear(),
    lambda v: v["list"].sort(),
    lambda v: v["list"].reverse(),
    lambda v: setattr(v, "a", 1),
]


@pytest.mark.parametrize("change", CHANGES)
def test_s6_5_a_reader_cannot_change_what_all_readers_share(change: Callable[[Any], Any]) -> None:
    found = codec.decode(b'{"list":[1,2]}')
    with pytest.raises((TypeError, AttributeError)):
        change(found)
    assert found == {"list": [1, 2]}
    assert json.dumps(found) == '{"list": [1, 2]}'
    assert found | {"a": 1} == {"list": [1, 2], "a": 1}
    mine = copy.deepcopy(found)
    mine["list"].append(3)
    assert mine == {"list": [1, 2, 3]}


# ------------------------------------------------------------------------------------------ refusals

BAD: list[Any] = [
    (1, 2),
    {1},
    frozenset(),
    bytearray(b"x"),
    memoryview(b"x"),
    1j,
    decimal.Decimal(1),
    Path("x"),
    object(),
    len,
    lambda: None,
    (item for item in ()),
    sys.stdin,
    threading,
    Color,
    Access.READ | Access.WRITE,
    "\udc80",
    {"\ud800": 1},
    {(1, 2): 1},
    {None: 1},
    {True: 1},
    {1.5: 1},
    {b"x": 1},
    {Word.YES: 1},
    {Level.LOW: 1},
]
STEPS = st.lists(
    st.tuples(st.one_of(st.integers(0, 3), TEXTS, st.integers()), st.booleans(), LEAVES),
    min_size=1,
    max_size=6,
)


@hypothesis.given(STEPS, st.sampled_from(range(len(BAD))))
def test_s6_2_every_refusal_names_the_place(steps: list[tuple[Any, bool, Any]], which: int) -> None:
    value, place = BAD[which], ""
    if isinstance(value, dict):
        (key,) = value
        place = f"[{json.dumps(key) if isinstance(key, str) else repr(key)}]"
    for number, (key, is_list, sibling) in enumerate(steps):
        outermost = number == len(steps) - 1
        if is_list and isinstance(key, int) and 0 <= key <= 3 and not outermost:
            value = [sibling] * key + [value]
        else:
            value = {"before": sibling, key: value}
        place = f"[{json.dumps(key) if isinstance(key, str) else key}]" + place
    with pytest.raises(ValueError) as refused:
        codec.encode(value)
    text = str(refused.value)
    assert text.startswith(f"vars{place}: ")
    assert ": " in text.removeprefix(f"vars{place}: "), "says what to do"


def test_type_validation() -> None:
    """Upstream's TypeValidation: simple types pass; objects, closures, resources do not, at any depth."""
    good = {
        "null": None,
        "yes": True,
        "int": 1,
        "float": 1.5,
        "str": "é",
        "list": [],
        "dict": {},
        "c": Color.RED,
    }
    assert codec.decode(codec.encode({**good, "inner": {"a": [good]}})) == {**good, "inner": {"a": [good]}}
    with pytest.raises(ValueError, match=r'^vars\["a"\]\[3\]: cannot publish tuple: publish a list instead$'):
        codec.encode({"a": [0, 0, 0, (1,)]})
    with pytest.raises(ValueError, match=r'^vars\["f"\]: cannot publish .*: publish None, bool, int, float'):
        codec.encode({"f": lambda: None})


@pytest.mark.parametrize("top", [None, 1, "x", b"x", [1], [("a", 1)], (), Color.RED, object()])
def test_s6_1_only_a_mapping_is_published(top: Any) -> None:
    with pytest.raises(TypeError, match=r"^vars: cannot publish .*: publish a dict$"):
        codec.encode(top)


def test_s6_1_any_mapping_is_one() -> None:
    assert codec.decode(codec.encode(MappingProxyType({"a": 1}))) == {"a": 1}
    assert codec.decode(codec.encode(OrderedDict(b=1, a=OrderedDict()))) == {"b": 1, "a": {}}


def test_binary_safe() -> None:
    """Upstream's BinarySafe: NUL bytes, UTF-8, the empty string, and bytes that are no text."""
    value = {
        "nul": "a\0b",
        "utf8": "héllo 世界 \U0001f680",
        "empty": "",
        "bytes": bytes(range(256)),
        "none": b"",
    }
    assert codec.decode(codec.encode(value)) == value


def test_enum_missing() -> None:
    """Upstream's EnumMissing; nothing is imported because a writer named it."""
    body = codec.encode({"c": Color.BLUE})
    assert codec.decode(body) == {"c": Color.BLUE}
    with pytest.raises(codec.EnumMissing, match=r"has no such member here: .*:Color\.GREEN$"):
        codec.decode(body.replace(b"BLUE", b"GREEN"))
    with pytest.raises(codec.EnumMissing, match=r"is not loaded here, import it first: .*:Colour$"):
        codec.decode(body.replace(b"Color", b"Colour"))
    assert "this" not in sys.modules
    with pytest.raises(codec.EnumMissing, match=r"is not loaded here, import it first: this:Zen$"):
        codec.decode(b'{"c":{"$enum":["this:Zen","ONE"]}}')
    assert "this" not in sys.modules
    with pytest.raises(codec.EnumMissing, match=r"an enum of PHP .*: App\\Suit::Hearts$"):
        codec.decode(rb'{"c":{"$enum":["php:App\\Suit","Hearts"]}}')


def test_an_alias_is_the_member_it_stands_for_and_a_local_class_is_refused() -> None:
    assert codec.encode({"c": Color.ROUGE}) == codec.encode({"c": Color.RED})

    class Local(enum.Enum):
        ONE = 1

    with pytest.raises(
        ValueError, match=r'^vars\["c"\]: .* inside a function: define it at the top of a mod'
    ):
        codec.encode({"c": Local.ONE})


# ------------------------------------------------------------------------------------------ limits


def nested(levels: int, kind: str) -> dict[Any, Any]:
    value: Any = 1
    for _ in range(levels - 1):
        value = [value] if kind == "list" else {7 if kind == "map" else "a": value}
    return {"top": value}


@pytest.mark.parametrize("kind", ["list", "dict", "map"])
def test_s6_2_256_levels_and_no_more(kind: str) -> None:
    assert codec.decode(codec.encode(nested(256, kind))) == nested(256, kind)
    with pytest.raises(ValueError, match=r'^vars\["top"\].*….*: nested too deep, more than 256 levels: '):
        codec.encode(nested(257, kind))


def test_s6_2_256_levels_are_read_even_by_a_caller_with_a_deep_stack() -> None:
    body = codec.encode(nested(256, "map"))

    def deep(left: int) -> Any:
        return deep(left - 1) if left else codec.decode(body)

    assert deep(sys.getrecursionlimit() - 300) == nested(256, "map")
    body = body.replace(b"1]]}", b'{"$enum":["no:Class","A"]}]]}')
    with pytest.raises(codec.EnumMissing):
        deep(sys.getrecursionlimit() - 300)


def test_s6_2_a_cycle_is_too_deep() -> None:
    value: dict[str, Any] = {}
    value["self"] = [value]
    with pytest.raises(ValueError, match="without a cycle"):
        codec.encode(value)


@pytest.mark.parametrize("digits", [4299, 4300, 4301, 5120, 20001])
def test_s6_2_an_int_has_any_number_of_digits(digits: int) -> None:
    for value in (10 ** (digits - 1), 1 - 10**digits):
        body = codec.encode({"n": value, str(digits): {value: 0}})
        assert codec.decode(body) == {"n": value, str(digits): {value: 0}}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"1", b"\xff", b'{"a":{"$new":1}}', b'{"$float":"x"}'])
def test_what_is_no_body_is_an_error_of_value(body: bytes) -> None:
    with pytest.raises(ValueError):
        codec.decode(body)


JSON = st.recursive(
    st.none() | st.integers(0, 2) | st.sampled_from(["nan", "a:b", "AA=="]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["$map", "$bytes", "$enum", "$float", "a"]), inner, max_size=2)
    ),
)


@hypothesis.given(JSON)
def test_any_json_is_a_body_or_an_error_of_value(value: Any) -> None:
    try:
        assert isinstance(codec.decode(json.dumps(value).encode()), dict)
    except (ValueError, codec.EnumMissing):
        pass


TABLE = [
    (None, "null"),
    (True, "true"),
    (-7, "-7"),
    (2**70, "1180591620717411303424"),
    (1.0, "1.0"),
    (0.1, "0.1"),
    (1e300, "1e+300"),
    (float("-inf"), '{"$float":"-inf"}'),
    ('é"\\\n/', '"é\\"\\\\\\n/"'),
    ("\x00\x7f", '"\\u0000\x7f"'),
    (b"\xff\x00", '{"$bytes":"/wA="}'),
    ([], "[]"),
    ({}, "{}"),
    ({"b": 1, "a": [2]}, '{"b":1,"a":[2]}'),
    ({1: "x", "y": 2}, '{"$map":[[1,"x"],["y",2]]}'),
    ({"$x": 1}, '{"$map":[["$x",1]]}'),
    ({"$x": 1, "y": 2}, '{"$x":1,"y":2}'),
    (Outer.Inner.ONE, f'{{"$enum":["{__name__}:Outer.Inner","ONE"]}}'),
]


@pytest.mark.parametrize(("value", "text"), TABLE, ids=lambda one: str(one)[:20])
def test_the_bytes_of_the_type_table(value: Any, text: str) -> None:
    """docs/worker-contract.md: other languages write exactly these."""
    assert codec.encode({"v": value}).decode() == f'{{"v":{text}}}'
    assert same(codec.decode(f'{{"v":{text}}}'.encode())["v"], value)
