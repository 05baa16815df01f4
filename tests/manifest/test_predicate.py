"""The fast check says what jsonschema says, never more and never less."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.manifest import check, predicate, source
from tests.manifest import samples

CHECKER = check.Checker()
VALIDATOR = check.full_validator()


def _agrees(obj: Any) -> None:
    surely = CHECKER.is_surely_valid(obj)
    valid = VALIDATOR.is_valid(obj) and not (
        isinstance(obj, dict) and list(check._not_supported(obj, samples.ROOT, samples.ROOT, ()))
    )
    assert surely == valid


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2**40) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
GOOD: dict[str, Any] = {
    "command": ["true"], "background": True, "name": "j", "scope": "s", "num": 2, "max_threads": 3.0,
    "env": {"A": "b"}, "args": ["x"], "retry_after": "1m30s", "restart": "never", "umask": "022", "nice": -5,
    "resources": {"files": 1024}, "log": {"max_size": "10Mi", "keep": 3}, "start": "exec", "tty": False,
    "idle_timeout": "0s", "ready_when": "notify", "depends_on": ["a", "b"], "listen": ["8000", 8001],
    "rollout": {"max_surge": "25%"}, "watch": ["x"], "preload": "auto", "probe_port": "unix",
}  # fmt: skip
FIELDS = sorted(samples.ROOT["properties"]["spec"]["properties"])
WORDS = st.sampled_from(
    ["5s", "0s", "1m30s", "5s\n", "10Mi", "auto", "exec", "always", "vars", "unix", "022", "25%"]
)


@given(JSON)
def test_any_json(value: Any) -> None:
    _agrees(value)


@given(
    st.dictionaries(st.sampled_from(FIELDS), JSON | WORDS, max_size=3),
    st.sets(st.sampled_from(sorted(GOOD))),
)
def test_specs_near_the_right_ones(changes: dict[str, Any], kept: set[str]) -> None:
    spec = {**{name: GOOD[name] for name in kept}, **changes}
    _agrees({**samples.MINIMAL, "spec": spec})


@given(st.dictionaries(st.text(max_size=6) | st.sampled_from(["a.b/c", "x/y/z", "app"]), JSON, max_size=2))
def test_metadata_near_the_right_one(labels: dict[str, Any]) -> None:
    for field in ("labels", "annotations"):
        _agrees({**samples.MINIMAL, "metadata": {"name": "a", field: labels}})


@given(st.text(alphabet="aA0-._/\n", max_size=8))
def test_names_with_the_letters_that_matter(text: str) -> None:
    for metadata in ({"name": text}, {"name": "a", "labels": {text: text}}, {"name": "a", "namespace": text}):
        _agrees({**samples.MINIMAL, "metadata": metadata})


@pytest.mark.parametrize(
    ("path", "value"),
    [(path, value) for path, node in samples.leaves() for value in samples.wrong_values(node)],
    ids=lambda value: ".".join(value) if isinstance(value, tuple) else "",
)
def test_every_wrong_value(path: samples.Path, value: Any) -> None:
    obj = samples.with_value(path, value)
    assert not CHECKER.is_surely_valid(obj)
    _agrees(obj)


def test_checking_changes_nothing() -> None:
    obj = {**samples.MINIMAL, "spec": copy.deepcopy(GOOD)}
    before = copy.deepcopy(obj)
    CHECKER.check(obj)
    assert obj == before


def test_a_keyword_it_does_not_know_is_refused_when_it_is_made() -> None:
    with pytest.raises(NotImplementedError, match="oneOf"):
        predicate.build({"type": "object", "properties": {"a": {"oneOf": []}}})


def test_x_supported_is_known_to_both() -> None:
    assert source.supports({"x-supported-values": [False]}, False)
    assert not source.supports({"x-supported-values": [False]}, 0)
