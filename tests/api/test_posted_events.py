"""Events that clients write: judged, completed, and labelled with the set they are about."""

from __future__ import annotations

from typing import Any

import pytest

from controller.core import kinds
from tests.api.driver import Api

EVENTS = "/api/v1/namespaces/default/events"
STRATEGIC = "application/strategic-merge-patch+json"


def event(name: str = "web.1", **fields: Any) -> kinds.Object:
    about = {"apiVersion": "workerset.dev/v1", "kind": "WorkerSet", "name": "web", "namespace": "default"}
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name},
        "involvedObject": about,
        "reason": "Resized",
        "message": "from 1 to 2",
        "source": {"component": "an-operator"},
        **fields,
    }


def test_a_client_tells_of_a_set(api: Api) -> None:
    made = api.send("POST", EVENTS, event())
    assert made.code == 201, made.json()
    found = api.get(f"{EVENTS}?fieldSelector=involvedObject.name=web,reason=Resized").json()["items"]
    (one,) = found
    assert one["source"] == {"component": "an-operator"}
    assert (one["type"], one["count"]) == ("Normal", 1)
    assert one["firstTimestamp"] == one["lastTimestamp"]
    assert one["metadata"]["labels"] == {kinds.LABEL_SET: "web"}


def test_a_recorder_counts_up_by_a_patch(api: Api) -> None:
    api.send("POST", EVENTS, event())
    answer = api.patch(f"{EVENTS}/web.1", {"count": 2, "lastTimestamp": "2030-01-01T00:00:00Z"}, STRATEGIC)
    assert (answer.code, answer.json()["count"]) == (200, 2)
    assert answer.json()["lastTimestamp"] == "2030-01-01T00:00:00Z"


def test_a_name_may_be_generated_and_a_pod_stands_for_its_set(api: Api) -> None:
    api.pod("web-0")
    about = {"kind": "Pod", "name": "web-0", "namespace": "default"}
    body = event(involvedObject=about, metadata={"generateName": "kopf-event-"})
    made = api.send("POST", EVENTS, body).json()
    assert made["metadata"]["name"].startswith("kopf-event-")
    assert made["metadata"]["labels"][kinds.LABEL_SET] == "web"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"involvedObject": {"kind": "Pod", "name": "a", "namespace": "other"}}, "involvedObject.namespace"),
        ({"involvedObject": "web"}, "involvedObject"),
        ({"reason": 7}, "reason"),
        ({"reason": "x" * 129}, "reason"),
        ({"message": "x" * 20_000}, "message"),
        ({"type": "Loud"}, "type"),
        ({"count": -1}, "count"),
        ({"count": True}, "count"),
        ({"source": []}, "source"),
        ({"firstTimestamp": "soon"}, "firstTimestamp"),
        ({"lastTimestamp": 5}, "lastTimestamp"),
        ({"metadata": {"name": "a", "labels": "web"}}, "metadata.labels"),
    ],
)
def test_what_is_no_event_is_refused_by_field(api: Api, fields: dict[str, Any], field: str) -> None:
    answer = api.send("POST", EVENTS, event(**fields))
    assert answer.code == 422
    assert field in [cause["field"] for cause in answer.json()["details"]["causes"]]
    assert api.get(EVENTS).json()["items"] == []


def test_unknown_fields_are_refused_warned_about_or_dropped(api: Api) -> None:
    strict = api.send("POST", f"{EVENTS}?fieldValidation=Strict", event(bogus=1))
    assert (strict.code, 'unknown field "bogus"' in strict.json()["message"]) == (400, True)
    warned = api.send("POST", EVENTS, event(bogus=1))
    assert "bogus" not in warned.json()
    assert "unknown field" in warned.warnings[0]


def test_what_it_is_about_may_have_any_name(api: Api) -> None:
    about = {"kind": "WorkerSet", "name": "\ud800/" + "x" * 300, "namespace": "default"}
    assert api.send("POST", EVENTS, event(involvedObject=about)).code == 201
