"""delete (kubectl.md semantics 10): finalizers, preconditions, Pods, namespaces."""

from __future__ import annotations

import json

import pytest

from controller.core import deletion, kinds
from tests.api.driver import DEADLINE, JSON_PATCH, PODS, SETS, Api, Client

NAMESPACES = "/api/v1/namespaces"


def drain(api: Api, name: str) -> None:
    """What the engine does once nothing of the set runs."""
    live = api.store.get(kinds.WORKERSETS, kinds.Key("default", name))
    api.store.update(kinds.WORKERSETS, deletion.drained(live))


def test_a_set_goes_once_its_processes_have(api: Api):
    api.create("web")
    pending = api.send("DELETE", f"{SETS}/web", {"propagationPolicy": "Background"})
    assert pending.code == 200
    assert pending.json()["metadata"]["deletionTimestamp"]
    assert api.get(f"{SETS}/web").code == 200
    drain(api, "web")
    assert api.get(f"{SETS}/web").code == 404


def test_a_second_delete_changes_nothing(api: Api):
    api.create("web")
    first = api.send("DELETE", f"{SETS}/web").json()
    assert api.send("DELETE", f"{SETS}/web").json() == first


def test_a_watch_sees_the_whole_way(api: Api):
    version = api.create("web")["metadata"]["resourceVersion"]
    watch = api.stream(f"{SETS}?watch=true&resourceVersion={version}")
    api.send("DELETE", f"{SETS}/web")
    drain(api, "web")
    assert watch.events(2) == [("MODIFIED", "web"), ("DELETED", "web")]
    watch.hang_up()


def test_foreground_waits_too(api: Api):
    api.create("web")
    pending = api.send("DELETE", f"{SETS}/web", {"propagationPolicy": "Foreground"}).json()
    assert "foregroundDeletion" in pending["metadata"]["finalizers"]


def test_orphan_is_not_possible_here_and_says_so(api: Api):
    api.create("web")
    answer = api.send("DELETE", f"{SETS}/web?propagationPolicy=Orphan")
    assert "stopped in spite" in answer.warnings[0]


def test_a_foreign_finalizer_holds_it_and_its_removal_deletes(api: Api):
    api.create("web", finalizers=["example.com/hold"])
    api.send("DELETE", f"{SETS}/web")
    drain(api, "web")
    assert api.get(f"{SETS}/web").code == 200
    gone = api.patch(f"{SETS}/web", [{"op": "remove", "path": "/metadata/finalizers"}], JSON_PATCH)
    assert gone.code == 200
    assert api.get(f"{SETS}/web").code == 404


def test_preconditions(api: Api):
    made = api.create("web")
    refused = api.send("DELETE", f"{SETS}/web", {"preconditions": {"uid": "other"}})
    assert (refused.code, refused.json()["reason"]) == (409, "Conflict")
    assert api.send("DELETE", f"{SETS}/web", {"preconditions": {"resourceVersion": "1"}}).code == 409
    fine = {"preconditions": {"uid": made["metadata"]["uid"]}, "gracePeriodSeconds": 5}
    assert api.send("DELETE", f"{SETS}/web", fine).json()["metadata"]["deletionGracePeriodSeconds"] == 5


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"propagationPolicy": "Sideways"}, 422),
        ({"gracePeriodSeconds": -1}, 422),
        ({"gracePeriodSeconds": "now"}, 422),
        ({"dryRun": ["Some"]}, 422),
        ({"orphanDependents": True, "propagationPolicy": "Orphan"}, 422),
        ({"preconditions": {"uid": 7}}, 400),
        (["x"], 400),
    ],
)
def test_options_that_make_no_sense(api: Api, options: object, code: int):
    api.create("web")
    assert api.send("DELETE", f"{SETS}/web", options).code == code
    assert "deletionTimestamp" not in api.get(f"{SETS}/web").json()["metadata"]


def test_what_is_not_there_cannot_be_deleted(api: Api):
    assert api.send("DELETE", f"{SETS}/web").json()["reason"] == "NotFound"
    assert api.send("DELETE", f"{PODS}/web-0").json()["message"] == 'pods "web-0" not found'


def test_deleting_a_pod_asks_the_engine_to_replace_the_worker(api: Api):
    api.pod("web-0")
    answer = api.send("DELETE", f"{PODS}/web-0?gracePeriodSeconds=0")
    assert answer.json()["metadata"]["deletionTimestamp"]
    assert api.get(f"{PODS}/web-0").json() == answer.json()


def test_a_deletion_of_a_pod_is_answered_when_the_pod_is_gone():
    """A client that lists by name after the answer must not take the next Pod for the old one."""
    api = Api(pod_seconds=DEADLINE)
    api.pod("other")
    old = api.pod("web-0")
    asked = Client(api, "DELETE", f"{PODS}/web-0", b"", {})
    watch = api.stream(f"{PODS}?watch=true&resourceVersion={old['metadata']['resourceVersion']}")
    assert watch.event()[0] == "MODIFIED"
    api.store.delete(kinds.PODS, kinds.Key("default", "other"))
    assert watch.event()[0] == "DELETED"
    assert not asked.code
    api.store.delete(kinds.PODS, kinds.Key("default", "web-0"))
    api.pod("web-0", uid="the next one")
    asked.started().hang_up()
    answer = json.loads(b"".join(asked.chunks))
    assert answer["metadata"]["uid"] == old["metadata"]["uid"]
    assert answer["metadata"]["deletionTimestamp"]
    api.close()


def test_an_event_goes_at_once_with_a_status(api: Api):
    api.store.create(
        kinds.EVENTS, {"kind": "Event", "metadata": {"name": "e", "namespace": "default", "uid": "u"}}
    )
    status = api.send("DELETE", "/api/v1/namespaces/default/events/e").json()
    assert (status["status"], status["details"]) == ("Success", {"name": "e", "kind": "events", "uid": "u"})


def test_a_namespace_is_terminating_until_the_engine_has_emptied_it(api: Api):
    api.send("POST", NAMESPACES, {"metadata": {"name": "other"}})
    answer = api.send("DELETE", f"{NAMESPACES}/other").json()
    assert answer["status"]["phase"] == "Terminating"
    assert answer["metadata"]["deletionTimestamp"]
    assert api.get(f"{NAMESPACES}/other").code == 200


def test_the_default_namespace_stays(api: Api):
    refused = api.send("DELETE", f"{NAMESPACES}/default")
    assert (refused.code, refused.json()["reason"]) == (403, "Forbidden")
