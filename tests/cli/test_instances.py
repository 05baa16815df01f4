"""Instances in `describe`: who ensured them, and what they have published."""

from __future__ import annotations

import pytest

from controller import clock
from tests.cli.sets import EVENTS, LOGS, OWN_SETS, PODS, listed, pod, workerset

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


def test_a_name_that_is_no_set_and_no_worker_is_who_answers_to_it(told):
    assert told("describe", "ada").out == told("describe", "pod/box-ada-1").out
    told.api.on("GET", LOGS, "one\n")
    assert told("logs", "ada").out == "one\n"
    assert told.api.asked("GET", LOGS)[0].query == {"namespace": "default", "worker": "box-ada-1"}


def test_a_pool_answers_as_a_set(told):
    pods = [answering_to("jobs", f"mailer-{number}", "mailer") for number in range(2)]
    told.api.on("GET", PODS, listed(*pods))
    told.api.on("GET", LOGS, "one\n")
    told("logs", "jobs")
    assert told.api.asked("GET", LOGS)[0].query["workerset"] == "mailer"


def test_a_name_of_two_scopes_is_asked_back(told):
    told.api.on(
        "GET", PODS, listed(answering_to("ada", "box-0", "box"), answering_to("ada", "mail-0", "mail"))
    )
    outcome = told("logs", "ada")
    assert outcome.code == 1
    assert "different scopes, give one of them: pod/box-0, pod/mail-0" in outcome.err


def answering_to(name, worker, workerset):
    found = pod(worker, workerset)
    found["metadata"].setdefault("annotations", {})["workerset.dev/worker-name"] = name
    return found
