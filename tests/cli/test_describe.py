"""`describe`: everything about one thing."""

from __future__ import annotations

import pytest

from controller import clock
from controller.cli import describing
from tests.cli.sets import EVENTS, OWN_SETS, PODS, event, listed, pod, workerset

NOW = 1767348060.0  # 2026-01-02T10:01:00Z
ENDED = {
    "exitCode": 3,
    "message": "no API_KEY",
    "startedAt": "2026-01-02T10:00:00Z",
    "finishedAt": "2026-01-02T10:00:02Z",
}


@pytest.fixture
def told(shell, api, monkeypatch):
    monkeypatch.setattr(clock.SystemClock, "wall", lambda self: NOW)
    obj = workerset(
        "web",
        "Backoff",
        1,
        "exit 3 after 2s; next try in 400ms",
        num=2,
        env={"PORT": "80", "API_TOKEN": "hunter2"},
        env_files=[".env"],
        rollout={"max_surge": 1},
        source="manifests/10-web.yaml:1",
    )
    obj["status"]["conditions"] = [
        {
            "type": "Ready",
            "status": "False",
            "reason": "Backoff",
            "message": "1 of 2",
            "lastTransitionTime": "2026-01-02T10:00:30Z",
        }
    ]
    api.on("GET", f"{OWN_SETS}/web", obj)
    second = pod(
        "web-1",
        "web",
        0,
        ready=False,
        restartCount=4,
        state={"waiting": {"reason": "CrashLoopBackOff"}},
        lastState={"terminated": ENDED},
    )
    api.on("GET", PODS, listed(pod("web-0", "web"), second))
    api.on("GET", f"{PODS}/web-1", second)
    api.on("GET", EVENTS, listed(event("web", "BackOff", "web-1: exit 3", count=4)))
    return shell


def test_a_set(told, golden):
    outcome = told("describe", "web")
    assert (outcome.code, outcome.err) == (0, "")
    golden("describe-set.txt", outcome.out)
    assert "hunter2" not in outcome.out


def test_a_worker(told, golden):
    outcome = told("describe", "pod", "web-1")
    golden("describe-pod.txt", outcome.out)
    fields = told.api.asked("GET", EVENTS)[0].query["fieldSelector"]
    assert fields == "involvedObject.kind=Pod,involvedObject.name=web-1"


def test_a_bare_name_may_be_a_worker(told):
    assert told("describe", "web-1").out == told("describe", "pod/web-1").out


def test_unknown(told):
    outcome = told("describe", "nope")
    assert outcome.code == 1
    assert "no set and no worker of this name in namespace default: nope" in outcome.err


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({}, ""),
        ({"running": {"startedAt": "2026-01-02T10:00:00Z"}}, "running for 60s"),
        ({"waiting": {"reason": "Conflict", "message": "held by a"}}, "waiting: Conflict: held by a"),
        ({"terminated": ENDED}, "exit 3 after 2s, 58s ago: no API_KEY"),
        ({"terminated": {"signal": 9}}, "signal 9"),
    ],
)
def test_states(state, said):
    assert describing.container_state(state, NOW) == said


def test_how_long_the_last_run_lived_is_said_as_exactly_as_it_is_known():
    ended = {"terminated": {**ENDED, "startedAt": ENDED["finishedAt"]}}
    assert describing.container_state(ended, NOW, "0.6s") == "exit 3 after 0.6s, 58s ago: no API_KEY"
