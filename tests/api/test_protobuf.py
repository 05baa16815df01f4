"""Bodies in Kubernetes' protobuf, whole and broken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.api import protobuf
from controller.core import errors, kinds
from tests.api import protobuf_writer as wire
from tests.api.driver import Api

PROTOBUF = protobuf.MEDIA_TYPE
NAMESPACE = wire.envelope(
    "v1",
    "Namespace",
    {
        1: {1: "shop", 2: "", 3: "", 8: {}, 11: wire.pairs({"team": "a"}), 14: ["example.com/wait"]},
        2: {1: ["kubernetes"]},
        3: {1: ""},
    },
)


def test_a_namespace_as_kubectl_creates_it(api: Api):
    answer = api.send("POST", "/api/v1/namespaces", NAMESPACE, content_type=PROTOBUF)
    assert answer.code == 201, answer.body
    metadata = answer.json()["metadata"]
    assert metadata["name"] == "shop"
    assert metadata["labels"]["team"] == "a"
    assert metadata["finalizers"] == ["example.com/wait"]


def test_a_deletion_with_options(api: Api):
    api.send("POST", "/api/v1/namespaces", NAMESPACE, content_type=PROTOBUF)
    options = wire.envelope("v1", "DeleteOptions", {1: 0, 2: {1: "another"}, 4: "Background"})
    answer = api.send("DELETE", "/api/v1/namespaces/shop", options, content_type=PROTOBUF)
    assert answer.code == 409
    assert "another" in answer.json()["message"]


def test_every_shape_of_field():
    body = wire.envelope(
        "v1",
        "ConfigMap",
        {
            1: {1: "published", 5: "u", 7: 4, 8: {1: 1_700_000_000}, 13: [{1: "WorkerSet", 3: "web", 6: 1}]},
            2: wire.pairs({"a": "1", "ü": ""}),
            3: wire.pairs({"raw": b"\x00\xff"}),
            4: 1,
            99: "passed over",
        },
    )
    assert protobuf.parse(body) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "published",
            "uid": "u",
            "generation": 4,
            "creationTimestamp": "2023-11-14T22:13:20Z",
            "ownerReferences": [{"kind": "WorkerSet", "name": "web", "controller": True}],
        },
        "data": {"a": "1", "ü": ""},
        "binaryData": {"raw": "AP8="},
        "immutable": True,
    }


ABOUT = {1: "WorkerSet", 2: "default", 3: "web", 4: "u", 5: "workerset.dev/v1", 6: "7", 7: ""}


def test_an_event_as_a_recorder_in_go_writes_it(api: Api):
    """Times that are not set are empty messages, numbers that are not set zeros."""
    api.create("web")
    body = wire.envelope(
        "v1",
        "Event",
        {
            1: {1: "web.17", 2: "", 3: "default", 8: {}},
            2: ABOUT,
            3: "Resized",
            4: "from 1 to 2",
            5: {1: "an-operator", 2: ""},
            6: {1: 1_700_000_000},
            7: {1: 1_700_000_060},
            8: 3,
            9: "Warning",
            10: {},
            12: "",
            14: "an-operator",
            15: "",
        },
    )
    answer = api.send("POST", "/api/v1/namespaces/default/events", body, content_type=PROTOBUF)
    assert answer.code == 201, answer.body
    made = answer.json()
    assert made["involvedObject"]["name"] == "web"
    assert (made["reason"], made["type"], made["count"]) == ("Resized", "Warning", 3)
    assert (made["firstTimestamp"], made["lastTimestamp"]) == (
        "2023-11-14T22:13:20Z",
        "2023-11-14T22:14:20Z",
    )
    assert made["metadata"]["labels"] == {kinds.LABEL_SET: "web"}
    assert "eventTime" not in made


def test_an_event_of_the_newer_recorder_is_a_series(api: Api):
    micros = {1: 1_700_000_000, 2: 123_456_789}
    series = {1: 2, 2: {1: 1_700_000_001}}
    body = wire.envelope(
        "v1",
        "Event",
        {1: {1: "web.18", 3: "default"}, 2: ABOUT, 5: {}, 6: {}, 7: {}, 8: 0, 10: micros, 11: series},
    )
    made = api.send("POST", "/api/v1/namespaces/default/events", body, content_type=PROTOBUF).json()
    assert made["eventTime"] == "2023-11-14T22:13:20.123456Z"
    assert made["series"] == {"count": 2, "lastObservedTime": "2023-11-14T22:13:21.000000Z"}
    assert made["count"] == 1


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "does not begin"),
        (b"{}", "does not begin"),
        (b"k8s\x00\xff", "ends too early"),
        (b"k8s\x00" + b"\xff" * 20, "too long"),
        (b"k8s\x00\x0b", "wire type"),
        (NAMESPACE[:-40], "ends too early"),
        (wire.envelope("v1", "Namespace", {1: 7}), "written as a number"),
        (wire.envelope("v1", "Namespace", {1: {1: b"\xff"}}), "no UTF-8"),
        (wire.envelope("v1", "ConfigMap", {4: "yes"}), "written as text"),
    ],
)
def test_a_broken_body_is_refused_with_what_is_wrong(api: Api, body: bytes, told: str):
    answer = api.send("POST", "/api/v1/namespaces", body, content_type=PROTOBUF)
    assert answer.code == 400
    assert told in answer.json()["message"]


@pytest.mark.parametrize("body", [b"k8s\x00", wire.envelope("apps/v1", "DaemonSet", {})])
def test_a_kind_that_is_not_read_so_is_to_be_sent_as_json(api: Api, body: bytes):
    answer = api.send("POST", "/api/v1/namespaces", body, content_type=PROTOBUF)
    assert (answer.code, answer.header("accept")) == (415, "application/json, application/yaml")
    assert "send it as JSON" in answer.json()["message"]


def test_another_kind_than_that_of_the_path_is_refused(api: Api):
    body = wire.envelope("v1", "ConfigMap", {1: {1: "a"}})
    assert api.send("POST", "/api/v1/namespaces", body, content_type=PROTOBUF).code == 400


@given(st.binary(max_size=200), st.integers(0, len(NAMESPACE)))
def test_no_bytes_break_the_reader(noise: bytes, place: int):
    for body in (noise, b"k8s\x00" + noise, NAMESPACE[:place], NAMESPACE[:place] + noise):
        try:
            assert isinstance(protobuf.parse(body), dict)
        except (errors.BadRequest, errors.UnsupportedMediaType):
            pass
