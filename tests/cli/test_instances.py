"""Instances in `describe`: who ensured them, and what they have published."""

from __future__ import annotations

import pytest

from controller import clock
from tests.cli.sets import EVENTS, OWN_SETS, PODS, listed, pod, workerset

NOW = 1767348060.0  # 2026-01-02T10:01:00Z
VARS = "/workerset/v1/vars/default"


@pytest.fixture
def told(shell, api, monkeypatch):
    monkeypatch.setattr(clock.SystemClock, "wall", lambda self: NOW)
    names = ["ada", "bob", "eve\x1b"]
    box = workerset("box", "Ready", 2, "3 of 16 names", background=True, scope="mail", instances=names)
    asked = {"ensuredBy": ["default/web", "workerctl"], "since": "2026-01-02T10:00:57Z"}
    box["status"]["instances"] = [
        {"name": "ada", "state": "Ready", **asked},
        {"name": "bob", "state": "Backoff", "ensuredBy": ["workerctl"], "since": "2026-01-02T09:00:00Z"},
        {"name": "eve\x1b", "state": "Starting"},
    ]
    pods = [pod(f"box-{name}-1", "box") for name in ("ada", "bob")]
    for found, name in zip(pods, names, strict=False):
        found["metadata"].setdefault("annotations", {})["workerset.dev/worker-name"] = name
    api.on("GET", f"{OWN_SETS}/box", box)
    api.on("GET", PODS, listed(*pods))
    api.on("GET", f"{PODS}/box-ada-1", pods[0])
    api.on("GET", EVENTS, listed())
    facts = {"scope": "mail", "set": "box"}
    published = {"name": "ada", "generation": 1795510173367842, "ageSeconds": 3.2, "bytes": 23, **facts}
    api.on("GET", VARS, {"items": [published, {**published, "name": "bob", "set": "other"}]})
    return shell


def test_a_set_lists_its_names(told, golden):
    outcome = told("describe", "ws", "box")
    assert (outcome.code, outcome.err) == (0, "")
    golden("describe-instances.txt", outcome.out)
    assert told.api.asked("GET", VARS)[0].query == {"scope": "mail"}


def test_a_worker_says_which_name_it_runs(told, golden):
    golden("describe-instance.txt", told("describe", "pod", "box-ada-1").out)


def test_a_set_that_is_gone_leaves_its_worker_to_be_described(told):
    told.api.on("GET", f"{OWN_SETS}/box", {"kind": "WorkerSet", "metadata": {"name": "box"}, "spec": {}})
    assert "Answers to" not in told("describe", "pod", "box-ada-1").out
