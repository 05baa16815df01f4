"""The Pod of a worker: a projection of its view, so that tools that know only Pods work (S1.10).

A crash keeps the Pod and raises its restart count; another template, or deleting it, makes another one
(another uid) in the same place.
"""

from __future__ import annotations

from typing import Any

from controller.core import (
    deletion,
    kinds,
    names,
    parse,
    podprobes,
    quantity,
    records,
    sentences,
    stamps,
    template,
    worker,
)
from controller.core.lifecycle import State

LABEL_REVISION = "controller-revision-hash"
NODE = "local"
CONTAINER, IMAGE = "main", "local"

_PHASES = {
    State.PENDING: "Pending",
    State.STARTING: "Pending",
    State.RUNNING: "Running",
    State.READY: "Running",
    State.STOPPING: "Running",
    State.BACKOFF: "Running",
    State.FAILED: "Failed",
    State.COMPLETED: "Succeeded",
}


def uid(owner_uid: str, view: worker.View) -> str:
    """The same for as long as the worker keeps its template and nobody deletes its Pod."""
    return names.uid(owner_uid, view.ref.worker, view.template_hash, view.incarnation)


def build(
    owner: kinds.Object, scope: str, view: worker.View, now: float, previous: kinds.Object | None
) -> kinds.Object:
    """The Pod object; `previous` is the stored one, whose times are kept if it is the same.

    It is as old as its first run, so that a controller that comes later shows the same age. Before there is
    a run it is as old as its first projection.
    """
    meta = owner["metadata"]
    pod_uid = uid(meta["uid"], view)
    same = previous is not None and previous["metadata"]["uid"] == pod_uid
    created = stamps.rfc3339(view.created_wall or now)
    if same and previous is not None and not view.created_wall:
        created = previous["metadata"]["creationTimestamp"]
    metadata: dict[str, Any] = {
        "name": view.ref.worker,
        "generateName": f"{meta['name']}-",
        "namespace": meta["namespace"],
        "uid": pod_uid,
        "creationTimestamp": created,
        "labels": _labels(meta, scope, view),
        "annotations": _annotations(view),
        "ownerReferences": [_owner(owner)],
    }
    if same and previous is not None and "deletionTimestamp" in previous["metadata"]:
        for name in ("deletionTimestamp", "deletionGracePeriodSeconds"):
            if name in previous["metadata"]:
                metadata[name] = previous["metadata"][name]
    before = previous["status"] if same and previous is not None else {}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": _spec(owner["spec"], view),
        "status": _status(view, before, now),
    }


def _labels(meta: dict[str, Any], scope: str, view: worker.View) -> dict[str, str]:
    return {
        **(meta.get("labels") or {}),
        kinds.LABEL_SET: names.label_value(meta["name"]),
        kinds.LABEL_SCOPE: names.label_value(scope),
        kinds.LABEL_WORKER: names.label_value(view.worker_name),
        LABEL_REVISION: template.declared_part(view.template_hash),
    }


def _annotations(view: worker.View) -> dict[str, str]:
    annotations = {kinds.ANNOTATION_WORKER_NAME: view.worker_name}
    if view.pid:
        annotations[kinds.ANNOTATION_PID] = str(view.pid)
    if view.published:
        annotations[kinds.ANNOTATION_PUBLISHED] = "true"
    if view.last is not None and not view.last.error:
        annotations[kinds.ANNOTATION_LAST_RUN_TOOK] = sentences.seconds(view.last.seconds)
    return annotations


def _owner(owner: kinds.Object) -> dict[str, Any]:
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _spec(declared: dict[str, Any], view: worker.View) -> dict[str, Any]:
    command = declared.get("command")
    if command is None:
        command = [declared.get("file", ""), view.worker_name]
    elif isinstance(command, str):
        command = [command]
    container: dict[str, Any] = {"name": CONTAINER, "image": IMAGE, "command": list(command)}
    if declared.get("args"):
        container["args"] = list(declared["args"])
    if declared.get("tty"):
        container |= {"stdin": True, "tty": True}
    container["workingDir"] = declared.get("working_dir", ".")
    container |= podprobes.declared(parse.parse_probes(declared).at(view.ordinal), "probe")
    policy = {"always": "Always", "on_failure": "OnFailure", "never": "Never"}
    return {
        "nodeName": NODE,
        "terminationGracePeriodSeconds": quantity.whole_seconds(
            declared.get("stop_grace", deletion.DEFAULT_GRACE)
        ),
        "restartPolicy": policy[declared.get("restart", "always")],
        "containers": [container],
        "securityContext": {},  # kubectl looks into it unasked
    }


def _status(view: worker.View, before: dict[str, Any], now: float) -> dict[str, Any]:
    status: dict[str, Any] = {"phase": _PHASES[view.state]}
    if view.message:
        status["message"] = view.message
    if view.reason:
        status["reason"] = view.reason
    known = {one["type"]: one for one in before.get("conditions") or ()}
    ready = _ready(view, known, now)
    # A Pod has one container and no gates, so that both hold at once; clients look for either.
    also = {**ready, "type": "ContainersReady"}
    status["conditions"] = [ready, also, *podprobes.conditions(view.health, known, now)]
    if view.started_wall:
        status["startTime"] = stamps.rfc3339(view.started_wall)
    status["containerStatuses"] = [_container(view)]
    return status


def _ready(view: worker.View, before: dict[str, Any], now: float) -> dict[str, Any]:
    value = "True" if view.ready else "False"
    since = stamps.rfc3339(view.ready_wall if view.ready and view.ready_wall else now)
    old = before.get("Ready")
    if old is not None and old["status"] == value:
        since = old["lastTransitionTime"]
    condition = {"type": "Ready", "status": value, "lastTransitionTime": since}
    if not view.ready:
        condition["reason"] = view.reason or "Starting"
        condition["message"] = view.message
    return condition


def _container(view: worker.View) -> dict[str, Any]:
    live = view.run != "" and view.pid != 0
    container: dict[str, Any] = {
        "name": CONTAINER,
        "image": IMAGE,
        "imageID": "",
        "containerID": f"workerset://{view.run}" if view.run else "",
        "ready": view.ready,
        "started": podprobes.started(view),
        "restartCount": view.restarts,
        "state": _state(view, live=live),
        "lastState": {},
    }
    resting = view.state in (State.COMPLETED, State.FAILED)
    if view.last is not None and not resting:
        container["lastState"] = {"terminated": _terminated(view.last)}
    return container


def _state(view: worker.View, *, live: bool) -> dict[str, Any]:
    if live:
        return {"running": {"startedAt": stamps.rfc3339(view.started_wall)}}
    if view.state in (State.COMPLETED, State.FAILED) and view.last is not None:
        return {"terminated": _terminated(view.last)}
    waiting = {"reason": view.reason or "ContainerCreating"}
    if view.message:
        waiting["message"] = view.message
    return {"waiting": waiting}


def _terminated(last: records.LastExit) -> dict[str, Any]:
    """128 + n for a signal, as shells and kubelets have it; 127 for what could not be started."""
    code = 127 if last.error else last.code if last.code is not None else 128 + (last.signal or 0)
    ended: dict[str, Any] = {"exitCode": code, "reason": _reason(last)}
    if last.signal is not None:
        ended["signal"] = last.signal
    words = last.error or sentences.last_words(last)
    if words:
        ended["message"] = words
    if last.started_wall:
        ended["startedAt"] = stamps.rfc3339(last.started_wall)
    ended["finishedAt"] = stamps.rfc3339(last.finished_wall)
    ended["containerID"] = f"workerset://{last.run}"
    return ended


def _reason(last: records.LastExit) -> str:
    if last.error:
        return "StartError"
    if last.out_of_memory:
        return "OOMKilled"
    return "Completed" if last.code == 0 and not last.cause else "Error"
