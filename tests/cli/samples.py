"""Objects and Tables as the API sends them."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

from tests.fakes.api_server import Request, json_lines

SETS = "/apis/workerset.dev/v1/namespaces/default/workersets"
PODS = "/api/v1/namespaces/default/pods"
EVENTS = "/api/v1/namespaces/default/events"
REVISIONS = "/apis/apps/v1/namespaces/default/controllerrevisions"


def workerset(name: str = "web", version: int = 5, **changes: Any) -> dict[str, Any]:
    metadata = {
        "name": name,
        "namespace": "default",
        "uid": f"uid-{name}",
        "resourceVersion": str(version),
        "generation": 1,
        "labels": changes.pop("labels", {"app": "shop"}),
        "managedFields": [{"manager": "workerctl"}],
        **changes.pop("metadata", {}),
    }
    status = {
        "observedGeneration": metadata["generation"],
        "replicas": 2,
        "readyReplicas": 2,
        "updatedReplicas": 2,
        "state": "Ready",
        "message": "",
        "conditions": [
            {"type": "Ready", "status": "True", "reason": "AllReady", "message": "", "observedGeneration": 1}
        ],
        **changes.pop("status", {}),
    }
    spec = {"command": ["sleep", "60"], "num": 2, **changes.pop("spec", {})}
    assert not changes
    return {
        "apiVersion": "workerset.dev/v1",
        "kind": "WorkerSet",
        "metadata": metadata,
        "spec": spec,
        "status": status,
    }


def not_ready(message: str, state: str = "Backoff", **changes: Any) -> dict[str, Any]:
    condition = {"type": "Ready", "status": "False", "reason": "Crashing", "message": message}
    status = {"state": state, "message": message, "readyReplicas": 0, "updatedReplicas": 1}
    return workerset(status={**status, "conditions": [condition]}, **changes)


def pod(name: str = "web-0", owner: str = "uid-web", **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "default",
            "uid": f"uid-{name}",
            "resourceVersion": "9",
            "ownerReferences": [{"kind": "WorkerSet", "uid": owner, "name": owner.removeprefix("uid-")}],
            **metadata,
        },
        "status": {"phase": "Running"},
    }


def listing(*items: dict[str, Any], version: int = 10) -> dict[str, Any]:
    return {
        "kind": "List",
        "apiVersion": "v1",
        "metadata": {"resourceVersion": str(version)},
        "items": [*items],
    }


def event(name: str, reason: str, message: str, *, version: int = 7, **changes: Any) -> dict[str, Any]:
    about = changes.pop("about", ("WorkerSet", "web"))
    return {
        "metadata": {
            "name": name,
            "namespace": "default",
            "resourceVersion": str(version),
            "labels": {"workerset.dev/set": "web"},
        },
        "involvedObject": {"kind": about[0], "name": about[1], "namespace": "default"},
        "reason": reason,
        "message": message,
        "type": changes.pop("type", "Normal"),
        "count": changes.pop("count", 1),
        "firstTimestamp": changes.pop("first", "2020-01-01T00:00:00Z"),
        "lastTimestamp": changes.pop("last", "2020-01-01T00:00:00Z"),
    }


def table(*objects: dict[str, Any], version: int = 10, columns: bool = True) -> dict[str, Any]:
    """A Table of sets: NAME READY STATUS AGE, wide: COMMAND."""
    rows = [
        {
            "cells": [
                one["metadata"]["name"],
                f"{one['status']['readyReplicas']}/{one['spec']['num']}",
                one["status"]["state"],
                "5m",
                "sleep 60",
            ],
            "object": {**one, "kind": "PartialObjectMetadata"},
        }
        for one in objects
    ]
    names = [("Name", "name", 0), ("Ready", "", 0), ("Status", "", 0), ("Age", "", 0), ("Command", "", 1)]
    made: dict[str, Any] = {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": str(version)},
        "rows": rows,
    }
    if columns:
        made["columnDefinitions"] = [
            {"name": name, "type": "string", "format": form, "priority": priority}
            for name, form, priority in names
        ]
    return made


def pod_table(*objects: dict[str, Any]) -> dict[str, Any]:
    made = table()
    made["columnDefinitions"] = [
        {"name": "Name", "type": "string", "format": "name", "priority": 0},
        {"name": "Status", "type": "string", "format": "", "priority": 0},
    ]
    made["rows"] = [
        {"cells": [one["metadata"]["name"], one["status"]["phase"]], "object": {"metadata": one["metadata"]}}
        for one in objects
    ]
    return made


@contextlib.contextmanager
def quiet(listed: dict[str, Any], *events: dict[str, Any]) -> Iterator[Callable[[Request], Any]]:
    """Answers lists with `listed`, and watches with the events and then nothing, until the block ends."""
    over = threading.Event()

    def watch() -> Iterator[bytes]:
        yield from json_lines(*events)
        yield b"\n"
        over.wait(30)

    yield lambda request: watch() if "watch" in request.query else listed
    over.set()
