"""Bodies in Kubernetes' protobuf, whole and broken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.api import protobuf
from controller.core import errors
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


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "does not begin"),
        (b"{}", "does not begin"),
        (b"k8s\x00", "not read in protobuf"),
        (b"k8s\x00\xff", "ends too early"),
        (b"k8s\x00" + b"\xff" * 20, "too long"),
        (b"k8s\x00\x0b", "wire type"),
        (NAMESPACE[:-40], "ends too early"),
        (wire.envelope("apps/v1", "DaemonSet", {}), "send it as JSON"),
        (wire.envelope("v1", "Namespace", {1: 7}), "written as a number"),
        (wire.envelope("v1", "Namespace", {1: {1: b"\xff"}}), "no UTF-8"),
        (wire.envelope("v1", "ConfigMap", {4: "yes"}), "written as text"),
    ],
)
def test_a_broken_body_is_refused_with_what_is_wrong(api: Api, body: bytes, told: str):
    answer = api.send("POST", "/api/v1/namespaces", body, content_type=PROTOBUF)
    assert answer.code == 400
    assert told in answer.json()["message"]


def test_another_kind_than_that_of_the_path_is_refused(api: Api):
    body = wire.envelope("v1", "ConfigMap", {1: {1: "a"}})
    assert api.send("POST", "/api/v1/namespaces", body, content_type=PROTOBUF).code == 400


@given(st.binary(max_size=200), st.integers(0, len(NAMESPACE)))
def test_no_bytes_break_the_reader(noise: bytes, place: int):
    for body in (noise, b"k8s\x00" + noise, NAMESPACE[:place], NAMESPACE[:place] + noise):
        try:
            assert isinstance(protobuf.parse(body), dict)
        except errors.BadRequest:
            pass
