"""What clients learn of the API before they use it: discovery, OpenAPI, the version."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from controller.api import discovery, registry
from tests.api.driver import Api

WANTS_AGGREGATED = (
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"
)
OPENAPI_V2 = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"


def documents(api: Api) -> dict[str, Any]:
    """Every OpenAPI document, followed from the index."""
    index = api.get("/openapi/v3").json()["paths"]
    return {name: api.get(entry["serverRelativeURL"]).json() for name, entry in index.items()}


def test_legacy_discovery_names_every_kind_and_verb(api: Api):
    assert api.get("/api").json()["versions"] == ["v1"]
    groups = api.get("/apis").json()["groups"]
    found = [("", "v1"), *((group["name"], group["preferredVersion"]["version"]) for group in groups)]
    listed = {}
    for group, version in found:
        path = f"/apis/{group}/{version}" if group else f"/api/{version}"
        for entry in api.get(path).json()["resources"]:
            listed[group, entry["name"]] = set(entry["verbs"])
    for served in registry.SERVED:
        group, plural = served.resource.group, served.resource.plural
        assert listed.pop((group, plural)) == set(served.verbs)
        for name, verbs in served.subresources:
            assert listed.pop((group, f"{plural}/{name}")) == set(verbs)
    assert not listed


def test_one_group_by_itself(api: Api):
    found = api.get("/apis/workerset.dev").json()
    assert found["kind"] == "APIGroup"
    assert found["preferredVersion"] == {"groupVersion": "workerset.dev/v1", "version": "v1"}
    assert api.get("/apis/nothing.dev").code == 404


def test_scale_is_of_another_group(api: Api):
    entries = {one["name"]: one for one in api.get("/apis/workerset.dev/v1").json()["resources"]}
    assert entries["workersets"]["shortNames"] == ["ws"]
    assert entries["workersets"]["categories"] == ["all", "workers"]
    scale = entries["workersets/scale"]
    assert (scale["group"], scale["version"], scale["kind"]) == ("autoscaling", "v1", "Scale")
    assert "group" not in entries["workersets/status"]


def test_aggregated_discovery_says_the_same(api: Api):
    for path in ("/api", "/apis"):
        answer = api.get(path, accept=WANTS_AGGREGATED)
        assert answer.header("content-type") == discovery.AGGREGATED
        for item in answer.json()["items"]:
            for version in item["versions"]:
                for found in version["resources"]:
                    served = registry.find_plural(item["metadata"].get("name", ""), found["resource"])
                    assert served is not None
                    assert found["responseKind"] == served.gvk
                    assert found["scope"] == ("Namespaced" if served.resource.namespaced else "Cluster")
                    below = {one["subresource"]: one["verbs"] for one in found.get("subresources", ())}
                    assert below == {name: sorted(verbs) for name, verbs in served.subresources}


@pytest.mark.parametrize(
    "accept",
    ["", "application/json", "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"],
)
def test_whoever_does_not_ask_for_it_gets_legacy_discovery(api: Api, accept: str):
    assert api.get("/apis", accept=accept).json()["kind"] == "APIGroupList"


@pytest.mark.parametrize("path", ["/api", "/apis", "/apis/workerset.dev/v1", "/openapi/v3"])
def test_what_a_client_has_is_not_sent_again(api: Api, path: str):
    first = api.get(path)
    assert (first.header("cache-control"), first.header("vary")) == ("public", "Accept")
    again = api.get(path, if_none_match=first.header("etag"))
    assert (again.code, again.body) == (304, b"")
    assert api.get(path, if_none_match='"other"').code == 200


def test_openapi_documents_are_named_by_their_hash_and_kept_for_ever(api: Api):
    entry = api.get("/openapi/v3").json()["paths"]["apis/workerset.dev/v1"]
    answer = api.get(entry["serverRelativeURL"])
    digest = hashlib.sha512(answer.body).hexdigest().upper()
    assert entry["serverRelativeURL"].endswith(f"?hash={digest}")
    assert answer.header("cache-control") == "public, immutable"
    assert answer.header("expires")
    other = api.get("/openapi/v3/apis/workerset.dev/v1?hash=0")
    assert (other.header("cache-control"), other.body) == ("public", answer.body)


def test_every_patch_takes_field_validation_and_names_its_kind(api: Api):
    """kubectl looks for exactly this before it leaves validation to the server."""
    patches = 0
    for document in documents(api).values():
        for path in document["paths"].values():
            if "patch" in path:
                patches += 1
                assert {"group", "version", "kind"} == path["patch"]["x-kubernetes-group-version-kind"].keys()
                assert "fieldValidation" in {one["name"] for one in path["patch"]["parameters"]}
    assert patches >= 4


def test_references_of_openapi_documents_lead_somewhere(api: Api):
    def references(value: Any) -> list[str]:
        if isinstance(value, list):
            return [found for one in value for found in references(one)]
        if not isinstance(value, dict):
            return []
        here = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return here + [found for one in value.values() for found in references(one)]

    for document in documents(api).values():
        known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
        assert set(references(document)) <= known


def test_the_schema_of_workersets_is_ours(api: Api):
    schemas = documents(api)["apis/workerset.dev/v1"]["components"]["schemas"]
    found = schemas["dev.workerset.v1.WorkerSet"]
    assert found["x-kubernetes-group-version-kind"] == [
        {"group": "workerset.dev", "version": "v1", "kind": "WorkerSet"}
    ]
    spec = found["properties"]["spec"]["properties"]
    assert spec["num"]["type"] == "integer"
    assert spec["instances"]["x-kubernetes-list-type"] == "set"
    assert spec["args"]["x-kubernetes-list-type"] == "atomic"
    conditions = found["properties"]["status"]["properties"]["conditions"]
    assert conditions["x-kubernetes-list-map-keys"] == ["type"]
    assert all(field.get("description") for field in spec.values())


def test_openapi_v2_is_there_for_old_clients_and_empty(api: Api):
    answer = api.get("/openapi/v2", accept=OPENAPI_V2)
    assert answer.code == 200
    assert len(answer.body) == 24
    assert answer.header("content-type").endswith("protobuf")
    assert api.get("/openapi/v2", accept="application/json").code == 406


def test_the_version_makes_kubectl_use_its_own_binary(api: Api):
    answer = api.get("/version")
    assert (answer.json()["major"], answer.json()["minor"]) == ("1", "32")
    assert "no-cache" in answer.header("cache-control")
    assert api.get("/version/").json() == answer.json()
    assert api.get("/apis/").json()["kind"] == "APIGroupList"


def test_there_are_no_services_and_clients_may_ask(api: Api):
    found = api.get("/api/v1/namespaces/kube-system/services?labelSelector=a%3Db").json()
    assert (found["kind"], found["items"]) == ("ServiceList", [])
    assert api.send("POST", "/api/v1/namespaces/default/services", {}).code == 405
