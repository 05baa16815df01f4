"""Each WorkerSet as a Deployment and ReplicaSets: reads, watches and the writes that clients make of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from controller.core import kinds, revisions, threeway
from tests.api.driver import JSON_PATCH, SETS, TABLE, Api

APPS = "/apis/apps/v1/namespaces/default"
DEPLOYMENTS = f"{APPS}/deployments"
STRATEGIC = "application/strategic-merge-patch+json"
WEB = {"command": ["sleep", "9"], "env": {"MODE": "fast"}, "num": 2}


def record(api: Api, name: str) -> kinds.Object:
    """The revision that the engine writes of what is declared now."""
    live = api.get(f"{SETS}/{name}").json()
    found, _ = api.store.list(kinds.REVISIONS)
    own = revisions.of_set(found, live["metadata"]["uid"])
    fresh = revisions.next_write(live, own, 1700000000.0)
    assert fresh is not None
    known = api.store.find(kinds.REVISIONS, kinds.Key("default", fresh["metadata"]["name"]))
    return api.store.update(kinds.REVISIONS, fresh) if known else api.store.create(kinds.REVISIONS, fresh)


def status(api: Api, name: str, **values: Any) -> None:
    assert api.patch(f"{SETS}/{name}/status", {"status": values}).code == 200


def container(**fields: Any) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"containers": [{"name": "main", **fields}]}}}}


def spec_of(api: Api, name: str) -> dict[str, Any]:
    return api.get(f"{SETS}/{name}").json()["spec"]


def test_a_set_shows_as_a_deployment(api: Api) -> None:
    made = api.create("web", WEB)
    shown = api.get(f"{DEPLOYMENTS}/web").json()
    assert (shown["apiVersion"], shown["kind"]) == ("apps/v1", "Deployment")
    assert shown["spec"]["replicas"] == 2
    assert shown["spec"]["selector"]["matchLabels"] == {"workerset.dev/set": "web"}
    [main] = shown["spec"]["template"]["spec"]["containers"]
    assert main["command"] == ["sleep", "9"]
    assert main["env"] == [{"name": "MODE", "value": "fast"}]
    assert shown["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]
    assert shown["metadata"]["ownerReferences"][0]["uid"] == made["metadata"]["uid"]


def test_s7_3_a_set_that_was_scaled_by_its_traffic_shows_how_many_are_wanted(api: Api) -> None:
    api.create("web", WEB)
    status(api, "web", replicas=3, readyReplicas=2, updatedReplicas=3, scaling={"target": 3})
    assert api.get(f"{DEPLOYMENTS}/web").json()["spec"]["replicas"] == 3
    assert api.get(DEPLOYMENTS, accept=TABLE).json()["rows"][0]["cells"][:3] == ["web", "2/3", 3]
    assert api.patch(f"{DEPLOYMENTS}/web", {"spec": {"replicas": 3}}).code == 200
    assert spec_of(api, "web")["num"] == 2


def test_deployments_are_in_no_category(api: Api) -> None:
    assert not kinds.DEPLOYMENTS.categories
    assert not kinds.REPLICA_SETS.categories


def test_deployments_are_listed_and_shown_as_a_table(api: Api) -> None:
    api.create("api", WEB)
    api.create("web", WEB)
    found = api.get(f"{DEPLOYMENTS}?labelSelector=").json()
    assert [one["metadata"]["name"] for one in found["items"]] == ["api", "web"]
    rows = api.get(DEPLOYMENTS, accept=TABLE).json()["rows"]
    assert rows[1]["cells"][:4] == ["web", "0/2", 0, 0]


def test_one_that_is_not_there_is_not_found_by_its_own_kind(api: Api) -> None:
    answer = api.get(f"{DEPLOYMENTS}/nope")
    assert answer.code == 404
    assert answer.json()["message"] == 'deployments.apps "nope" not found'


def test_a_watch_tells_what_becomes_of_the_set(api: Api) -> None:
    api.create("web", WEB)
    watch = api.stream(f"{DEPLOYMENTS}?watch=true")
    assert watch.event()[0] == "ADDED"
    status(api, "web", replicas=2, readyReplicas=1)
    word, shown = watch.event()
    assert (word, shown["status"]["readyReplicas"]) == ("MODIFIED", 1)
    api.create("late", WEB)
    assert watch.events(1) == [("ADDED", "late")]
    api.store.delete(kinds.WORKERSETS, kinds.Key("default", "late"))
    assert watch.events(1) == [("DELETED", "late")]


def test_rollout_restart_becomes_our_annotation(api: Api) -> None:
    api.create("web", WEB)
    key = "kubectl.kubernetes.io/restartedAt"
    change = {"spec": {"template": {"metadata": {"annotations": {key: "2026-01-01T00:00:00Z"}}}}}
    answer = api.patch(f"{DEPLOYMENTS}/web", change, STRATEGIC)
    assert answer.code == 200
    assert answer.json()["spec"]["template"]["metadata"]["annotations"][key] == "2026-01-01T00:00:00Z"
    live = api.get(f"{SETS}/web").json()
    assert live["metadata"]["annotations"][kinds.ANNOTATION_RESTARTED_AT] == "2026-01-01T00:00:00Z"


def test_set_env_merges_by_name_and_deletes_by_directive(api: Api) -> None:
    api.create("web", {**WEB, "env": {"MODE": "fast", "OLD": "1"}})
    change = container(env=[{"name": "NEW", "value": "2"}, {"name": "OLD", "$patch": "delete"}])
    assert api.patch(f"{DEPLOYMENTS}/web", change, STRATEGIC).code == 200
    assert spec_of(api, "web")["env"] == {"MODE": "fast", "NEW": "2"}


def test_scale_and_its_subresource_change_num(api: Api) -> None:
    api.create("web", WEB)
    assert api.patch(f"{DEPLOYMENTS}/web/scale", {"spec": {"replicas": 5}}).code == 200
    assert spec_of(api, "web")["num"] == 5
    assert api.patch(f"{DEPLOYMENTS}/web", {"spec": {"replicas": 3}}).code == 200
    assert spec_of(api, "web")["num"] == 3


def test_pause_and_resume_map_to_the_rollout_of_an_http_set(api: Api) -> None:
    api.create("web", {"command": ["sleep", "9"], "listen": ["127.0.0.1:0"], "rollout": {"max_surge": 2}})
    assert api.patch(f"{DEPLOYMENTS}/web", {"spec": {"paused": True}}, STRATEGIC).code == 200
    assert spec_of(api, "web")["rollout"] == {"max_surge": 2, "paused": True}
    assert api.get(f"{DEPLOYMENTS}/web").json()["spec"]["paused"] is True
    assert api.patch(f"{DEPLOYMENTS}/web", {"spec": {"paused": None}}, STRATEGIC).code == 200
    assert spec_of(api, "web")["rollout"] == {"max_surge": 2}


def test_pausing_what_does_not_roll_says_why_not(api: Api) -> None:
    api.create("web", WEB)
    answer = api.patch(f"{DEPLOYMENTS}/web", {"spec": {"paused": True}}, STRATEGIC)
    assert answer.code == 422
    assert "rollout is for HTTP sets" in answer.json()["message"]


def test_history_is_a_replica_set_a_revision(api: Api) -> None:
    api.create("web", WEB)
    first = record(api, "web")
    api.patch(f"{SETS}/web", {"spec": {"env": {"MODE": "slow"}}})
    second = record(api, "web")
    status(
        api, "web", replicas=2, updatedReplicas=1, readyReplicas=2, currentRevision=first["metadata"]["name"]
    )
    found = {one["metadata"]["name"]: one for one in api.get(f"{APPS}/replicasets").json()["items"]}
    assert found.keys() == {first["metadata"]["name"], second["metadata"]["name"]}
    old, new = found[first["metadata"]["name"]], found[second["metadata"]["name"]]
    number = "deployment.kubernetes.io/revision"
    assert (old["metadata"]["annotations"][number], new["metadata"]["annotations"][number]) == ("1", "2")
    assert (old["status"]["replicas"], new["status"]["replicas"]) == (1, 1)
    assert (old["spec"]["replicas"], new["spec"]["replicas"]) == (0, 2)
    owner = api.get(f"{DEPLOYMENTS}/web").json()["metadata"]
    assert owner["annotations"][number] == "2"
    assert new["metadata"]["ownerReferences"][0]["uid"] == owner["uid"]
    assert api.get(f"{APPS}/replicasets/{old['metadata']['name']}").json() == old


def test_undo_by_template_is_the_whole_revision(api: Api) -> None:
    """kubectl sends back the template it read, and the annotations that go with it."""
    api.create("web", {**WEB, "nice": 5})
    api.patch(f"{SETS}/web", {"metadata": {"annotations": {"mine": "1"}}})
    first = record(api, "web")
    api.patch(f"{SETS}/web", {"spec": {"env": {"MODE": "slow"}, "nice": 9}})
    record(api, "web")
    template = api.get(f"{APPS}/replicasets/{first['metadata']['name']}").json()["spec"]["template"]
    del template["metadata"]["labels"]["pod-template-hash"]
    operations = [
        {"op": "replace", "path": "/spec/template", "value": template},
        {"op": "replace", "path": "/metadata/annotations", "value": {}},
    ]
    assert api.patch(f"{DEPLOYMENTS}/web", operations, JSON_PATCH).code == 200
    live = api.get(f"{SETS}/web").json()
    assert (live["spec"]["env"], live["spec"]["nice"]) == ({"MODE": "fast"}, 5)
    assert live["metadata"]["annotations"]["mine"] == "1"


def test_a_dry_run_changes_nothing(api: Api) -> None:
    api.create("web", WEB)
    before = api.get(f"{SETS}/web").body
    answer = api.patch(f"{DEPLOYMENTS}/web?dryRun=All", {"spec": {"replicas": 9}}, STRATEGIC)
    assert answer.json()["spec"]["replicas"] == 9
    assert api.get(f"{SETS}/web").body == before


def test_an_equal_patch_keeps_the_version(api: Api) -> None:
    api.create("web", WEB)
    before = api.get(f"{DEPLOYMENTS}/web").json()
    answer = api.patch(f"{DEPLOYMENTS}/web", {"spec": {"replicas": 2}}, STRATEGIC)
    assert answer.json() == before


def test_a_stale_version_is_a_conflict(api: Api) -> None:
    api.create("web", WEB)
    shown = api.get(f"{DEPLOYMENTS}/web").json()
    status(api, "web", replicas=1)
    shown["spec"]["replicas"] = 7
    answer = api.send("PUT", f"{DEPLOYMENTS}/web", shown)
    assert (answer.code, answer.json()["reason"]) == (409, "Conflict")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (container(image="other"), "spec.template.spec.containers[0].image"),
        (container(resources={"limits": {"cpu": "1"}}), "spec.template.spec.containers[0].resources"),
        ({"spec": {"template": {"spec": {"hostNetwork": True}}}}, "spec.template.spec.hostNetwork"),
        ({"spec": {"selector": {"matchLabels": {"a": "b"}}}}, "spec.selector.matchLabels.a"),
    ],
)
def test_what_a_view_cannot_take_is_refused_by_field(api: Api, change: Any, field: str) -> None:
    api.create("web", WEB)
    answer = api.patch(f"{DEPLOYMENTS}/web", change, STRATEGIC)
    assert answer.code == 422
    assert answer.json()["details"]["causes"][0]["field"] == field
    assert "change the WorkerSet web" in answer.json()["message"]


def test_a_second_container_is_refused(api: Api) -> None:
    api.create("web", WEB)
    change = {"spec": {"template": {"spec": {"containers": [{"name": "side", "image": "x"}]}}}}
    answer = api.patch(f"{DEPLOYMENTS}/web", change, STRATEGIC)
    assert answer.code == 422
    assert "a worker has one container" in answer.json()["message"]


@pytest.mark.parametrize(("method", "path"), [("POST", DEPLOYMENTS), ("DELETE", f"{DEPLOYMENTS}/web")])
def test_verbs_a_view_lacks_are_405_with_a_sentence(api: Api, method: str, path: str) -> None:
    api.create("web", WEB)
    answer = api.send(
        method, path, {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}}
    )
    assert (answer.code, answer.json()["reason"]) == (405, "MethodNotAllowed")
    assert "create and delete the WorkerSet" in answer.json()["message"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_replica_sets_are_read_only(api: Api, method: str) -> None:
    answer = api.send(method, f"{APPS}/replicasets/web-1", {})
    assert answer.code == 405
    assert "a view of a revision of a WorkerSet" in answer.json()["message"]


def test_watched_replica_sets_come_with_new_revisions(api: Api) -> None:
    api.create("web", WEB)
    first = record(api, "web")
    watch = api.stream(f"{APPS}/replicasets?watch=true")
    assert watch.events(1) == [("ADDED", first["metadata"]["name"])]
    api.patch(f"{SETS}/web", {"spec": {"env": {"MODE": "slow"}}})
    second = record(api, "web")
    status(api, "web", replicas=1, updatedReplicas=1)
    told = dict(reversed(pair) for pair in watch.events(2))
    assert told[second["metadata"]["name"]] == "ADDED", json.dumps(told)


def test_what_was_applied_as_deployment_and_as_set_are_kept_apart(api: Api) -> None:
    """Each apply takes away what the last one of its kind had."""
    api.create("web", WEB, annotations={threeway.ANNOTATION: "{}"})
    assert threeway.ANNOTATION not in api.get(f"{DEPLOYMENTS}/web").json()["metadata"]["annotations"]
    api.patch(f"{DEPLOYMENTS}/web", {"metadata": {"annotations": {threeway.ANNOTATION: '{"a":1}'}}})
    assert api.get(f"{SETS}/web").json()["metadata"]["annotations"][threeway.ANNOTATION] == "{}"
    shown = api.get(f"{DEPLOYMENTS}/web").json()
    assert shown["metadata"]["annotations"] == {threeway.ANNOTATION: '{"a":1}'}
    shown["metadata"]["annotations"] = {"note": "x"}
    assert api.send("PUT", f"{DEPLOYMENTS}/web", shown).code == 200
    assert api.get(f"{SETS}/web").json()["metadata"]["annotations"] == {
        "note": "x",
        threeway.ANNOTATION: "{}",
    }
