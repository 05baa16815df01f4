"""S2.1–S2.5: which set answers to a name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core import kinds, refusals, resolution

scopes = st.sampled_from(["", "shop", "blog"])
worker_names = st.sampled_from(["a", "b", "c", "d"])
declared = st.lists(
    st.builds(
        lambda number, scope, name: resolution.Declared(
            kinds.Key("default", f"set-{number}"), scope, name, seniority=(False, "", f"{number:03d}")
        ),
        st.integers(0, 999),
        scopes,
        st.one_of(st.none(), worker_names),
    ),
    unique_by=lambda one: one.key,
)


@given(declared, scopes, worker_names)
def test_s2_2_all_or_nothing_per_scope(sets: list[resolution.Declared], scope: str, name: str) -> None:
    directory = resolution.Directory(sets)
    chosen = scope if any(one.scope == scope for one in sets) else ""
    assert directory.chosen_scope(scope) == chosen
    found = directory.find(scope, name)
    within = [one for one in sets if one.scope == chosen]
    exact = sorted((one for one in within if one.name == name), key=lambda one: one.seniority)
    catch_alls = sorted((one for one in within if one.name is None), key=lambda one: one.seniority)
    expected = (exact or catch_alls or [None])[0]
    assert found == expected


@given(declared, scopes, worker_names)
def test_s2_3_what_cannot_be_resolved_names_the_scope_and_what_is_declared(
    sets: list[resolution.Declared], scope: str, name: str
) -> None:
    directory = resolution.Directory(sets)
    if directory.find(scope, name) is not None:
        assert directory.resolve(scope, name) == directory.find(scope, name)
        return
    with pytest.raises(refusals.Refusal) as refused:
        directory.resolve(scope, name)
    assert refused.value.kind is refusals.Kind.UNDECLARED
    chosen = directory.chosen_scope(scope)
    assert resolution.said(chosen) in refused.value.message
    for one in sets:
        if one.scope == chosen and one.name is not None:
            assert one.name in refused.value.message


@given(declared, st.lists(worker_names, min_size=1))
def test_s2_2_the_order_of_the_sets_means_nothing(sets: list[resolution.Declared], asked: list[str]) -> None:
    one, other = resolution.Directory(sets), resolution.Directory(reversed(sets))
    for name in asked:
        assert one.find("shop", name) == other.find("shop", name)


@pytest.mark.parametrize(
    "own", ["bin/jobs.py", "./bin/jobs.py", "bin/jobs", "jobs.py", "jobs", "/srv/shop/bin/jobs.py"]
)
def test_s2_5_a_catch_all_refuses_its_own_file(own: str) -> None:
    one = resolution.Declared(kinds.Key("default", "all"), file="bin/jobs.py", entrypoint="bin/jobs.py")
    with pytest.raises(refusals.Refusal, match="cannot be an instance of itself"):
        resolution.Directory([one]).resolve("", own)


@pytest.mark.parametrize("other", ["bin", "job", "jobs.php", "other/jobs.py", "/srv/jobs.py", "all"])
def test_s2_5_and_nothing_else(other: str) -> None:
    one = resolution.Declared(kinds.Key("default", "all"), file="bin/jobs.py")
    assert resolution.Directory([one]).resolve("", other) == one
