"""Cycles of dependencies (S1.2)."""

from __future__ import annotations

import graphlib

from hypothesis import given
from hypothesis import strategies as st

from controller.core import graph


def test_s1_2_a_cycle_is_named_in_its_order() -> None:
    assert graph.find_cycles({"a": ["b"], "b": ["c"], "c": ["a"], "d": ["a"]}) == (("a", "b", "c"),)


def test_s1_2_a_node_that_waits_for_itself() -> None:
    assert graph.find_cycles({"a": ["a"]}) == (("a",),)


def test_a_diamond_is_no_cycle() -> None:
    assert graph.find_cycles({"a": ["b", "c"], "b": ["d"], "c": ["d"]}) == ()


def test_a_long_chain_needs_no_stack() -> None:
    assert graph.find_cycles({n: [n + 1] for n in range(100_000)}) == ()


@given(st.dictionaries(st.integers(0, 8), st.lists(st.integers(0, 8), max_size=4)))
def test_s1_2_cycles_are_found_exactly_where_no_order_exists(edges: dict[int, list[int]]) -> None:
    found = graph.find_cycles(edges)
    try:
        list(graphlib.TopologicalSorter(edges).static_order())
        ordered = True
    except graphlib.CycleError:
        ordered = False
    assert (found == ()) == ordered
    for cycle in found:
        assert all(after in edges[node] for node, after in zip(cycle, (*cycle[1:], cycle[0]), strict=True))
