"""`Allow`, `Accept-Patch` and `Accept`: what refusals say of methods and formats is true of every kind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controller.api import registry
from controller.core import kinds
from tests.api.driver import APPLY, JSON_PATCH, MERGE, SETS, Api

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
STRATEGIC = "application/strategic-merge-patch+json"


def paths() -> Iterator[str]:
    """Each kind's list, list of all namespaces, object and subresources."""
    for served in registry.SERVED:
        resource = served.resource
        inside = f"{resource.base_path}/namespaces/default" if resource.namespaced else resource.base_path
        yield f"{inside}/{resource.plural}"
        if resource.namespaced:
            yield f"{resource.base_path}/{resource.plural}"
        if served.verbs != ("create",):  # a review, which is answered and gone
            yield f"{inside}/{resource.plural}/there"
        for name, _ in served.subresources:
            yield f"{inside}/{resource.plural}/there/{name}"


def allowed(api: Api, path: str) -> set[str]:
    refused = api.send("OPTIONS", path)
    assert refused.code == 405
    return set(refused.header("allow").split(", ")) - {""}


@pytest.mark.parametrize("path", tuple(paths()))
def test_allow_names_the_methods_that_a_path_has_and_no_others(api: Api, path: str) -> None:
    said = allowed(api, path)
    for method in METHODS:
        answer = api.send(method, path, {}, content_type=MERGE if method == "PATCH" else "application/json")
        assert (answer.code != 405) == (method in said), (method, answer.code, said)
        if answer.code == 405:
            assert set(answer.header("allow").split(", ")) - {""} == said


def test_what_is_published_can_only_be_read(api: Api) -> None:
    path = "/api/v1/namespaces/default/configmaps/vars.flags"
    for method in ("PUT", "PATCH", "DELETE"):
        answer = api.send(method, path, {}, content_type=MERGE)
        assert (answer.code, answer.header("allow")) == (405, "GET, HEAD")


def formats(api: Api, path: str) -> set[str]:
    refused = api.patch(path, b"{}", "text/plain")
    assert (refused.code, refused.json()["reason"]) == (415, "UnsupportedMediaType")
    return set(refused.header("accept-patch").split(", "))


@pytest.mark.parametrize(
    ("resource", "subresource"),
    [
        (one.resource, name)
        for one in registry.SERVED
        for name in ("", "status", "scale")
        if "patch" in one.verbs_of(name)
    ],
    ids=str,
)
def test_accept_patch_names_the_formats_that_are_documented_and_taken(
    api: Api, resource: kinds.Resource, subresource: str
) -> None:
    api.create("there", {"command": ["sleep", "9"]})
    inside = f"{resource.base_path}/namespaces/default" if resource.namespaced else resource.base_path
    path = f"{inside}/{resource.plural}/there" + (f"/{subresource}" if subresource else "")
    said = formats(api, path)
    for kind in (APPLY, MERGE, JSON_PATCH, STRATEGIC):
        body = b"[]" if kind == JSON_PATCH else b"{}"
        answer = api.patch(f"{path}?fieldManager=me&dryRun=All", body, kind)
        assert (answer.code != 415) == (kind in said), (kind, answer.body)
    group = f"/apis/{resource.api_version}" if resource.group else f"/api/{resource.version}"
    documented = api.get(f"/openapi/v3{group}").json()["paths"][path.replace("/there", "/{name}").replace(
        "/default/", "/{namespace}/"
    )]["patch"]["requestBody"]["content"]  # fmt: skip
    assert set(documented) == said


def test_an_apply_of_a_deployment_says_which_patches_it_takes(api: Api) -> None:
    api.create("web", {"command": ["sleep", "9"]})
    path = "/apis/apps/v1/namespaces/default/deployments/web"
    refused = api.patch(f"{path}?fieldManager=me", {"kind": "Deployment"}, APPLY)
    assert refused.code == 415
    assert "apply the WorkerSet" in refused.json()["message"]
    assert set(refused.header("accept-patch").split(", ")) == {MERGE, JSON_PATCH, STRATEGIC}


def test_a_body_in_an_unknown_format_is_told_the_known_ones(api: Api) -> None:
    refused = api.send("POST", SETS, b"<a/>", content_type="text/xml")
    assert refused.code == 415
    assert refused.header("accept").split(", ")[:2] == ["application/json", "application/yaml"]
    assert not refused.header("accept-patch")
