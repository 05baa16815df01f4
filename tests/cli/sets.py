"""Objects as the API gives them, for tests of what is printed."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]

SETS = "/apis/workerset.dev/v1/workersets"
OWN_SETS = "/apis/workerset.dev/v1/namespaces/default/workersets"
PODS = "/api/v1/namespaces/default/pods"
EVENTS = "/api/v1/namespaces/default/events"
PROJECT = "/workerset/v1/project"
APPLY = "/workerset/v1/apply"
LOGS = "/workerset/v1/logs"
SHUTDOWN = "/workerset/v1/shutdown"

MANIFEST = (
    "apiVersion: workerset.dev/v1\nkind: WorkerSet\nmetadata: {name: %s}\nspec: {command: [sleep, '1000']}\n"
)


def workerset(label: str, state: str = "Ready", ready: int = 1, message: str = "", /, **spec: Any) -> Object:
    """A set the engine has looked at; `spec.source` is its manifest."""
    source = spec.pop("source", "")
    metadata: Object = {"name": label, "namespace": "default", "generation": 2, "resourceVersion": "7"}
    if source:
        metadata["annotations"] = {"workerset.dev/source": source}
    status = {
        "observedGeneration": 2,
        "state": state,
        "readyReplicas": ready,
        "replicas": ready,
        "message": message,
    }
    return {
        "apiVersion": "workerset.dev/v1",
        "kind": "WorkerSet",
        "metadata": metadata,
        "spec": {"command": ["sleep", "1000"], **spec},
        "status": status,
    }


def pod(name: str, owner: str, pid: int = 4712, **container: Any) -> Object:
    state = container.pop("state", {"running": {"startedAt": "2026-01-02T10:00:00Z"}})
    status = {"name": "main", "ready": True, "restartCount": 0, "state": state, **container}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "default",
            "labels": {"workerset.dev/set": owner},
            "annotations": {"workerset.dev/pid": str(pid)},
            "ownerReferences": [{"kind": "WorkerSet", "name": owner}],
        },
        "spec": {"containers": [{"name": "main", "command": ["sleep"], "args": ["1000"], "workingDir": "."}]},
        "status": {"phase": "Running", "containerStatuses": [status]},
    }


def event(
    name: str, reason: str, message: str, *, kind: str = "WorkerSet", warning: bool = True, count: int = 1
) -> Object:
    return {
        "metadata": {"name": f"{name}.{reason}", "namespace": "default"},
        "involvedObject": {"kind": kind, "name": name, "namespace": "default"},
        "type": "Warning" if warning else "Normal",
        "reason": reason,
        "message": message,
        "count": count,
        "lastTimestamp": "2026-01-02T10:00:30Z",
    }


def listed(*items: Object) -> Object:
    return {"kind": "List", "metadata": {"resourceVersion": "7"}, "items": list(items)}


def project(**more: Any) -> Object:
    return {
        "pids": {"controller": 4711, "guardian": 0},
        "version": "0.1.0",
        "startedAt": "2026-01-02T10:00:00Z",
        "foreground": False,
        "conditions": [{"type": "StorageWritable", "status": "True", "reason": "Writable", "message": ""}],
        **more,
    }


def applied(operation: str, obj: Object, **more: Any) -> Object:
    code = 201 if operation == "created" else 200
    base = {"operation": operation, "code": code, "object": obj, "before": None, "status": None}
    return {**base, "warnings": [], "workers": [], **more}


def story() -> list[Object]:
    """The sets of the sample in the documents."""
    failed = "exit 1 after 0.3s, 7th time: KeyError 'API_KEY' (src/import.py:12); next try in 30s"
    return [
        workerset("web", "Ready", 2, "http://127.0.0.1:8000", num=2, source="manifests/10-web.yaml:1"),
        workerset(
            "job",
            "CatchAll",
            0,
            "starts on ensure()",
            background=True,
            scope="x",
            source="manifests/20-jobs.yaml:1",
        ),
        workerset("import", "Failed", 0, failed, source="manifests/30-import.yaml:1"),
    ]
