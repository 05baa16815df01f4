"""What a set may need, and what fits (S7.4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core import budget, errors, kinds


class Lenient:
    """A schema that has nothing to say."""

    def problems(self, obj: kinds.Object) -> Sequence[errors.FieldProblem]:
        return ()

    def document(self) -> dict[str, Any]:
        return {}


def workerset(name: str = "a", /, **spec: Any) -> kinds.Object:
    return {"metadata": {"namespace": "default", "name": name}, "spec": {"command": ["x"], **spec}}


def key(name: str) -> kinds.Key:
    return kinds.Key("default", name)


@pytest.mark.parametrize(
    ("spec", "needed"),
    [
        ({}, 1),
        ({"num": 0}, 0),
        ({"num": 4}, 4),
        ({"num": 2, "listen": ["8000"], "max_threads": 9}, 2),
        ({"background": True}, 16),
        ({"background": True, "num": 2, "max_threads": 5}, 7),
        ({"background": True, "name": "mail"}, 1),
        ({"background": True, "name": "mail", "num": 3}, 3),
        ({"num": 4, "suspend": True}, 0),
        ({"num": 3.0}, 3),
    ],
)
def test_s7_4_what_a_set_may_need(spec: dict[str, Any], needed: int) -> None:
    assert budget.demand(workerset(**spec)) == needed


def test_s7_4_a_refusal_says_by_how_much_who_has_the_rest_and_what_to_do() -> None:
    ledger = budget.Ledger(10)
    ledger.put(key("jobs"), workerset("jobs", background=True, max_threads=6))
    ledger.put(key("mail"), workerset("mail", background=True, name="mail"))
    (problem,) = budget.Guard(Lenient(), ledger).problems(workerset("web", num=5))
    assert (problem.field, problem.code) == ("spec.num", "Forbidden")
    assert problem.detail == (
        "max_processes is exceeded by 2: this set may need 5, 3 of 10 are free, "
        "the rest is kept for: default/jobs 6, default/mail 1"
    )
    assert problem.fix == (
        "lower num, or raise the limit, after workerctl down: workerctl up -d --max-processes 12"
    )


def test_a_lowered_limit_lets_everybody_ask_for_less() -> None:
    ledger = budget.Ledger(2)
    ledger.put(key("web"), workerset("web", num=9))
    guard = budget.Guard(Lenient(), ledger)
    assert not guard.problems(workerset("web", num=9))
    assert not guard.problems(workerset("web", num=8))
    assert guard.problems(workerset("web", num=10))
    assert guard.problems(workerset("other"))


def test_what_one_request_has_judged_counts_before_it_is_stored() -> None:
    ledger = budget.Ledger(3)
    guard = budget.Guard(Lenient(), ledger)
    apart = guard.apart()
    apart.expect(key("a"), workerset("a", num=3))
    assert apart.problems(workerset("b"))
    assert not guard.problems(workerset("b"))


_SETS = st.dictionaries(
    st.sampled_from("abcdef"),
    st.fixed_dictionaries({"num": st.integers(0, 9)}, optional={"suspend": st.booleans()}),
)


@given(st.integers(1, 20), st.lists(_SETS, max_size=6))
def test_s7_4_what_is_let_in_never_passes_the_limit(limit: int, rounds: list[dict[str, Any]]) -> None:
    ledger = budget.Ledger(limit)
    guard = budget.Guard(Lenient(), ledger)
    for sets in rounds:
        for name, spec in sets.items():
            obj = workerset(name, **spec)
            if not guard.problems(obj):
                ledger.put(key(name), obj)
        assert ledger.reserved == sum(ledger.held().values()) <= limit
        assert ledger.left == limit - ledger.reserved
