"""Cells and ages as kubectl shows them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core import ages, kinds, stamps, table

NOW = 1_700_000_000.0


def ago(seconds: float) -> str:
    return stamps.rfc3339(NOW - seconds)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "<invalid>"),
        (-1, "0s"),
        (0, "0s"),
        (5, "5s"),
        (119, "119s"),
        (120, "2m"),
        (200, "3m20s"),
        (600, "10m"),
        (3 * 3600 - 1, "179m"),
        (3 * 3600, "3h"),
        (3 * 3600 + 120, "3h2m"),
        (9 * 3600, "9h"),
        (47 * 3600, "47h"),
        (48 * 3600, "2d"),
        (50 * 3600, "2d2h"),
        (8 * 86400, "8d"),
        (729 * 86400, "729d"),
        (731 * 86400, "2y1d"),
        (9 * 365 * 86400, "9y"),
    ],
)
def test_ages(seconds: float, text: str):
    assert ages.duration(seconds) == text


def test_an_age_of_nothing_is_unknown():
    assert ages.age(None, NOW) == ages.age("soon", NOW) == ages.age(7, NOW) == "<unknown>"


def cells(resource: kinds.Resource, obj: kinds.Object) -> dict[str, object]:
    layout = table.layout(resource)
    found = layout.cells(obj, NOW)
    assert len(found) == len(layout.columns)
    return dict(zip((column.name for column in layout.columns), found, strict=True))


def workerset(spec: dict, status: dict | None = None, **metadata: object) -> dict[str, object]:
    meta = {"name": "web", "generation": 1, "creationTimestamp": ago(60), **metadata}
    return cells(kinds.WORKERSETS, {"metadata": meta, "spec": spec, "status": status or {}})


def test_a_set_that_is_well():
    status = {
        "observedGeneration": 1,
        "readyReplicas": 2,
        "updatedReplicas": 2,
        "restarts": 4,
        "state": "Ready",
    }
    found = workerset({"num": 3, "command": ["sh", "-c", "exec sleep 5"], "args": ["a b"]}, status)
    assert found["Ready"] == "2/3"
    assert (found["Up-to-date"], found["Restarts"], found["Status"], found["Age"]) == (2, 4, "Ready", "60s")
    assert found["Command"] == "sh -c 'exec sleep 5' 'a b'"


def test_s7_3_ready_counts_towards_what_a_set_was_scaled_to():
    spec, scaling = {"command": "x", "num": 1, "max_threads": 4}, {"target": 3, "least": 1, "most": 4}
    assert workerset(spec, {"readyReplicas": 2, "scaling": scaling})["Ready"] == "2/3"


@pytest.mark.parametrize(
    ("spec", "ready"),
    [
        ({"command": "x"}, "0/1"),
        ({"command": "x", "num": 0}, "0/0"),
        ({"file": "a.py", "background": True, "name": "a"}, "0/0"),
        ({"file": "a.py", "background": True}, "0/16"),
        ({"file": "a.py", "background": True, "max_threads": 4}, "0/4"),
        ({"file": "a.py", "background": True, "name": "a", "instances": ["a"]}, "0/1"),
    ],
)
def test_ready_counts_towards_what_is_wanted(spec: dict, ready: str):
    assert workerset(spec)["Ready"] == ready


def test_status_speaks_of_the_newest_generation_only():
    assert workerset({}, {"observedGeneration": 1, "state": "Ready"}, generation=2)["Status"] == "Starting"
    assert workerset({}, {"observedGeneration": 1}, deletionTimestamp=ago(1))["Status"] == "Waiting"


def test_s2_1_a_catch_all_answers_to_any_name():
    assert workerset({"file": "a.py", "background": True, "scope": "shop"})["Worker-name"] == "*"
    assert workerset({"command": "x"})["Worker-name"] == "<none>"


def pod(state: dict, *, status: dict | None = None, last: dict | None = None, count: int = 0, **meta: object):
    container = {"name": "main", "ready": True, "state": state, "restartCount": count}
    if last:
        container["lastState"] = {"terminated": last}
    obj = {
        "metadata": {"name": "web-0", "creationTimestamp": ago(5), **meta},
        "spec": {"containers": [{"name": "main"}], "nodeName": "local"},
        "status": {"phase": "Running", "containerStatuses": [container], **(status or {})},
    }
    return cells(kinds.PODS, obj)


def test_a_pod_that_runs():
    found = pod({"running": {}}, annotations={"workerset.dev/pid": "7", "workerset.dev/worker-name": "w"})
    assert list(found.values()) == ["web-0", "1/1", "Running", "0", "5s", "7", "w", "local"]


@pytest.mark.parametrize(
    ("state", "status", "word"),
    [
        ({"waiting": {"reason": "CrashLoopBackOff"}}, {}, "CrashLoopBackOff"),
        ({"terminated": {"reason": "Completed"}}, {"phase": "Succeeded", "reason": "Completed"}, "Completed"),
        ({"terminated": {"reason": "Error"}}, {"phase": "Failed", "reason": "GivenUp"}, "GivenUp"),
        ({"running": {}}, {"reason": "Stopping"}, "Stopping"),
        ({}, {"phase": "Pending"}, "Pending"),
    ],
)
def test_the_word_for_a_pod(state: dict, status: dict, word: str):
    assert pod(state, status=status)["Status"] == word


def test_a_deleted_pod_is_terminating():
    assert pod({"running": {}}, deletionTimestamp=ago(1))["Status"] == "Terminating"


def test_restarts_say_when():
    assert pod({"running": {}}, count=4, last={"finishedAt": ago(12)})["Restarts"] == "4 (12s ago)"
    assert pod({"running": {}}, count=4)["Restarts"] == "4"


def test_an_event_and_its_repeats():
    event = {
        "involvedObject": {"kind": "Pod", "name": "web-0"},
        "type": "Warning",
        "reason": "Crashed",
        "message": "exit 1\n",
        "lastTimestamp": ago(10),
        "firstTimestamp": ago(180),
        "metadata": {"name": "e"},
    }
    found = cells(kinds.EVENTS, event)
    assert [found[name] for name in ("Last Seen", "Type", "Reason", "Object", "Message")] == [
        "10s", "Warning", "Crashed", "pod/web-0", "exit 1",
    ]  # fmt: skip
    assert cells(kinds.EVENTS, {**event, "count": 5})["Last Seen"] == "10s (x5 over 3m)"


def test_namespaces_and_revisions():
    assert cells(kinds.NAMESPACES, {"metadata": {"name": "a", "creationTimestamp": ago(1)}}) == {
        "Name": "a", "Status": "Active", "Age": "1s",
    }  # fmt: skip
    revision = {
        "metadata": {"name": "r", "ownerReferences": [{"kind": "WorkerSet", "name": "web"}]},
        "revision": 3,
    }
    assert cells(kinds.REVISIONS, revision)["Controller"] == "workerset/web"


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "name",
                    "status",
                    "state",
                    "terminated",
                    "containerStatuses",
                    "lastState",
                    "restartCount",
                    "num",
                    "background",
                    "command",
                    "args",
                    "ownerReferences",
                    "count",
                    "creationTimestamp",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(st.sampled_from(kinds.RESOURCES), JSON_VALUES, JSON_VALUES, JSON_VALUES)
def test_no_object_breaks_a_table(resource: kinds.Resource, meta: object, spec: object, status: object):
    layout = table.layout(resource)
    found = layout.cells({"metadata": meta, "spec": spec, "status": status, "count": status}, NOW)
    assert len(found) == len(layout.columns)
    json.dumps(found)
