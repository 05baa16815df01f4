"""Requests made up from our own OpenAPI documents (schemathesis): no server error, nothing undocumented."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import strategies as st
from schemathesis import checks
from schemathesis.core import NotSet
from schemathesis.specs.openapi import checks as openapi_checks

from controller.api.openapi import serving
from controller.core import kinds
from controller.manifest import schema
from tests.api.driver import DEADLINE, Api, Client, pod

DOCUMENTS = [json.loads(one.body) for one in serving.build(schema.WorkerSetSchema().document()).values()]
CHECKS = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
]
EXAMPLES = 20


def operations() -> Iterator[Any]:
    for document in DOCUMENTS:
        for found in schemathesis.openapi.from_dict(document).get_all_operations():
            operation = found.ok()
            if not operation.path.endswith(("/exec", "/attach", "/portforward")):
                yield pytest.param(operation, id=f"{operation.method} {operation.path}")


@pytest.fixture
def busy(api: Api) -> Api:
    """With an object of most kinds there."""
    api.create("web", {"command": ["sleep", "1"]})
    api.store.create(kinds.PODS, pod("web-0"))
    for plural, kind in (("namespaces", "Namespace"), ("namespaces/default/configmaps", "ConfigMap")):
        made = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "web"}}
        assert api.send("POST", f"/api/v1/{plural}", made).code == 201
    return api


@pytest.mark.parametrize("operation", list(operations()))
def test_what_is_documented_is_what_is_answered(busy: Api, operation: Any):
    @hypothesis.settings(
        max_examples=EXAMPLES, suppress_health_check=list(hypothesis.HealthCheck), derandomize=True
    )
    @hypothesis.given(case=operation.as_strategy(), likely=st.booleans())
    def each(case: schemathesis.Case, likely: bool) -> None:
        if likely:
            make_likely(busy, case)
        found = answer(busy, case)
        streams = found.status_code == 200 and {"watch", "follow"} & case.query.keys()
        case.validate_response(found, checks=CHECKS[:2] if streams else CHECKS)
        assert found.status_code != 415, "documented, and not taken"

    each()


def make_likely(api: Api, case: schemathesis.Case) -> None:
    """About something that is there, with a body that says what it is."""
    place, about = case.path_parameters, case.operation.definition.raw["x-kubernetes-group-version-kind"]
    if "namespace" in place:
        place["namespace"] = "default"
    if "name" in place:
        listing = case.operation.path.partition("/{name}")[0].replace("{namespace}", "default")
        items = api.get(listing).json()["items"]
        place["name"] = items[0]["metadata"]["name"] if items else "web"
    if isinstance(case.body, dict) and case.method in ("POST", "PUT"):
        version = f"{about['group']}/{about['version']}".strip("/")
        metadata = {key: place[key] for key in place.keys() & {"name", "namespace"}}
        case.body |= {
            "apiVersion": version, "kind": about["kind"], "metadata": {"name": "made", **metadata}
        }  # fmt: skip
    for key in case.query.keys() & {"continue", "fieldSelector", "labelSelector", "dryRun"}:
        del case.query[key]


def answer(api: Api, case: schemathesis.Case) -> schemathesis.Response:
    target = case.path
    for name, value in case.path_parameters.items():
        target = target.replace(f"{{{name}}}", quote(str(value), safe=""))
    query = [(key, one) for key, value in case.query.items() for one in listed(value)]
    if query:
        target += "?" + urlencode([(key, text(value)) for key, value in query])
    given = None if isinstance(case.body, NotSet) else json.dumps(case.body).encode()
    sent = {"accept": "application/json, text/plain"} | ({"content-type": case.media_type} if given else {})
    client = Client(api, case.method, target, given or b"", sent).started()
    if {"watch", "follow"} & case.query.keys():
        client.hang_up()
    api.run(asyncio.wait_for(client.task, DEADLINE))
    heard: dict[str, list[str]] = {}
    for key, value in client.headers:
        heard.setdefault(key, []).append(value)
    asked = requests.Request(case.method, "http://workerset" + target, sent, data=given).prepare()
    return schemathesis.Response(client.code, heard, b"".join(client.chunks), asked, 0.0, False)


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
