"""The private bulk apply: one request, few commits, each document for itself."""

from __future__ import annotations

import json

import pytest

from controller import ports
from controller.core import kinds
from tests.api.driver import SETS, Api, workerset

PATH = "/workerset/v1/apply"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def apply(api: Api, *objects: kinds.Object, **terms: object):
    items = [{"object": obj, "source": f"manifests/{obj['metadata'].get('name')}.yaml:1"} for obj in objects]
    answer = api.send("POST", PATH, {"items": items, **terms})
    assert answer.code == 200, answer.body
    return answer.json()["items"]


def words(items) -> list[str]:
    return [item["operation"] for item in items]


def test_created_then_unchanged_then_configured(api: Api):
    assert words(apply(api, workerset("a"), workerset("b"))) == ["created", "created"]
    version = api.store.version()
    assert words(apply(api, workerset("a"), workerset("b"))) == ["unchanged", "unchanged"]
    assert api.store.version() == version
    (item,) = apply(api, workerset("a", {"command": "other"}))
    assert (item["operation"], item["code"]) == ("configured", 200)
    assert item["before"]["spec"] == {"command": ["sleep", "60"]}
    assert item["object"]["spec"] == {"command": "other"}
    assert item["object"]["metadata"]["generation"] == 2


def test_each_has_its_source_and_what_was_applied(api: Api):
    (item,) = apply(api, workerset("a"))
    annotations = item["object"]["metadata"]["annotations"]
    assert annotations["workerset.dev/source"] == "manifests/a.yaml:1"
    assert "source" not in annotations[LAST_APPLIED]


def test_another_line_of_the_same_file_is_no_change_but_another_file_is(api: Api):
    apply(api, workerset("a"))
    moved = {"object": workerset("a"), "source": "manifests/a.yaml:30"}
    assert words(api.send("POST", PATH, {"items": [moved]}).json()["items"]) == ["unchanged"]
    elsewhere = {"object": workerset("a"), "source": "manifests/b.yaml:1"}
    assert words(api.send("POST", PATH, {"items": [elsewhere]}).json()["items"]) == ["configured"]
    assert api.get(f"{SETS}/a").json()["metadata"]["generation"] == 1


def test_a_field_left_out_is_removed_and_one_of_others_stays(api: Api):
    apply(api, workerset("a", {"command": "x", "num": 2}))
    api.patch(f"{SETS}/a", {"spec": {"suspend": True}}, user_agent="workerctl-stop")
    (item,) = apply(api, workerset("a", {"command": "x"}))
    assert item["object"]["spec"] == {"command": "x", "suspend": True}


def test_one_that_fails_fails_alone(api: Api):
    items = apply(api, workerset("a"), workerset("b", {"bogus": 1}), workerset("C"), {"metadata": {}})
    assert words(items) == ["created", "failed", "failed", "failed"]
    assert [item["code"] for item in items] == [201, 400, 422, 400]
    assert 'unknown field "spec.bogus"' in items[1]["status"]["message"]
    assert items[2]["status"]["details"]["causes"][0]["field"] == "metadata.name"
    assert [one["metadata"]["name"] for one in api.store.list(kinds.WORKERSETS)[0]] == ["a"]


def test_the_same_object_twice_is_refused_with_both_places(api: Api):
    items = [{"object": workerset("a"), "source": f"x.yaml:{line}"} for line in (1, 9)]
    found = api.send("POST", PATH, {"items": items}).json()["items"]
    assert words(found) == ["created", "failed"]
    assert "x.yaml:1, x.yaml:9" in found[1]["status"]["message"]


def test_up_to_two_hundred_are_one_commit(api: Api):
    seen: list[int] = []
    store = api.store
    original = store.transaction

    def counted(*, durable: bool = False):
        seen.append(durable)
        return original(durable=durable)

    store.transaction = counted
    apply(api, *(workerset(f"s{number}") for number in range(60)))
    assert seen == [True]
    apply(api, *(workerset(f"s{number}") for number in range(60)))
    assert seen == [True]


def test_many_are_stored_in_parts_of_which_the_first_are_small_namespaces_first(api: Api):
    added: list[str] = []
    commits: list[int] = []
    api.store.subscribe(lambda change: added.append(change.object["metadata"]["name"]))
    original = api.store.transaction
    api.store.transaction = lambda **how: commits.append(len(added)) or original(**how)
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "late"}}
    sets = [workerset(f"s{number:03}", namespace="late") for number in range(450)]
    items = apply(api, *sets, space)
    assert {item["operation"] for item in items} == {"created"}
    assert [warning for item in items for warning in item["warnings"]] == []
    assert added[0] == "late"
    assert commits == [0, 25, 75, 175, 375]


def test_an_unknown_namespace_is_made_and_said(api: Api):
    items = apply(api, workerset("a", namespace="shop"), workerset("b", namespace="shop"))
    assert items[0]["warnings"] == ["namespace shop was not there: it is created too"]
    assert items[1]["warnings"] == []
    assert api.get("/api/v1/namespaces/shop").json()["status"]["phase"] == "Active"
    bad = apply(api, workerset("a", namespace="No Such"))
    assert bad[0]["code"] == 422


def test_a_namespace_document_makes_it_without_a_warning(api: Api):
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"a": "b"}}}
    items = apply(api, workerset("a", namespace="shop"), space)
    assert words(items) == ["created", "created"]
    assert items[0]["warnings"] == []
    assert api.get("/api/v1/namespaces/shop").json()["metadata"]["labels"]["a"] == "b"
    assert words(apply(api, space)) == ["unchanged"]


def test_other_kinds_are_not_applied(api: Api):
    (item,) = apply(api, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}})
    assert item["code"] == 400


def test_server_side(api: Api):
    (made,) = apply(api, workerset("a", {"command": "x", "num": 1}), serverSide=True, fieldManager="me")
    assert (made["operation"], made["code"]) == ("serverside-applied", 201)
    entry = made["object"]["metadata"]["managedFields"][0]
    assert (entry["manager"], entry["operation"]) == ("me", "Apply")
    (refused,) = apply(api, workerset("a", {"num": 2}), serverSide=True, fieldManager="other")
    assert (refused["operation"], refused["code"]) == ("failed", 409)
    (forced,) = apply(api, workerset("a", {"num": 2}), serverSide=True, fieldManager="other", force=True)
    assert forced["object"]["spec"]["num"] == 2


def test_a_dry_run_stores_nothing_and_previews_workers(api: Api):
    apply(api, workerset("a"))
    version = api.store.version()
    api.control.actions = [ports.WorkerAction("a-0", "restart", "command changed")]
    (item,) = apply(api, workerset("a", {"command": "other"}), dryRun=True)
    assert item["operation"] == "configured"
    assert item["workers"] == [{"worker": "a-0", "action": "restart", "reason": "command changed"}]
    ((before, after),) = api.control.previewed
    assert (before["spec"], after["spec"]) == ({"command": ["sleep", "60"]}, {"command": "other"})
    assert api.store.version() == version


def test_s4_12_env_files_are_read_again_where_nothing_else_has_changed(api: Api):
    reading = workerset("a", {"command": ["sleep", "60"], "env_files": [".env"]})
    apply(api, reading, workerset("b"))
    api.control.refreshed.clear()
    apply(api, reading, workerset("b"))
    assert api.control.refreshed == [kinds.Key("default", "a")]


def test_objects_are_left_out_of_the_answer_where_nobody_reads_them(api: Api):
    (item,) = apply(api, workerset("a"), objects=False)
    assert (item["operation"], item["code"]) == ("created", 201)
    assert "object" not in item
    created, pruned = (
        apply(api, workerset("b"), objects=False, inventory="x", prune=True)
        + apply(api, workerset("c"), objects=False, inventory="x", prune=True)[1:]
    )
    assert (created["operation"], "object" in created) == ("created", False)
    assert (pruned["operation"], pruned["object"]["metadata"]["name"]) == ("pruned", "b")


# --------------------------------------------------------------------------- inventory


def labels(api: Api, name: str):
    return api.get(f"{SETS}/{name}").json()["metadata"].get("labels", {})


def test_the_inventory_is_a_label_with_a_manager_of_its_own(api: Api):
    (item,) = apply(api, workerset("a"), inventory="default")
    managers = {entry["manager"] for entry in item["object"]["metadata"]["managedFields"]}
    assert managers == {"workerctl", "workerctl-inventory"}
    assert words(apply(api, workerset("a"), inventory="default")) == ["unchanged"]
    apply(api, workerset("a", {"command": "y"}))
    assert labels(api, "a") == {"workerset.dev/inventory": "default"}


def test_prune_deletes_what_is_in_the_inventory_and_no_document(api: Api):
    apply(api, workerset("a"), workerset("b"), inventory="default")
    apply(api, workerset("c"), inventory="other")
    api.create("d")
    items = apply(api, workerset("a"), inventory="default", prune=True)
    assert words(items) == ["unchanged", "pruned"]
    assert items[1]["object"]["metadata"]["name"] == "b"
    assert items[1]["object"]["metadata"]["deletionTimestamp"]
    assert words(apply(api, workerset("a"), inventory="default", prune=True)) == ["unchanged"]
    alive = [
        obj["metadata"]["name"]
        for obj in api.store.list(kinds.WORKERSETS)[0]
        if "deletionTimestamp" not in obj["metadata"]
    ]
    assert alive == ["a", "c", "d"]


def test_a_dry_run_prunes_in_words_only(api: Api):
    apply(api, workerset("a"), workerset("b"), inventory="default")
    items = apply(api, workerset("a"), inventory="default", prune=True, dryRun=True)
    assert words(items) == ["unchanged", "pruned"]
    assert "deletionTimestamp" not in api.get(f"{SETS}/b").json()["metadata"]
    assert api.control.previewed[-1][1] is None


def test_nothing_is_pruned_while_a_document_fails(api: Api):
    apply(api, workerset("a"), workerset("b"), inventory="default")
    items = [{"object": workerset("a", {"bogus": 1})}]
    answer = api.send("POST", PATH, {"items": items, "inventory": "default", "prune": True}).json()
    assert words(answer["items"]) == ["failed"]
    assert "nothing was pruned" in answer["warnings"][0]


def test_applying_to_what_is_being_deleted_warns(api: Api):
    apply(api, workerset("a"))
    api.send("DELETE", f"{SETS}/a")
    (item,) = apply(api, workerset("a", {"command": "y"}))
    assert "being deleted" in item["warnings"][0]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"items": {}},
        {"items": [], "prune": True},
        {"items": [], "fieldValidation": "Maybe"},
        {"items": [], "fieldManager": 7},
        [],
    ],
)
def test_a_request_that_makes_no_sense(api: Api, body: object):
    assert api.send("POST", PATH, body).code == 400


@pytest.mark.parametrize("item", [None, 7, {}, {"object": []}, {"object": {"metadata": {"name": 7}}}])
def test_an_item_that_makes_no_sense_fails_alone(api: Api, item: object):
    found = api.send("POST", PATH, {"items": [item, {"object": workerset("a")}]}).json()["items"]
    assert words(found) == ["failed", "created"]


def test_somebody_who_writes_meanwhile_is_not_overwritten(api: Api):
    """The loop turns between slices: what changes there is judged again before it is stored."""
    apply(api, *(workerset(f"s{number:02}") for number in range(60)))
    store, judged = api.store, []
    original = store.find

    def find(resource: kinds.Resource, key: kinds.Key):
        if resource == kinds.WORKERSETS and key.name == "s59" and not judged:
            judged.append(key)
            live = original(kinds.WORKERSETS, kinds.Key("default", "s00"))
            spec = {**live["spec"], "suspend": True}
            store.update(kinds.WORKERSETS, {**live, "spec": spec})
        return original(resource, key)

    store.find = find
    items = apply(api, *(workerset(f"s{number:02}", {"command": "new"}) for number in range(60)))
    assert set(words(items)) == {"configured"}
    assert json.loads(json.dumps(items[0]["object"]["spec"])) == {"command": "new", "suspend": True}
