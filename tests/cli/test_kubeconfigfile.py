"""Kubeconfigs: what merging ours into another one leaves alone, and that removing undoes it."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from controller.cli import kubeconfigfile as files

ACCESS = files.Access("/home/a/shop", "https://127.0.0.1:20001", "/ca.crt", "/home/a/shop/.workerset/token")
OTHER = files.Access("/home/b/shop", "https://127.0.0.1:20002", "/other.crt", "/home/b/shop/.workerset/token")

NAMES = st.sampled_from(["prod", "test", "workerset-shop"])


def entries(key: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    inside = {"contexts": {"user": "x", "cluster": "y"}, "users": {"token": "t"}, "clusters": {"server": "s"}}
    one = NAMES.map(lambda name: {"name": name, key.removesuffix("s"): inside[key]})
    return st.lists(one, max_size=3, unique_by=lambda found: found["name"])


CONFIGS = st.fixed_dictionaries(
    {"apiVersion": st.just("v1"), "kind": st.just("Config"), "current-context": NAMES}
    | {key: entries(key) for key in ("clusters", "users", "contexts")}
)


@given(CONFIGS)
def test_removing_undoes_merging(config: dict[str, Any]):
    changed, name = files.merged(config, ACCESS)
    assert changed["current-context"] == config["current-context"]
    for key in ("clusters", "users", "contexts"):
        assert all(one in changed[key] for one in config[key])
        assert len(changed[key]) == len(config[key]) + 1
    assert files.removed(changed, ACCESS.token_file) == (config, [name])


@given(CONFIGS)
def test_merging_twice_is_merging_once(config: dict[str, Any]):
    once, name = files.merged(config, ACCESS)
    assert files.merged(once, ACCESS) == (once, name)


def test_projects_of_one_name_stand_side_by_side():
    config, first = files.merged({}, ACCESS)
    config, second = files.merged(config, OTHER)
    assert first != second
    assert [one["name"] for one in config["contexts"]] == [first, second]
    assert "current-context" not in config
    assert files.removed(config, ACCESS.token_file)[0]["contexts"][0]["name"] == second


def test_the_projects_own_file_holds_no_secret():
    found = files.document(ACCESS, "prod")
    assert found["users"][0]["user"] == {"tokenFile": ACCESS.token_file}
    assert found["contexts"][0]["context"]["namespace"] == "prod"
    assert found["current-context"] == "workerset-shop"
