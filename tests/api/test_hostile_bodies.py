"""Bodies of every content type, malformed, truncated, nested or too large; patches against the schema."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.api import bodies, protobuf
from tests.api import protobuf_writer as wire
from tests.api.driver import APPLY, JSON_PATCH, MERGE, SCHEMA, SETS, Api, workerset

JSON = "application/json"
YAML = "application/yaml"
STRATEGIC = "application/strategic-merge-patch+json"
PROTOBUF = protobuf.MEDIA_TYPE
NAMESPACES = "/api/v1/namespaces"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
WEB = f"{SETS}/web"

WRITES = [
    ("POST", SETS, JSON),
    ("POST", SETS, YAML),
    ("PUT", WEB, JSON),
    ("PUT", WEB, YAML),
    ("PATCH", WEB, MERGE),
    ("PATCH", WEB, JSON_PATCH),
    ("PATCH", f"{WEB}?fieldManager=me", APPLY),
    ("PATCH", f"{NAMESPACES}/default", STRATEGIC),
    ("PUT", f"{WEB}/status", JSON),
    ("PATCH", f"{WEB}/status", MERGE),
    ("PUT", f"{WEB}/scale", JSON),
    ("PATCH", f"{WEB}/scale", MERGE),
    ("PATCH", f"{WEB}/scale", JSON_PATCH),
    ("DELETE", WEB, JSON),
    ("DELETE", WEB, PROTOBUF),
    ("POST", NAMESPACES, PROTOBUF),
    ("POST", f"{NAMESPACES}/default/events", JSON),
    ("POST", f"{NAMESPACES}/default/events", PROTOBUF),
    ("POST", REVIEWS, PROTOBUF),
    ("POST", REVIEWS, JSON),
]

WHOLE = json.dumps(workerset("web")).encode()
DEEP = 100_000


def nested(content_type: str) -> bytes:
    if content_type == PROTOBUF:
        body: Any = b""
        for _ in range(60):
            body = wire.message({1: body})
        return wire.envelope("v1", "Namespace", {1: {13: body}, 2: body})
    if content_type in (YAML, APPLY):
        return b"a: " + b"[" * DEEP + b"]" * DEEP
    return b'{"a":' * DEEP + b"1" + b"}" * DEEP


MALFORMED = {
    JSON: [b"{", b'{"a":1}}', b"nul", b"\xff\xfe", b'{"a":NaN}', b"[]", b'"x"', b"7", b'{"a":"\\ud8"}'],
    YAML: [
        b"a: [",
        b"\x00",
        b"a: b: c",
        b"- 1",
        b"7",
        b"a: 1\n---\nb: 2",
        b"\xff",
        b"a: !!python/object:x {}",
    ],
    APPLY: [b"a: [", b"\x00", b"[]", b"7", b"{", b"\xff"],
    MERGE: [b"{", b"[]", b"7", b"\xff", b"null"],
    JSON_PATCH: [
        b"{",
        b"{}",
        b"7",
        b"[1]",
        b'[{"op":"x"}]',
        b'[{"op":"add"}]',
        b'[{"op":"remove","path":"/no"}]',
    ],
    STRATEGIC: [b"{", b"[]", b"7", b'{"$patch":"delete"}'],
    PROTOBUF: [b"{}", b"k8s\x00", b"\x00", b"k8s\x00\x0a\xff"],
}


@pytest.fixture
def web(api: Api) -> Api:
    api.create("web")
    return api


def refused(api: Api, method: str, target: str, body: bytes, content_type: str, *codes: int) -> None:
    """With a Status, and with nothing changed."""
    before = api.get(WEB).body
    answer = api.send(method, target, body, content_type=content_type)
    assert answer.code in codes, (answer.code, answer.body)
    status = answer.json()
    assert (status["kind"], status["status"], status["code"]) == ("Status", "Failure", answer.code)
    assert status["message"]
    assert api.get(WEB).body == before


@pytest.mark.parametrize(("method", "target", "content_type"), WRITES)
def test_malformed_bodies(web: Api, method: str, target: str, content_type: str):
    for body in MALFORMED[content_type]:
        refused(web, method, target, body, content_type, 400, 415, 422)


@pytest.mark.parametrize(("method", "target", "content_type"), WRITES)
def test_deeply_nested_bodies(web: Api, method: str, target: str, content_type: str):
    refused(web, method, target, nested(content_type), content_type, 400, 422)


@pytest.mark.parametrize(("method", "target", "content_type"), WRITES)
def test_oversized_bodies(web: Api, method: str, target: str, content_type: str):
    refused(web, method, target, b" " * (bodies.LIMIT + 1), content_type, 413)


@pytest.mark.parametrize(("method", "target", "content_type"), WRITES)
def test_truncated_bodies(web: Api, method: str, target: str, content_type: str):
    """What was cut off never counts as whole."""
    if content_type == PROTOBUF:
        whole = wire.envelope("v1", "Namespace", {1: {1: "a-name-that-is-long"}})[:-4]  # two empty fields
    elif content_type == JSON_PATCH:
        whole = b'[{"op":"add","path":"/metadata/labels","value":{"a":"b"}}]'
    else:
        whole = b'{"metadata":{"labels":{"a":"b"}},"spec":{"replicas":2}}'
    for end in range(1, len(whole)):
        refused(web, method, target, whole[:end], content_type, 400, 415, 422)


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "multipart/form-data", "x"])
@pytest.mark.parametrize(("method", "target"), [("POST", SETS), ("PUT", WEB), ("PATCH", WEB)])
def test_unknown_formats(web: Api, method: str, target: str, content_type: str):
    refused(web, method, target, WHOLE, content_type, 415)


@pytest.mark.parametrize(
    ("content_type", "change"),
    [
        (MERGE, {"spec": {"num": "three"}}),
        (MERGE, {"spec": {"num": -1}}),
        (MERGE, {"spec": {"command": None}}),
        (MERGE, {"spec": None}),
        (MERGE, {"spec": []}),
        (MERGE, {"kind": "Pod"}),
        (MERGE, {"apiVersion": "workerset.dev/v2"}),
        (MERGE, {"metadata": {"name": "other"}}),
        (MERGE, {"metadata": {"labels": {"a": {}}}}),
        (MERGE, {"metadata": {"labels": {"a b": "c"}}}),
        (MERGE, {"metadata": {"managedFields": [{"fieldsV1": 7}]}}),
        (JSON_PATCH, [{"op": "replace", "path": "", "value": []}]),
        (JSON_PATCH, [{"op": "remove", "path": "/spec"}]),
        (JSON_PATCH, [{"op": "replace", "path": "/spec/num", "value": "x"}]),
        (JSON_PATCH, [{"op": "add", "path": "/spec/command/-", "value": {}}]),
        (APPLY, {"apiVersion": "workerset.dev/v1", "kind": "WorkerSet", "spec": {"num": "x"}}),
        (APPLY, {"apiVersion": "v1", "kind": "Pod", "spec": {}}),
        (APPLY, {"spec": {"num": 1}}),
    ],
)
def test_patches_that_would_break_the_schema(web: Api, content_type: str, change: Any):
    target = f"{WEB}?fieldManager=me&force=true" if content_type == APPLY else WEB
    refused(web, "PATCH", target, json.dumps(change).encode(), content_type, 400, 422)


def test_what_is_left_without_unknown_fields_is_judged_too(web: Api):
    refused(web, "PATCH", WEB, b'{"spec":{"readiness_probe":{"htp":"/"}}}', MERGE, 422)
    body = json.dumps(workerset("other", {"command": ["x"], "readiness_probe": {"htp": "/"}})).encode()
    refused(web, "POST", SETS, body, JSON, 422)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "a", "1s", "always", "\x00"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from(sorted(SCHEMA.document()["properties"]["spec"]["properties"]))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(change=st.dictionaries(FIELDS, VALUES, min_size=1, max_size=4), apply=st.booleans())
def test_no_patch_leaves_an_object_that_breaks_its_schema(web: Api, change: dict[str, Any], apply: bool):
    if apply:
        config = {"apiVersion": "workerset.dev/v1", "kind": "WorkerSet", "spec": change}
        answer = web.apply(WEB, config, force=True)
    else:
        answer = web.patch(WEB, {"spec": change})
    assert answer.code in (200, 400, 422), answer.body
    found = web.get(WEB).json()
    assert not SCHEMA.problems(found), found
