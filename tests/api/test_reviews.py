"""Access reviews: what one may do, for the owner and for a token that only reads."""

from __future__ import annotations

from typing import Any

import pytest

from controller.api import call as calls
from controller.api import registry, reviews
from controller.core import kinds, users
from tests.api import protobuf_writer as wire
from tests.api.driver import Api

ACCESS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
RULES = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
SUBJECT = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
READER = users.of_token("dashboard", "read-only")


def asking(api: Api, user: users.User) -> Api:
    """The same application, asked by somebody else: what the door of the TCP port puts into the scope."""
    inner = api.app

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await inner({**scope, calls.USER: user}, receive, send)

    api.app = app  # type: ignore[assignment]
    app.state = inner.state  # type: ignore[attr-defined]
    return api


def may(api: Api, verb: str, plural: str, *, group: str = "", subresource: str = "") -> dict[str, Any]:
    attributes = {"verb": verb, "group": group, "resource": plural, "subresource": subresource}
    answer = api.send("POST", ACCESS, {"spec": {"resourceAttributes": attributes}})
    assert answer.code == 201, answer.body
    assert answer.json()["spec"]["resourceAttributes"] == attributes
    found: dict[str, Any] = answer.json()["status"]
    return found


def test_the_owner_may_do_what_there_is(api: Api):
    assert may(api, "create", "workersets", group=kinds.GROUP) == {"allowed": True}
    assert may(api, "patch", "workersets", group=kinds.GROUP, subresource="scale") == {"allowed": True}
    assert may(api, "*", "*", group="*") == {"allowed": True}
    assert may(api, "create", "pods") == {"allowed": False, "reason": "create is not supported on pods"}
    assert may(api, "get", "nodepools") == {"allowed": False, "reason": "there are no nodepools here"}


def test_a_reader_may_read(api: Api):
    api = asking(api, READER)
    assert may(api, "list", "workersets", group=kinds.GROUP) == {"allowed": True}
    assert may(api, "get", "pods", subresource="log") == {"allowed": True}
    refused = {"allowed": False, "reason": "the token is for reading only"}
    assert may(api, "delete", "pods") == refused
    assert may(api, "*", "*", group="*") == refused


def test_a_stream_into_a_worker_is_no_reading():
    served = registry.SERVED[0]
    assert not any(reviews.may_read(served, "get", name) for name in registry.STREAMS)


def test_paths_that_are_no_resource(api: Api):
    body = {"spec": {"nonResourceAttributes": {"path": "/version", "verb": "get"}}}
    assert api.send("POST", ACCESS, body).json()["status"] == {"allowed": True}
    api = asking(api, READER)
    assert api.send("POST", ACCESS, body).json()["status"] == {"allowed": True}


def test_the_list_of_what_one_may_do(api: Api):
    def verbs(rules: list[dict[str, Any]]) -> set[str]:
        return {verb for rule in rules for verb in rule["verbs"] if "review" not in rule["resources"][0]}

    found = api.send("POST", RULES, {"spec": {"namespace": "default"}}).json()["status"]["resourceRules"]
    assert {"delete", "patch", "create"} <= verbs(found)
    api = asking(api, READER)
    found = api.send("POST", RULES, {"spec": {"namespace": "default"}}).json()["status"]["resourceRules"]
    assert verbs(found) == {"get", "list", "watch"}


def test_who_am_i(api: Api):
    info = api.send("POST", SUBJECT, {}).json()["status"]["userInfo"]
    assert info == {"username": "workerset:owner", "groups": ["system:masters", "system:authenticated"]}
    info = asking(api, READER).send("POST", SUBJECT, {}).json()["status"]["userInfo"]
    assert info == {"username": "workerset:token:dashboard", "groups": ["system:authenticated"]}


def test_a_review_in_protobuf_as_kubectl_asks(api: Api):
    body = wire.envelope(
        "authorization.k8s.io/v1",
        "SelfSubjectAccessReview",
        {1: {}, 2: {1: {1: "default", 2: "delete", 3: "", 5: "pods", 7: ""}}, 3: {1: 0}},
    )
    answer = api.send("POST", ACCESS, body, content_type="application/vnd.kubernetes.protobuf")
    assert answer.json()["status"] == {"allowed": True}


@pytest.mark.parametrize("path", [ACCESS, RULES, SUBJECT])
def test_reviews_are_only_created(api: Api, path: str):
    assert api.get(path).code == 405
    assert api.send("POST", path, b"[1]").code == 400
