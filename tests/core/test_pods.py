"""Pods as kubectl reads them (S1.10)."""

from __future__ import annotations

import dataclasses
from typing import Any

from controller.core import kinds, pods, records, runs, worker
from controller.core.lifecycle import State

OWNER: kinds.Object = {
    "apiVersion": "workerset.dev/v1",
    "kind": "WorkerSet",
    "metadata": {"name": "web", "namespace": "default", "uid": "u1", "labels": {"app": "shop"}},
    "spec": {"command": ["python", "-u", "x.py"], "args": ["--fast"], "restart": "on_failure"},
}
REF = runs.WorkerRef("default", "web", "web-0")
READY = worker.View(
    REF,
    0,
    "web",
    State.READY,
    "1-abc-def",
    0,
    run="r1",
    pid=77,
    started_wall=1_700_000_000.0,
    ready=True,
    ready_wall=1_700_000_001.0,
    restarts=2,
)
CRASH = records.LastExit(
    "r0", 70, signal=9, started_wall=1_699_999_000.0, finished_wall=1_699_999_900.0, lines=("killed?",)
)


def build(
    view: worker.View, previous: kinds.Object | None = None, now: float = 1_700_000_002.0
) -> kinds.Object:
    return pods.build(OWNER, "shop", view, now, previous)


def container(pod: kinds.Object) -> dict[str, Any]:
    (one,) = pod["status"]["containerStatuses"]
    return one


def test_labels_annotations_and_owner() -> None:
    meta = build(READY)["metadata"]
    assert meta["labels"] == {
        "app": "shop",
        "workerset.dev/set": "web",
        "workerset.dev/scope": "shop",
        "workerset.dev/worker": "web",
        "controller-revision-hash": "abc",
    }
    assert meta["annotations"] == {"workerset.dev/worker-name": "web", "workerset.dev/pid": "77"}
    assert meta["ownerReferences"][0]["uid"] == "u1"


def test_a_running_and_ready_worker() -> None:
    pod = build(READY)
    assert pod["spec"]["containers"][0]["command"] == ["python", "-u", "x.py"]
    assert pod["spec"]["restartPolicy"] == "OnFailure"
    assert pod["status"]["phase"] == "Running"
    for condition, word in zip(pod["status"]["conditions"], ("Ready", "ContainersReady"), strict=True):
        assert (condition["type"], condition["status"]) == (word, "True")
        assert condition["lastTransitionTime"] == "2023-11-14T22:13:21Z"
    assert container(pod)["state"] == {"running": {"startedAt": "2023-11-14T22:13:20Z"}}
    assert container(pod)["restartCount"] == 2


def test_a_crash_shows_as_last_state_and_a_signal_as_128_plus_n() -> None:
    ended = container(build(dataclasses.replace(READY, last=CRASH)))["lastState"]["terminated"]
    assert (ended["exitCode"], ended["signal"], ended["reason"], ended["message"]) == (
        137,
        9,
        "Error",
        "killed?",
    )


def test_how_long_the_last_run_lived_is_more_than_its_stamps_say() -> None:
    brief = dataclasses.replace(CRASH, seconds=0.61, error="")
    annotations = build(dataclasses.replace(READY, last=brief))["metadata"]["annotations"]
    assert annotations["workerset.dev/last-run-took"] == "0.6s"
    assert "workerset.dev/last-run-took" not in build(READY)["metadata"]["annotations"]


def test_given_up_completed_and_waiting() -> None:
    down = dataclasses.replace(READY, run="", pid=0, ready=False, last=CRASH)
    failed = build(dataclasses.replace(down, state=State.FAILED, reason="GivenUp", message="m"))
    assert failed["status"]["phase"] == "Failed"
    assert "terminated" in container(failed)["state"]
    done = build(dataclasses.replace(down, state=State.COMPLETED, last=records.LastExit("r", code=0)))
    assert done["status"]["phase"] == "Succeeded"
    assert container(done)["state"]["terminated"]["reason"] == "Completed"
    waits = build(dataclasses.replace(down, state=State.BACKOFF, reason="CrashLoopBackOff", message="m"))
    assert container(waits)["state"] == {"waiting": {"reason": "CrashLoopBackOff", "message": "m"}}


def test_s1_10_a_pod_is_as_old_as_its_first_run_whoever_projects_it() -> None:
    view = dataclasses.replace(READY, created_wall=1_699_999_000.0)
    fresh = build(view, now=1_700_009_000.0)
    assert fresh["metadata"]["creationTimestamp"] == "2023-11-14T21:56:40Z"
    assert build(view, fresh, now=1_700_009_999.0)["metadata"] == fresh["metadata"]


def test_a_pod_without_a_run_is_as_old_as_its_first_projection() -> None:
    waits = dataclasses.replace(READY, run="", pid=0, ready=False, state=State.PENDING)
    first = build(waits)
    later = build(waits, first, now=1_700_009_000.0)
    assert later["metadata"]["creationTimestamp"] == first["metadata"]["creationTimestamp"]


def test_age_and_transition_times_are_kept_by_the_same_pod() -> None:
    first = build(READY)
    later = build(dataclasses.replace(READY, restarts=3), first, now=1_700_009_000.0)
    assert later["metadata"]["creationTimestamp"] == first["metadata"]["creationTimestamp"]
    assert later["status"]["conditions"] == first["status"]["conditions"]
    other = build(dataclasses.replace(READY, template_hash="1-new-def"), first, now=1_700_009_000.0)
    assert other["metadata"]["uid"] != first["metadata"]["uid"]
    assert other["metadata"]["creationTimestamp"] != first["metadata"]["creationTimestamp"]
