"""S3.2 through the API: no write but a release takes away what workers asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from controller import ports
from tests.api.driver import APPLY, JSON_PATCH, SETS, Api

JOBS = f"{SETS}/jobs"
SPEC: dict[str, Any] = {"command": ["x"], "background": True, "max_threads": 3}


@pytest.fixture
def api() -> Iterator[Api]:
    made = Api()
    made.create("jobs", {**SPEC, "instances": ["declared"]})
    yield made
    made.close()


def ensure(api: Api, *names: str, **more: Any) -> Any:
    return api.send(
        "POST", "/workerset/v1/ensure", {"names": list(names), "wait": False, "timeout": 0.01, **more}
    ).json()


def listed(api: Api) -> list[str]:
    found: list[str] = api.get(JOBS).json()["spec"].get("instances", [])
    return found


def test_s3_2_the_command_line_ensures_and_releases(api: Api) -> None:
    answer = ensure(api, "asked")
    assert answer["error"]["type"] == "timeout", "there is no engine here to start it"
    assert listed(api) == ["declared", "asked"]
    entries = {one["manager"]: one for one in api.get(JOBS).json()["metadata"]["managedFields"]}
    assert entries["workerset-ensure"]["fieldsV1"] == {"f:spec": {"f:instances": {'v:"asked"': {}}}}
    released = api.send("POST", "/workerset/v1/release", {"names": ["asked", "declared"]}).json()
    assert released == {"ok": True, "released": ["asked"]}
    assert listed(api) == ["declared"]


def test_s3_2_a_merge_patch_that_replaces_the_list_does_not(api: Api) -> None:
    ensure(api, "asked")
    answer = api.patch(JOBS, {"spec": {"instances": ["other"]}})
    assert answer.json()["spec"]["instances"] == ["other", "asked"]
    assert api.patch(JOBS, {"spec": {"instances": None}}).json()["spec"]["instances"] == ["asked"]


def test_s3_2_nor_a_json_patch_an_update_or_an_apply(api: Api) -> None:
    ensure(api, "asked")
    api.patch(JOBS, [{"op": "remove", "path": "/spec/instances"}], JSON_PATCH)
    assert listed(api) == ["asked"]
    obj = api.get(JOBS).json()
    del obj["spec"]["instances"]
    assert api.send("PUT", JOBS, obj).json()["spec"]["instances"] == ["asked"]
    config = {
        "apiVersion": "workerset.dev/v1",
        "kind": "WorkerSet",
        "metadata": {"name": "jobs"},
        "spec": SPEC,
    }
    api.send("PATCH", f"{JOBS}?fieldManager=me&force=true", config, content_type=APPLY)
    assert listed(api) == ["asked"]


def test_s3_2_nor_a_manifest_that_is_applied_again(api: Api) -> None:
    document = {
        "apiVersion": "workerset.dev/v1",
        "kind": "WorkerSet",
        "metadata": {"name": "jobs"},
        "spec": {**SPEC, "instances": ["declared"]},
    }
    body = {"items": [{"object": document}], "fieldManager": "workerctl"}
    api.send("POST", "/workerset/v1/apply", body)
    ensure(api, "asked")
    (item,) = api.send("POST", "/workerset/v1/apply", body).json()["items"]
    assert item["operation"] == "unchanged"
    assert listed(api) == ["declared", "asked"]


def test_s3_2_a_set_with_ensured_names_can_become_a_named_one(api: Api) -> None:
    ensure(api, "asked", "declared")
    answer = api.patch(JOBS, {"spec": {"name": "asked", "instances": None}})
    assert answer.code == 200, answer.body
    assert answer.json()["spec"]["instances"] == ["asked"]


def test_s2_5_lowering_the_cap_below_what_is_ensured_is_allowed(api: Api) -> None:
    ensure(api, "a", "b")
    assert api.patch(JOBS, {"spec": {"max_threads": 1}}).code == 200
    assert listed(api) == ["declared", "a", "b"]


def test_s3_1_errors_have_the_shape_of_the_worker_socket(api: Api) -> None:
    assert ensure(api)["error"]["type"] == "invalid"
    assert ensure(api, "a", scope=3)["error"]["type"] == "type"
    assert ensure(api, "a", namespace="elsewhere")["error"]["type"] == "undeclared"
    assert api.send("POST", "/workerset/v1/ensure", {"names": ["a"], "namespace": 3}).code == 400


def vars_entry(api: Api, name: str) -> Any:
    items = api.get("/workerset/v1/vars/default").json()["items"]
    return next(one for one in items if one["name"] == name)


def test_s6_4_vars_for_people(api: Api) -> None:
    ensure(api, "asked")
    name = ports.VarsName("default", "", "asked")
    api.vars.slot(name)
    empty = vars_entry(api, "asked")
    assert (empty["scope"], empty["ready"], empty["generation"]) == ("", False, 0)
    assert "publishedAt" not in empty
    api.vars.publish(name, {"host": "db", "port": 5432})
    found = api.get("/workerset/v1/vars/default?name=asked").json()
    assert found["value"] == {"host": "db", "port": 5432}
    assert found["generation"] > 0
    assert found["ageSeconds"] > 0
    api.vars.damage(name)
    assert "damaged" in vars_entry(api, "asked")["problem"]
    assert api.get("/workerset/v1/vars/default?scope=shop").json()["items"] == []
