"""S3.1, S3.7, S2.4, S6.9: the checks of a request, cycles, tokens, idleness; each by itself."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core import asking, graph, idle, refusals, runs, tokens, waitgraph

nodes = st.sampled_from([("ns", "", name) for name in "abcde"])
edges = st.dictionaries(nodes, st.lists(nodes, max_size=3), max_size=5)


@given(edges, nodes, st.lists(nodes, min_size=1, max_size=3))
def test_s3_7_a_wait_is_refused_exactly_if_it_closes_a_cycle(waits: Any, caller: Any, wanted: Any) -> None:
    if graph.find_cycles(waits):
        return
    found = waitgraph.closes(waits, caller, wanted)
    with_it = {**waits, caller: [*waits.get(caller, ()), *wanted]}
    assert bool(found) == bool(graph.find_cycles(with_it))
    if found:
        assert found[0] == found[-1] == caller
        assert all(after in with_it[before] for before, after in itertools.pairwise(found))


def test_s3_7_the_cycle_is_named() -> None:
    assert waitgraph.told((("ns", "", "a"), ("ns", "shop", "b"), ("ns", "", "a"))) == "a → shop/b → a"


words = st.text(alphabet=st.characters(exclude_characters="\0"), max_size=20)


@given(words, words, words)
def test_s2_4_a_token_says_whose_it_is(namespace: str, workerset: str, worker: str) -> None:
    ref = runs.WorkerRef(
        namespace.encode("utf-8", "replace").decode(), workerset.encode("utf-8", "replace").decode(), "w"
    )
    token = tokens.sign("secret", ref)
    assert tokens.verify("secret", token) == ref
    assert len(token.rpartition(".")[2]) == 32
    with pytest.raises(refusals.Refusal):
        tokens.verify("another", token)
    assert tokens.namespace_of(token) == ref.namespace


@given(st.integers(0, 200), st.characters())
def test_s2_4_a_token_that_was_changed_is_no_token(at: int, char: str) -> None:
    token = tokens.sign("secret", runs.WorkerRef("default", "web", "web-0"))
    at %= len(token)
    changed = token[:at] + char + token[at + 1 :]
    if changed == token:
        return
    with pytest.raises(refusals.Refusal):
        tokens.verify("secret", changed)


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
)


@given(json_values)
def test_s3_1_whatever_is_sent_is_names_or_a_refusal(given_names: Any) -> None:
    try:
        found = asking.names(given_names)
    except refusals.Refusal:
        return
    assert list(found) == given_names
    assert len(set(found)) == len(found)
    assert all(isinstance(one, str) and one and "\0" not in one for one in found)


@given(json_values)
def test_s3_1_a_timeout_is_above_zero_or_refused(value: Any) -> None:
    try:
        found = asking.timeout(value)
    except refusals.Refusal:
        return
    assert 0 < found < math.inf


@given(
    st.lists(st.tuples(st.floats(0, 100), st.sets(st.sampled_from("abc"))), min_size=1),
    st.floats(1, 50),
)
def test_s6_9_only_a_whole_unused_period_makes_a_name_idle(
    steps: list[tuple[float, set[str]]], period: float
) -> None:
    due: dict[str, float] = {}
    marks: set[str] = set()
    used = dict.fromkeys("abc", 0.0)
    now = 0.0
    left = set("abc")

    def touched(name: str) -> bool:
        found = name in marks
        marks.discard(name)
        return found

    for seconds, uses in [(0.0, set()), *steps]:
        now += seconds
        for name in uses:
            marks.add(name)
            used[name] = now
        made = idle.decide(due, sorted(left), period, now, touched)
        for name in made.idle:
            assert now - used[name] >= period - 1e-6
            assert name not in uses
        left -= set(made.idle)
        due = dict(made.due)
        assert due.keys() == left
        assert all(now < at <= now + period for at in due.values())


def test_s6_9_zero_never_does() -> None:
    assert idle.decide({"a": 1.0}, ["a"], 0.0, 100.0, lambda _: False) == idle.Decision()
