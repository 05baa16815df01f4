"""Each WorkerSet once more as apps/v1 Deployment and ReplicaSets: what clients know that know no other kinds.

A view, made when somebody looks: nothing of it is stored. Writes come back through `deploymentwrites`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from controller.core import fields, kinds, names, pods, revisions, rollout, threeway

LABEL_HASH = "pod-template-hash"
ANNOTATION_REVISION = "deployment.kubernetes.io/revision"
ANNOTATION_RESTARTED = "kubectl.kubernetes.io/restartedAt"
"""What `kubectl rollout restart` writes into the template; here it is the set's own restart annotation."""

ANNOTATION_APPLIED = "workerset.dev/last-applied-deployment"
"""What was last applied as Deployment. A set keeps its own, or its next apply would take nothing away."""

_KEPT = ("name", "namespace", "creationTimestamp", "resourceVersion", "deletionTimestamp", "labels")


def deployment(workerset: kinds.Object, history: Sequence[kinds.Object]) -> kinds.Object:
    """The view of a set; `history` are its revisions, oldest first."""
    meta, status = workerset["metadata"], fields.mapping(workerset.get("status"))
    paused = bool(fields.mapping(workerset["spec"].get("rollout")).get("paused"))
    return {
        "apiVersion": kinds.DEPLOYMENTS.api_version,
        "kind": kinds.DEPLOYMENTS.kind,
        "metadata": {
            **{key: meta[key] for key in _KEPT if key in meta},
            "uid": uid(meta),
            "generation": meta.get("generation", 1),
            "annotations": _annotations(meta, number_of(workerset, history)),
            "ownerReferences": [
                _owner(workerset["apiVersion"], workerset["kind"], meta["name"], meta["uid"])
            ],
        },
        "spec": {
            "replicas": wanted_num(workerset),
            "selector": {"matchLabels": selector(meta)},
            "template": template(meta, workerset["spec"]),
            "strategy": {"type": "RollingUpdate"},
            "revisionHistoryLimit": 10,
            **({"paused": True} if paused else {}),
        },
        "status": _status(status),
    }


def replica_sets(workerset: kinds.Object, history: Sequence[kinds.Object]) -> list[kinds.Object]:
    """One for each revision of the set. The declared one has the workers of its template; what is left are
    those of the revision that was rolled out last."""
    status = fields.mapping(workerset.get("status"))
    updated, alive = status.get("updatedReplicas", 0), status.get("replicas", 0)
    ready = status.get("readyReplicas", 0)
    declared = revisions.name_of(workerset)
    shares = {declared: (updated, min(updated, ready))}
    current: str = status.get("currentRevision") or ""
    if current != declared:
        shares[current] = (max(0, alive - updated), max(0, ready - updated))
    wanted = {declared: wanted_num(workerset)}
    return [
        _replica_set(workerset, one, wanted.get(name := one["metadata"]["name"], 0), shares.get(name, (0, 0)))
        for one in history
    ]


def _replica_set(
    workerset: kinds.Object, revision: kinds.Object, wanted: int, share: tuple[int, int]
) -> kinds.Object:
    meta, own = workerset["metadata"], revision["metadata"]
    mark = own["name"].removeprefix(f"{meta['name']}-")
    shown = template(meta, revision["data"]["spec"])
    labels = {**shown["metadata"]["labels"], LABEL_HASH: mark}
    replicas, ready = share
    return {
        "apiVersion": kinds.REPLICA_SETS.api_version,
        "kind": kinds.REPLICA_SETS.kind,
        "metadata": {
            "name": own["name"],
            "namespace": meta["namespace"],
            "uid": names.uid("replicaset", own["uid"]),
            "creationTimestamp": own["creationTimestamp"],
            "resourceVersion": max(meta["resourceVersion"], own["resourceVersion"], key=int),
            "generation": 1,
            "labels": labels,
            "annotations": {**(own.get("annotations") or {}), ANNOTATION_REVISION: str(revision["revision"])},
            "ownerReferences": [
                _owner(kinds.DEPLOYMENTS.api_version, kinds.DEPLOYMENTS.kind, meta["name"], uid(meta))
            ],
        },
        "spec": {
            "replicas": wanted,
            "selector": {"matchLabels": {**selector(meta), pods.LABEL_REVISION: mark}},
            "template": {**shown, "metadata": {**shown["metadata"], "labels": labels}},
        },
        "status": {
            "replicas": replicas,
            "fullyLabeledReplicas": replicas,
            "readyReplicas": ready,
            "availableReplicas": ready,
            "observedGeneration": 1,
        },
    }


def declared_num(declared: dict[str, Any]) -> int:
    """S1: `num`, and what it is where it is not declared; also of a `spec` that cannot be read otherwise."""
    num = declared.get("num")
    if isinstance(num, int) and not isinstance(num, bool):
        return num
    return 0 if declared.get("background") is True else 1


def wanted_num(workerset: kinds.Object) -> int:
    """What is declared, or what an HTTP set was scaled to (S7.3)."""
    scaled = fields.mapping(fields.mapping(workerset.get("status")).get("scaling")).get("target")
    return max(declared_num(workerset["spec"]), scaled if isinstance(scaled, int) else 0)


def uid(meta: dict[str, Any]) -> str:
    """Of the view of a set."""
    return names.uid("deployment", meta["uid"])


def selector(meta: dict[str, Any]) -> dict[str, str]:
    """Picks the Pods of the set."""
    return {kinds.LABEL_SET: names.label_value(meta["name"])}


def number_of(workerset: kinds.Object, history: Sequence[kinds.Object]) -> int:
    """The number of the declared revision; 0 before it was written."""
    name = revisions.name_of(workerset)
    return next((int(one["revision"]) for one in history if one["metadata"]["name"] == name), 0)


def template(meta: dict[str, Any], declared: dict[str, Any]) -> dict[str, Any]:
    """The Pod template: one container, with what is declared of it and no defaults."""
    container: dict[str, Any] = {"name": pods.CONTAINER, "image": pods.IMAGE}
    command = declared.get("command") or declared.get("file")
    if command:
        container["command"] = [command] if isinstance(command, str) else list(command)
    if declared.get("args"):
        container["args"] = list(declared["args"])
    if "working_dir" in declared:
        container["workingDir"] = declared["working_dir"]
    if declared.get("env"):
        container["env"] = [{"name": name, "value": value} for name, value in declared["env"].items()]
    shown: dict[str, Any] = {"labels": {**(meta.get("labels") or {}), **selector(meta)}}
    restarted = (meta.get("annotations") or {}).get(kinds.ANNOTATION_RESTARTED_AT)
    if restarted:
        shown["annotations"] = {ANNOTATION_RESTARTED: restarted}
    return {"metadata": shown, "spec": {"containers": [container], "restartPolicy": "Always"}}


def _annotations(meta: dict[str, Any], number: int) -> dict[str, str]:
    own = {key: text for key, text in (meta.get("annotations") or {}).items() if key != threeway.ANNOTATION}
    if applied := own.pop(ANNOTATION_APPLIED, ""):
        own[threeway.ANNOTATION] = applied
    return {**own, **({ANNOTATION_REVISION: str(number)} if number else {})}


def _owner(api_version: str, kind: str, name: str, owner_uid: str) -> dict[str, Any]:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "name": name,
        "uid": owner_uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _status(status: dict[str, Any]) -> dict[str, Any]:
    """Completed one-shots count as available, as `rollout status` waits for that."""
    replicas, updated = status.get("replicas", 0), status.get("updatedReplicas", 0)
    ready = status.get("readyReplicas", 0)
    known = {one["type"]: one for one in status.get("conditions") or ()}
    done = max(ready, updated) if _is_true(known.get("Ready")) else ready
    return {
        "observedGeneration": status.get("observedGeneration", 0),
        "replicas": replicas,
        "updatedReplicas": updated,
        "readyReplicas": ready,
        "availableReplicas": done,
        "unavailableReplicas": max(0, replicas - done),
        "conditions": [
            one for one in (_available(known.get("Ready")), _progressing(known.get("Progressing"))) if one
        ],
    }


def _is_true(condition: dict[str, Any] | None) -> bool:
    return condition is not None and condition["status"] == "True"


def _available(ready: dict[str, Any] | None) -> dict[str, Any] | None:
    if ready is None:
        return None
    reason = "MinimumReplicasAvailable" if _is_true(ready) else "MinimumReplicasUnavailable"
    return _condition("Available", ready, ready["status"], reason)


def _progressing(progressing: dict[str, Any] | None) -> dict[str, Any] | None:
    """In the words that `kubectl rollout status` looks for."""
    if progressing is None:
        return None
    match progressing.get("reason"):
        case rollout.Stage.FAILED:
            return _condition("Progressing", progressing, "False", str(rollout.Stage.FAILED))
        case rollout.Stage.PAUSED:
            return _condition("Progressing", progressing, "Unknown", "DeploymentPaused")
    reason = "ReplicaSetUpdated" if _is_true(progressing) else "NewReplicaSetAvailable"
    return _condition("Progressing", progressing, "True", reason)


def _condition(name: str, of: dict[str, Any], status: str, reason: str) -> dict[str, Any]:
    since = of.get("lastTransitionTime", "")
    return {
        "type": name,
        "status": status,
        "reason": reason,
        "message": of.get("message", ""),
        "lastTransitionTime": since,
        "lastUpdateTime": since,
    }
