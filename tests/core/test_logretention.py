"""Which logs of workers that are gone are kept, and whose log is still declared."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core import kinds, logretention, names

LIMITS = logretention.Limits(seconds=100.0, workers=3, bytes=1000)


def log(name: str, written: float, size: int = 10) -> logretention.Log:
    return logretention.Log(kinds.Key("default", name), size, written)


def removed(*logs: logretention.Log, now: float = 50.0) -> list[str]:
    return [key.name for key in logretention.surplus(logs, LIMITS, now)]


def test_the_newest_stay_within_number_size_and_age() -> None:
    assert removed(log("a", 1), log("b", 2), log("c", 3)) == []
    assert removed(log("a", 1), log("b", 2), log("c", 3), log("d", 4)) == ["a"]
    assert removed(log("a", 1), log("b", 2, size=995)) == ["a"]
    assert removed(log("a", 1), log("b", 120), now=150.0) == ["a"]


@given(st.lists(st.tuples(st.floats(0, 200), st.integers(0, 600)), max_size=12))
def test_what_is_left_keeps_to_the_limits_and_looking_again_removes_nothing(found: list[Any]) -> None:
    logs = [log(str(number), written, size) for number, (written, size) in enumerate(found)]
    gone = set(logretention.surplus(logs, LIMITS, 200.0))
    left = [one for one in logs if one.key not in gone]
    assert len(left) <= LIMITS.workers
    assert sum(one.bytes for one in left) <= LIMITS.bytes
    assert all(200.0 - one.written <= LIMITS.seconds for one in left)
    assert logretention.surplus(left, LIMITS, 200.0) == ()


SETS: dict[str, dict[str, Any]] = {
    "web": {"command": ["x"], "num": 2},
    "web-api": {"command": ["x"], "listen": ["127.0.0.1:1"]},
    "stopped": {"command": ["x"], "suspend": True},
    "jobs": {"command": ["x"], "background": True, "instances": ["a b"]},
    "going": {"command": ["x"]},
}


def find(key: kinds.Key) -> kinds.Object | None:
    declared = SETS.get(key.name)
    if declared is None or key.namespace != "default":
        return None
    metadata = {"name": key.name, "namespace": key.namespace}
    if key.name == "going":
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    return {"metadata": metadata, "spec": declared}


@pytest.mark.parametrize(
    ("worker", "is_declared"),
    [
        ("web-0", True),
        ("web-1", True),
        ("web-2", False),
        ("stopped-0", True),
        ("web-api-abc12-0", True),
        (names.instance("jobs", "a b"), True),
        (names.instance("jobs", "released"), False),
        ("going-0", False),
        ("nobody-0", False),
        ("nobody", False),
    ],
)
def test_who_is_still_declared(worker: str, is_declared: bool) -> None:
    assert logretention.is_declared(kinds.Key("default", worker), find, ()) is is_declared
    assert not logretention.is_declared(kinds.Key("other", worker), find, ())


def test_while_an_http_set_runs_only_its_pods_count() -> None:
    running = {kinds.Key("default", "web-api")}
    assert not logretention.is_declared(kinds.Key("default", "web-api-abc12-0"), find, running)
