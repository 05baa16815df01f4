"""create, update and patch through the door (kubectl.md semantics 4 to 9)."""

from __future__ import annotations

import json

import pytest

from controller.core import kinds
from tests.api.driver import APPLY, JSON_PATCH, MERGE, PODS, SETS, Api, workerset

STRATEGIC = "application/strategic-merge-patch+json"


def test_a_created_object_is_stamped_and_stored(api: Api):
    made = api.send("POST", SETS, workerset("web"))
    assert made.code == 201
    meta = made.json()["metadata"]
    assert (meta["generation"], meta["namespace"]) == (1, "default")
    assert meta["uid"]
    assert meta["resourceVersion"] == str(api.store.version())
    assert api.get(f"{SETS}/web").json() == made.json()


def test_a_second_one_of_a_name_is_refused(api: Api):
    api.create("web")
    refused = api.send("POST", SETS, workerset("web"))
    assert (refused.code, refused.json()["reason"]) == (409, "AlreadyExists")
    assert refused.json()["message"] == 'workersets.workerset.dev "web" already exists'


def test_generate_name_makes_a_name(api: Api):
    obj = {**workerset(""), "metadata": {"generateName": "job-"}}
    names = {api.send("POST", SETS, obj).json()["metadata"]["name"] for _ in range(2)}
    assert len(names) == 2
    assert all(name.startswith("job-") and len(name) == 9 for name in names)


def test_path_and_object_must_agree(api: Api):
    api.create("web")
    assert api.send("POST", SETS, workerset("x", namespace="other")).code == 400
    assert api.send("PUT", f"{SETS}/web", workerset("other")).code == 400
    assert api.send("POST", SETS, {**workerset("x"), "kind": "Pod"}).code == 400
    assert api.send("POST", SETS, {**workerset("x"), "metadata": []}).code == 400
    assert api.send("POST", SETS, [1]).code == 400


def test_a_create_needs_its_namespace(api: Api):
    refused = api.send("POST", SETS.replace("default", "nowhere"), workerset("web"))
    assert (refused.code, refused.json()["message"]) == (404, 'namespaces "nowhere" not found')


def test_a_namespace_that_ends_takes_nothing_new(api: Api):
    api.send("POST", "/api/v1/namespaces", {"metadata": {"name": "other"}})
    api.send("DELETE", "/api/v1/namespaces/other")
    refused = api.send("POST", SETS.replace("default", "other"), workerset("web"))
    assert (refused.code, refused.json()["reason"]) == (403, "Forbidden")
    assert refused.json()["details"]["causes"][0]["reason"] == "NamespaceTerminating"


def test_namespaces_are_made_complete_and_are_dns_labels(api: Api):
    made = api.send("POST", "/api/v1/namespaces", {"metadata": {"name": "shop"}}).json()
    assert made["status"] == {"phase": "Active"}
    assert made["metadata"]["labels"] == {"kubernetes.io/metadata.name": "shop"}
    assert api.send("POST", "/api/v1/namespaces", {"metadata": {"name": "a.b"}}).code == 422


def test_spec_and_status_of_a_namespace_are_the_servers(api: Api):
    path = "/api/v1/namespaces/default"
    before = api.get(path).json()
    api.send("PUT", path, {"metadata": {"name": "default"}})
    api.patch(path, {"spec": None, "status": {"phase": "Terminating"}})
    after = api.apply(path, {**before, "metadata": {"name": "default"}, "status": {"phase": "x"}}).json()
    assert (after["spec"], after["status"]) == (before["spec"], before["status"])


def test_yaml_bodies_are_taken(api: Api):
    text = b"apiVersion: workerset.dev/v1\nkind: WorkerSet\nmetadata: {name: web}\nspec: {command: x}\n"
    assert api.send("POST", SETS, text, content_type="application/yaml").code == 201
    broken = api.send("POST", SETS, b"a: [", content_type="application/yaml")
    assert broken.code == 400
    assert "line 1 column 4" in broken.json()["message"]


# --------------------------------------------------------------------------- update


def test_generation_counts_changes_of_spec_only(api: Api):
    made = api.create("web")
    labelled = {**made, "metadata": {**made["metadata"], "labels": {"a": "b"}}}
    after = api.send("PUT", f"{SETS}/web", labelled).json()
    assert after["metadata"]["generation"] == 1
    after["spec"] = {"command": ["sleep", "70"]}
    assert api.send("PUT", f"{SETS}/web", after).json()["metadata"]["generation"] == 2


def test_a_stale_version_is_a_conflict(api: Api):
    made = api.create("web")
    api.patch(f"{SETS}/web", {"spec": {"num": 2}})
    refused = api.send("PUT", f"{SETS}/web", {**made, "spec": {"command": "y"}})
    assert (refused.code, refused.json()["reason"]) == (409, "Conflict")
    assert "the object has been modified" in refused.json()["message"]
    stale = {"metadata": {"resourceVersion": made["metadata"]["resourceVersion"]}, "spec": {"num": 3}}
    assert api.patch(f"{SETS}/web", stale).code == 409


def test_what_is_not_there_cannot_be_changed(api: Api):
    assert api.send("PUT", f"{SETS}/web", workerset("web")).code == 404
    refused = api.patch(f"{SETS}/web", {})
    assert refused.json()["message"] == 'workersets.workerset.dev "web" not found'
    assert refused.json()["details"] == {"name": "web", "group": "workerset.dev", "kind": "workersets"}


# --------------------------------------------------------------------------- patch


def test_merge_patch(api: Api):
    api.create("web", {"command": "x", "env": {"A": "1", "B": "2"}})
    spec = api.patch(f"{SETS}/web", {"spec": {"env": {"A": None, "C": "3"}}}).json()["spec"]
    assert spec == {"command": "x", "env": {"B": "2", "C": "3"}}


def test_json_patch_and_its_test(api: Api):
    api.create("web", {"command": "x", "num": 1})
    done = api.patch(f"{SETS}/web", [{"op": "replace", "path": "/spec/num", "value": 2}], JSON_PATCH)
    assert done.json()["spec"]["num"] == 2
    refused = api.patch(f"{SETS}/web", [{"op": "test", "path": "/spec/num", "value": 1}], JSON_PATCH)
    assert (refused.code, refused.json()["reason"]) == (422, "Invalid")


def test_strategic_merge_of_the_custom_kind_is_refused_with_what_is_taken(api: Api):
    api.create("web")
    refused = api.patch(f"{SETS}/web", {"spec": {"num": 2}}, STRATEGIC)
    assert (refused.code, refused.json()["reason"]) == (415, "UnsupportedMediaType")
    assert MERGE in refused.json()["message"]


def test_strategic_merge_of_a_namespace_works_without_directives(api: Api):
    path = "/api/v1/namespaces/default"
    assert api.patch(path, {"metadata": {"labels": {"a": "b"}}}, STRATEGIC).code == 200
    assert api.patch(path, {"metadata": {"$patch": "replace"}}, STRATEGIC).code == 415


def test_a_merge_patch_is_an_object(api: Api):
    api.create("web")
    assert api.patch(f"{SETS}/web", [1]).code == 400
    assert api.patch(f"{SETS}/web", {}, "text/plain").code == 415


# --------------------------------------------------------------------------- server-side apply


def test_apply_creates_then_changes_then_leaves_alone(api: Api):
    config = workerset("web", {"command": "x", "num": 1})
    assert api.apply(f"{SETS}/web", config).code == 201
    config["spec"]["num"] = 2
    changed = api.apply(f"{SETS}/web", config)
    assert (changed.code, changed.json()["spec"]["num"]) == (200, 2)
    again = api.apply(f"{SETS}/web", config).json()
    assert again["metadata"]["resourceVersion"] == changed.json()["metadata"]["resourceVersion"]


def test_apply_takes_yaml(api: Api):
    text = b"apiVersion: workerset.dev/v1\nkind: WorkerSet\nmetadata: {name: web}\nspec: {command: x}\n"
    where = f"{SETS}/web?fieldManager=me"
    assert api.send("PATCH", where, text, content_type=APPLY).code == 201


def test_apply_conflicts_name_field_and_manager_and_force_takes_it(api: Api):
    api.apply(f"{SETS}/web", workerset("web", {"command": "x", "num": 1}), "a")
    refused = api.apply(f"{SETS}/web", workerset("web", {"num": 2}), "b")
    assert (refused.code, refused.json()["reason"]) == (409, "Conflict")
    assert refused.json()["details"]["causes"] == [
        {"reason": "FieldManagerConflict", "message": 'conflict with "a"', "field": ".spec.num"}
    ]
    assert api.apply(f"{SETS}/web", workerset("web", {"num": 2}), "b", force=True).json()["spec"]["num"] == 2


def test_a_clients_own_write_of_managed_fields_is_honoured(api: Api):
    """kubectl moves an object from client-side to server-side apply this way."""
    made = api.create("web")
    moved = [{**made["metadata"]["managedFields"][0], "manager": "kubectl", "operation": "Apply"}]
    change = [
        {"op": "replace", "path": "/metadata/managedFields", "value": moved},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": made["metadata"]["resourceVersion"]},
    ]
    done = api.patch(f"{SETS}/web", change, JSON_PATCH)
    assert done.json()["metadata"]["managedFields"] == moved


def test_apply_must_name_its_manager_and_only_apply_may_force(api: Api):
    api.create("web")
    assert api.send("PATCH", f"{SETS}/web", workerset("web"), content_type=APPLY).code == 422
    assert api.patch(f"{SETS}/web?force=true", {}).code == 422


def test_the_manager_is_the_first_word_of_the_user_agent(api: Api):
    made = api.send("POST", SETS, workerset("web"), user_agent="kubectl/v1.32.4 (linux/amd64)").json()
    assert made["metadata"]["managedFields"][0]["manager"] == "kubectl"
    named = api.patch(f"{SETS}/web?fieldManager=mine", {"spec": {"num": 2}}).json()
    assert {entry["manager"] for entry in named["metadata"]["managedFields"]} == {"kubectl", "mine"}
    assert api.patch(f"{SETS}/web?fieldManager={'x' * 129}", {}).code == 422


# --------------------------------------------------------------------------- validation, dry run


def test_strict_refuses_unknown_fields_in_the_words_of_kubernetes(api: Api):
    refused = api.send(
        "POST", f"{SETS}?fieldValidation=Strict", workerset("web", {"command": "x", "bogus": 1})
    )
    assert (refused.code, refused.json()["reason"]) == (400, "BadRequest")
    assert refused.json()["message"].startswith(
        'WorkerSet in version "v1" cannot be handled as a WorkerSet: strict decoding error: '
        'unknown field "spec.bogus"'
    )


@pytest.mark.parametrize("query", ["", "?fieldValidation=Warn"])
def test_warn_is_the_default_it_prunes_and_says_so(api: Api, query: str):
    made = api.send("POST", SETS + query, workerset("web", {"command": "x", "bogus": 1}))
    assert made.json()["spec"] == {"command": "x"}
    assert made.warnings == ['299 - "unknown field \\"spec.bogus\\""']


def test_ignore_prunes_in_silence(api: Api):
    made = api.send("POST", f"{SETS}?fieldValidation=Ignore", workerset("web", {"command": "x", "bogus": 1}))
    assert (made.json()["spec"], made.warnings) == ({"command": "x"}, [])
    assert api.send("POST", f"{SETS}?fieldValidation=Maybe", workerset("b")).code == 422


def test_invalid_names_every_bad_field(api: Api):
    refused = api.send("POST", SETS, workerset("web", {"command": "x", "num": -1, "restart": "sometimes"}))
    status = refused.json()
    assert (status["code"], status["reason"]) == (422, "Invalid")
    assert status["details"]["name"] == "web"
    assert status["details"]["kind"] == "WorkerSet"
    assert {cause["field"] for cause in status["details"]["causes"]} == {"spec.num", "spec.restart"}


def test_a_dry_run_goes_all_the_way_but_stores_nothing(api: Api):
    api.create("web")
    version = api.store.version()
    dry = "dryRun=All"
    assert api.send("POST", f"{SETS}?{dry}", workerset("b")).code == 201
    assert api.patch(f"{SETS}/web?{dry}", {"spec": {"num": 2}}).json()["metadata"]["generation"] == 2
    assert api.send("PUT", f"{SETS}/web?{dry}", workerset("web", {"command": "y"})).code == 200
    applied = f"{SETS}/new?{dry}&fieldManager=x"
    assert api.send("PATCH", applied, workerset("new"), content_type=APPLY).code == 201
    assert api.patch(f"{SETS}/web/scale?{dry}", {"spec": {"replicas": 4}}).json()["spec"]["replicas"] == 4
    assert api.patch(f"{SETS}/web/status?{dry}", {"status": {"replicas": 1}}).code == 200
    assert api.send("DELETE", f"{SETS}/web?{dry}").code == 200
    assert api.send("DELETE", f"{SETS}/web", {"dryRun": ["All"]}).code == 200
    assert api.store.version() == version
    assert api.send("POST", f"{SETS}?dryRun=Some", workerset("c")).code == 422


# --------------------------------------------------------------------------- status and scale


def test_status_is_written_apart_from_the_rest(api: Api):
    api.create("web")
    done = api.patch(f"{SETS}/web/status", {"status": {"replicas": 3}, "spec": {"num": 9}}).json()
    assert (done["status"], done["metadata"]["generation"]) == ({"replicas": 3}, 1)
    assert "num" not in done["spec"]
    done["status"], done["spec"]["num"] = {"replicas": 7}, 2
    after = api.send("PUT", f"{SETS}/web", done).json()
    assert (after["status"], after["spec"]["num"]) == ({"replicas": 3}, 2)
    after["status"] = {"replicas": 8}
    assert api.send("PUT", f"{SETS}/web/status", after).json()["status"] == {"replicas": 8}
    assert api.get(f"{SETS}/web/status").json()["status"] == {"replicas": 8}
    config = {**workerset("web"), "status": {"restarts": 1}}
    assert api.apply(f"{SETS}/web/status", config).json()["status"] == {"replicas": 8, "restarts": 1}


def test_scale_is_spec_num(api: Api):
    api.create("web", {"command": "x"})
    scale = api.get(f"{SETS}/web/scale").json()
    assert (scale["kind"], scale["apiVersion"], scale["spec"]) == ("Scale", "autoscaling/v1", {"replicas": 1})
    done = api.patch(f"{SETS}/web/scale?fieldManager=kubectl", {"spec": {"replicas": 3}}).json()
    assert done["spec"] == {"replicas": 3}
    live = api.get(f"{SETS}/web").json()
    assert (live["spec"]["num"], live["metadata"]["generation"]) == (3, 2)
    owner = next(entry for entry in live["metadata"]["managedFields"] if entry.get("subresource"))
    assert (owner["manager"], owner["operation"], owner["subresource"]) == ("kubectl", "Update", "scale")
    done["spec"]["replicas"] = 5
    assert api.send("PUT", f"{SETS}/web/scale", done).json()["spec"] == {"replicas": 5}
    done["metadata"]["resourceVersion"] = "1"
    assert api.send("PUT", f"{SETS}/web/scale", done).code == 409
    ops = [{"op": "replace", "path": "/spec/replicas", "value": 1}]
    assert api.patch(f"{SETS}/web/scale", ops, JSON_PATCH).json()["spec"] == {"replicas": 1}


def test_a_background_set_without_num_scales_from_none(api: Api):
    api.create("jobs", {"command": "x", "background": True, "name": "jobs"})
    assert api.get(f"{SETS}/jobs/scale").json()["spec"] == {"replicas": 0}


@pytest.mark.parametrize("replicas", [-1, "3", True, 1.5])
def test_scale_takes_whole_numbers(api: Api, replicas: object):
    api.create("web")
    assert api.patch(f"{SETS}/web/scale", {"spec": {"replicas": replicas}}).code == 422


def test_scale_as_a_table(api: Api):
    api.create("web")
    accept = "application/json;as=Table;v=v1;g=meta.k8s.io"
    table = api.get(f"{SETS}/web/scale", accept=accept).json()
    assert [column["name"] for column in table["columnDefinitions"]] == [
        "Name",
        "Desired",
        "Available",
        "Age",
    ]
    assert table["rows"][0]["cells"] == ["web", 1, 0, "0s"]


# --------------------------------------------------------------------------- verbs that are not there


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", PODS),
        ("PUT", f"{PODS}/web-0"),
        ("PATCH", f"{PODS}/web-0"),
        ("DELETE", SETS),
        ("DELETE", "/api/v1/namespaces/default/events"),
        ("DELETE", "/apis/apps/v1/namespaces/default/controllerrevisions/x"),
        ("PATCH", "/apis/apps/v1/namespaces/default/controllerrevisions/x"),
        ("PUT", "/api/v1/namespaces/default/status"),
        ("POST", f"{SETS}/web"),
        ("POST", "/version"),
    ],
)
def test_missing_verbs_are_405_with_a_sentence(api: Api, method: str, path: str):
    refused = api.send(method, path, {}, content_type=MERGE)
    assert (refused.code, refused.json()["reason"]) == (405, "MethodNotAllowed")
    assert "not supported" in refused.json()["message"]
    assert refused.header("allow")


def test_equal_content_is_no_write(api: Api):
    made = api.create("web")
    version = api.store.version()
    assert api.send("PUT", f"{SETS}/web", made).json() == made
    assert api.patch(f"{SETS}/web", {"spec": {"command": ["sleep", "60"]}}).json() == made
    assert api.store.version() == version


def test_what_is_stored_is_never_changed_in_place(api: Api):
    api.create("web", {"command": "x", "env": {"A": "1"}})
    before = api.store.get(kinds.WORKERSETS, kinds.Key("default", "web"))
    text = json.dumps(before)
    api.patch(f"{SETS}/web", {"spec": {"env": {"A": "2"}}})
    api.patch(f"{SETS}/web/scale", {"spec": {"replicas": 2}})
    api.send("DELETE", f"{SETS}/web")
    assert json.dumps(before) == text
