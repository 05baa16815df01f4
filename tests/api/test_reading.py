"""get and list: forms, selectors, pages (Kubernetes API concepts)."""

from __future__ import annotations

import pytest

from controller.core import kinds
from tests.api.driver import PODS, SETS, TABLE, Api


def names(answer):
    return [item["metadata"]["name"] for item in answer.json()["items"]]


def test_an_object_says_what_it_is(api: Api):
    api.create("web")
    found = api.get(f"{SETS}/web")
    assert found.code == 200
    assert (found.json()["apiVersion"], found.json()["kind"]) == ("workerset.dev/v1", "WorkerSet")
    assert found.header("cache-control") == "no-cache, private"
    assert found.header("content-type") == "application/json"


def test_a_list_is_of_one_version_and_sorted(api: Api):
    for name in ("c", "a", "b"):
        api.create(name)
    found = api.get(SETS)
    assert found.json()["kind"] == "WorkerSetList"
    assert found.json()["metadata"] == {"resourceVersion": str(api.store.version())}
    assert names(found) == ["a", "b", "c"]
    assert all(item["kind"] == "WorkerSet" for item in found.json()["items"])


def test_all_namespaces_are_listed_without_one_in_the_path(api: Api):
    api.send("POST", "/api/v1/namespaces", {"metadata": {"name": "other"}})
    api.create("web")
    api.send(
        "POST", SETS.replace("default", "other"), {"metadata": {"name": "web"}, "spec": {"command": "x"}}
    )
    assert len(api.get("/apis/workerset.dev/v1/workersets").json()["items"]) == 2
    assert names(api.get(SETS.replace("default", "nowhere"))) == []


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("labelSelector=app%3Dweb", ["a"]),
        ("labelSelector=app+in+(web,db)", ["a", "b"]),
        ("labelSelector=!app", ["c"]),
        ("fieldSelector=metadata.name%3Db", ["b"]),
        ("labelSelector=app&fieldSelector=metadata.name!%3Da", ["b"]),
    ],
)
def test_selectors_pick(api: Api, selector: str, expected: list[str]):
    api.create("a", labels={"app": "web"})
    api.create("b", labels={"app": "db"})
    api.create("c")
    assert names(api.get(f"{SETS}?{selector}")) == expected


def test_an_unknown_field_of_a_selector_is_named(api: Api):
    refused = api.get(f"{SETS}?fieldSelector=spec.num%3D1")
    assert refused.code == 400
    assert refused.json()["message"] == "field label not supported: spec.num"


def test_pages_are_cut_from_one_snapshot(api: Api):
    for name in "abcde":
        api.create(name)
    first = api.get(f"{SETS}?limit=2").json()
    assert first["metadata"]["remainingItemCount"] == 3
    api.create("aa")
    api.send("DELETE", f"{SETS}/e")
    second = api.get(f"{SETS}?limit=2&continue={first['metadata']['continue']}").json()
    third = api.get(f"{SETS}?limit=2&continue={second['metadata']['continue']}").json()
    found = [item["metadata"]["name"] for page in (first, second, third) for item in page["items"]]
    assert found == list("abcde")
    assert "continue" not in third["metadata"]
    assert first["metadata"]["resourceVersion"] == third["metadata"]["resourceVersion"]


def test_a_token_of_before_is_expired_and_one_of_another_list_is_refused(api: Api):
    for name in "abc":
        api.create(name)
    token = api.get(f"{SETS}?limit=1").json()["metadata"]["continue"]
    assert api.get(f"{SETS}?limit=1&continue=0.7").json()["reason"] == "Expired"
    assert api.get(f"{SETS}?limit=1&continue=rubbish").code == 400
    assert api.get(f"{SETS}?limit=1&labelSelector=a&continue={token}").code == 400


def test_only_the_newest_snapshots_are_kept(api: Api):
    for name in "abc":
        api.create(name)
    token = api.get(f"{SETS}?limit=1").json()["metadata"]["continue"]
    for _ in range(16):
        api.get(f"{SETS}?limit=1")
    assert api.get(f"{SETS}?limit=1&continue={token}").code == 410


def test_a_list_of_a_version_to_come_or_an_exact_other_one_is_expired(api: Api):
    api.create("a")
    api.create("b")
    now = api.store.version()
    assert api.get(f"{SETS}?resourceVersion={now + 5}").code == 410
    assert api.get(f"{SETS}?resourceVersion={now - 1}&resourceVersionMatch=Exact").code == 410
    assert api.get(f"{SETS}?resourceVersion={now}&resourceVersionMatch=Exact").code == 200
    assert api.get(f"{SETS}?resourceVersion=0").code == 200
    assert api.get(f"{SETS}?resourceVersion=x").code == 400
    assert api.get(f"{SETS}?resourceVersionMatch=Exact").code == 422


def test_a_table_has_columns_rows_and_metadata_of_the_objects(api: Api):
    api.create("web", {"command": ["sleep", "60"], "scope": "shop", "num": 3})
    api.clock.advance(200)
    table = api.get(SETS, accept=TABLE).json()
    assert (table["kind"], table["apiVersion"]) == ("Table", "meta.k8s.io/v1")
    shown = [column["name"] for column in table["columnDefinitions"] if not column["priority"]]
    assert shown == ["Name", "Ready", "Up-to-date", "Restarts", "Status", "Age"]
    row = table["rows"][0]
    assert row["cells"] == [
        "web",
        "0/3",
        0,
        0,
        "Starting",
        "3m20s",
        "sleep 60",
        "shop",
        "<none>",
        "<none>",
        "<none>",
    ]
    assert row["object"]["kind"] == "PartialObjectMetadata"
    assert row["object"]["apiVersion"] == "meta.k8s.io/v1"
    assert row["object"]["metadata"]["name"] == "web"


def test_a_table_includes_the_object_as_asked(api: Api):
    api.create("web")
    whole = api.get(f"{SETS}?includeObject=Object", accept=TABLE).json()["rows"][0]
    assert whole["object"]["spec"] == {"command": ["sleep", "60"]}
    metadata = api.get(f"{SETS}?includeObject=Metadata", accept=TABLE).json()["rows"][0]["object"]
    assert metadata == {
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": whole["object"]["metadata"],
    }
    none = api.get(f"{SETS}?includeObject=None", accept=TABLE).json()["rows"][0]
    assert "object" not in none
    assert api.get(f"{SETS}?includeObject=Some", accept=TABLE).code == 422


def test_a_table_of_many_has_of_each_what_tables_print_and_one_or_a_watch_all_metadata(api: Api):
    made = api.create("web", labels={"tier": "front"})
    listed = api.get(SETS, accept=TABLE).json()["rows"][0]["object"]["metadata"]
    assert listed == {"name": "web", "labels": {"tier": "front"}}
    everywhere = api.get("/apis/workerset.dev/v1/workersets", accept=TABLE).json()["rows"][0]["object"]
    assert everywhere["metadata"] == {**listed, "namespace": "default"}
    one = api.get(f"{SETS}/web", accept=TABLE).json()["rows"][0]["object"]
    assert one["metadata"] == made["metadata"]
    watch = api.stream(f"{SETS}?watch=true", accept=TABLE)
    assert watch.event()[1]["rows"][0]["object"]["metadata"] == made["metadata"]
    watch.hang_up()


def test_a_table_of_one_object_has_its_version(api: Api):
    made = api.create("web")
    table = api.get(f"{SETS}/web", accept=TABLE).json()
    assert table["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]
    assert len(table["rows"]) == 1


def test_metadata_only(api: Api):
    api.create("web")
    one = api.get(f"{SETS}/web", accept="application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1").json()
    assert set(one) == {"kind", "apiVersion", "metadata"}
    many = api.get(SETS, accept="application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1").json()
    assert many["kind"] == "PartialObjectMetadataList"
    assert set(many["items"][0]) == {"kind", "apiVersion", "metadata"}


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "WorkerSetList"),
        ("*/*", "WorkerSetList"),
        ("application/vnd.kubernetes.protobuf, */*", "WorkerSetList"),
        ("application/json;as=Table;v=v2;g=meta.k8s.io, application/json", "WorkerSetList"),
        ("application/json;as=Table;v=v1beta1;g=meta.k8s.io", "Table"),
        ("application/json;q=0.5, application/json;as=Table;v=v1;g=meta.k8s.io", "Table"),
    ],
)
def test_the_first_form_there_is_wins(api: Api, accept: str, kind: str):
    assert api.get(SETS, accept=accept).json()["kind"] == kind


def test_a_client_that_takes_nothing_we_write_is_told(api: Api):
    refused = api.get(SETS, accept="application/vnd.kubernetes.protobuf")
    assert (refused.code, refused.json()["reason"]) == (406, "NotAcceptable")


def test_pods_are_read_like_anything_else(api: Api):
    api.pod("web-0")
    assert api.get(f"{PODS}/web-0").json()["status"]["phase"] == "Running"
    assert api.get(f"{PODS}/web-0/status").json()["metadata"]["name"] == "web-0"
    assert names(api.get(f"{PODS}?fieldSelector=status.phase%3DRunning,spec.nodeName%3Dlocal")) == ["web-0"]
    assert names(api.get("/api/v1/pods?labelSelector=workerset.dev/set%3Dweb")) == ["web-0"]


def test_events_are_selected_by_what_they_are_about(api: Api):
    for name in ("one", "two"):
        api.store.create(
            kinds.EVENTS,
            {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {"name": name, "namespace": "default"},
                "involvedObject": {"kind": "WorkerSet", "name": name, "uid": f"uid-{name}"},
                "reason": "Started",
                "type": "Normal",
            },
        )
    path = "/api/v1/namespaces/default/events"
    about = "involvedObject.uid%3Duid-two,involvedObject.name%3Dtwo,involvedObject.kind%3DWorkerSet"
    assert names(api.get(f"{path}?fieldSelector={about}&limit=500")) == ["two"]


def test_default_is_there_from_the_start(api: Api):
    assert names(api.get("/api/v1/namespaces")) == ["default"]
    assert api.get("/api/v1/namespaces/default").json()["status"] == {"phase": "Active"}
