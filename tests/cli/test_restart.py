"""`restart` and `rollout`: the annotation, a worker's Pod, progress to the end, history and undo."""

from __future__ import annotations

import re

import pytest

from controller.cli import settling
from tests.cli import samples
from tests.fakes.api_server import json_lines, status

WEB = f"{samples.SETS}/web"


@pytest.fixture
def web(api):
    api.on("GET", WEB, samples.workerset())
    api.on("PATCH", WEB, samples.workerset())
    return api


def test_s4_10_restart_is_an_annotation(shell, web):
    outcome = shell("restart", "web")
    assert (outcome.code, outcome.out) == (0, "workerset.workerset.dev/web restarted\n")
    stamp = web.requests[-1].json()["metadata"]["annotations"]["workerset.dev/restarted-at"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", stamp)


def test_a_client_dry_run_prints_the_changed_object(shell, web):
    outcome = shell("restart", "web", "--dry-run=client", "-o", "yaml")
    assert "workerset.dev/restarted-at: '2" in outcome.out or "workerset.dev/restarted-at: 2" in outcome.out
    assert not web.asked("PATCH", WEB)


@pytest.mark.parametrize("word", ["pause", "resume"])
def test_what_does_not_roll_is_not_paused_and_it_says_what_to_do_instead(shell, web, word):
    outcome = shell("rollout", word, "web")
    assert (outcome.code, outcome.out) == (1, "")
    assert "only HTTP sets roll, this one is restarted in place: web" in outcome.err
    assert "workerctl stop web" in outcome.err
    assert not web.asked("PATCH", WEB)


def test_a_rollout_is_paused_by_a_field_of_its_own_and_resumed_by_letting_go_of_it(shell, web):
    listens = {"command": ["x"], "listen": [1]}
    held = samples.workerset(spec={**listens, "rollout": {"paused": True}})
    web.on("GET", WEB, samples.workerset(spec=listens))
    web.on("PATCH", WEB, held)
    assert shell("rollout", "pause", "web").out == "workerset.workerset.dev/web paused\n"
    assert web.requests[-1].json()["spec"] == {"rollout": {"paused": True}}
    web.on("GET", WEB, held)
    web.on("PATCH", WEB, samples.workerset(spec=listens))
    assert shell("rollout", "resume", "web").out == "workerset.workerset.dev/web resumed\n"
    assert "spec" not in web.requests[-1].json()


def test_a_worker_is_restarted_by_deleting_its_pod(shell, api):
    api.on("DELETE", f"{samples.PODS}/web-1", samples.pod("web-1"))
    assert shell("restart", "worker/web-1").out == "pod/web-1 restarted\n"


def test_a_stopped_set_says_so(shell, web):
    web.on("PATCH", WEB, samples.workerset(spec={"suspend": True}))
    assert shell("restart", "web").err == "web is stopped, nothing runs: workerctl start web\n"


@pytest.mark.parametrize("words", [[], ["web", "--all"], ["ns/x"]])
def test_usage(shell, web, words):
    assert shell("restart", *words).code == 2


def test_restart_waits(shell, web):
    old = samples.workerset(metadata={"generation": 2}, status={"observedGeneration": 1})
    new = samples.workerset(metadata={"generation": 2}, version=11)
    web.on("GET", samples.SETS, samples.listing(old), json_lines({"type": "MODIFIED", "object": new}))
    outcome = shell("restart", "web", "--wait")
    assert outcome.code == 0
    assert outcome.out.splitlines() == [
        "workerset.workerset.dev/web restarted",
        "waiting for web: the controller has not seen the change yet",
        "workerset.workerset.dev/web successfully rolled out",
    ]


CASES = {
    "settled": (samples.workerset(), settling.DONE, ""),
    "lazy": (samples.workerset(status={"state": "Lazy"}), settling.DONE, ""),
    "stopped": (
        samples.workerset(status={"state": "Suspended"}),
        settling.DONE,
        "web is stopped: workerctl start web",
    ),
    "failed": (
        samples.not_ready("exit 1 after 0.3s", "Failed"),
        settling.FAILED,
        "web failed: exit 1 after 0.3s",
    ),
    "crashing": (
        samples.not_ready("exit 1 after 0.3s"),
        settling.GOING_ON,
        "waiting for web: Backoff, 1 of 2 updated, 0 ready: exit 1 after 0.3s",
    ),
    "unseen": (
        samples.workerset(metadata={"generation": 2}, status={"observedGeneration": 1}),
        settling.GOING_ON,
        "waiting for web: the controller has not seen the change yet",
    ),
    "deleting": (
        samples.workerset(metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"}),
        settling.FAILED,
        "web is being deleted",
    ),
}


@pytest.mark.parametrize(("obj", "verdict", "sentence"), CASES.values(), ids=CASES.keys())
def test_judge(obj, verdict, sentence):
    assert settling.judge(obj) == (verdict, sentence)


def test_status_fails_with_the_reason(shell, api):
    api.on("GET", samples.SETS, samples.listing(samples.not_ready("exit 1 after 0.3s", "Failed")))
    outcome = shell("rollout", "status", "web")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == "web failed: exit 1 after 0.3s\nsee workerctl describe ws web\n"


def test_status_times_out_with_the_last_state(shell, api):
    with samples.quiet(samples.listing(samples.not_ready("exit 1"))) as answer:
        api.on("GET", samples.SETS, answer)
        outcome = shell("rollout", "status", "ws/web", "--timeout", "20ms")
    assert outcome.code == 1
    assert outcome.err == "timed out waiting for web: Backoff, 1 of 2 updated, 0 ready: exit 1\n"


def test_status_of_what_is_missing_or_goes(shell, api):
    api.on("GET", samples.SETS, samples.listing())
    api.on("GET", WEB, status(404, "NotFound", "no web"))
    assert shell("rollout", "status", "web").err == "error from server (NotFound): no web\n"
    going = json_lines({"type": "DELETED", "object": samples.workerset()})
    api.on("GET", samples.SETS, samples.listing(samples.not_ready("x")), going)
    outcome = shell("rollout", "status", "web")
    assert (outcome.code, outcome.err) == (1, "web was deleted\n")


def test_status_once(shell, web):
    assert shell("rollout", "status", "web", "--watch=false").out.endswith("successfully rolled out\n")


def revision(number, cause=None, owner="uid-web"):
    annotations = {"kubernetes.io/change-cause": cause} if cause else {}
    return {
        "metadata": {
            "name": f"web-{number}",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "annotations": annotations,
            "ownerReferences": [{"uid": owner}],
        },
        "data": {"spec": {"command": ["sleep", str(number)]}},
        "revision": number,
    }


@pytest.fixture
def revised(web):
    items = [revision(10), revision(2, "new port"), revision(1), revision(3, owner="uid-other")]
    web.on("GET", samples.REVISIONS, samples.listing(*items))
    return web


def test_history(shell, revised):
    assert shell("rollout", "history", "web").out == (
        "workerset.workerset.dev/web\n"
        "REVISION   CREATED                CHANGE-CAUSE\n"
        "1          2026-01-01T00:00:00Z   <none>\n"
        "2          2026-01-01T00:00:00Z   new port\n"
        "10         2026-01-01T00:00:00Z   <none>\n"
    )
    one = shell("rollout", "history", "web", "--revision", "2").out
    assert one.endswith("revision 2, new port\nspec:\n  command:\n  - sleep\n  - '2'\n")
    missing = shell("rollout", "history", "web", "--revision", "7")
    assert (missing.code, missing.err.splitlines()[-1]) == (1, "revisions: 1, 2, 10")


def test_undo(shell, revised):
    path = "/workerset/v1/rollback/default/web"
    revised.on("POST", path, samples.workerset(metadata={"generation": 2}), samples.workerset())
    assert shell("rollout", "undo", "web").out == "workerset.workerset.dev/web rolled back\n"
    assert revised.requests[-1].json() == {"toRevision": None}
    outcome = shell("rollout", "undo", "ws/web", "--to-revision", "2")
    assert outcome.out == "workerset.workerset.dev/web not rolled back, it runs that revision already\n"
    assert revised.requests[-1].json() == {"toRevision": 2}
    assert "to revision 2 (server dry run)" in shell("rollout", "undo", "web", "--dry-run").out


def test_rollout_restart(shell, web):
    assert shell("rollout", "restart", "web").out == "workerset.workerset.dev/web restarted\n"


@pytest.mark.parametrize("words", [["status"], ["stats", "web"], ["status", "pod/x"]])
def test_rollout_usage(shell, web, words):
    assert shell("rollout", *words).code == 2
