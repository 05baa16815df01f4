"""This machine as the one Node; what workers use as PodMetrics and NodeMetrics (metrics.k8s.io/v1beta1)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from controller.core import kinds, names, pods, stamps


@dataclass(frozen=True, slots=True)
class Machine:
    """What does not change while a controller lives."""

    hostname: str
    cpus: int
    memory_bytes: int
    system: str = "linux"
    architecture: str = "amd64"
    kernel: str = ""
    distribution: str = ""


@dataclass(frozen=True, slots=True)
class Load:
    """What something uses: cores on average over a window, and memory now."""

    cores: float
    memory_bytes: int
    window_seconds: float

    @staticmethod
    def sum(loads: Iterable[Load]) -> Load:
        found = list(loads)
        return Load(
            sum(one.cores for one in found),
            sum(one.memory_bytes for one in found),
            max((one.window_seconds for one in found), default=1.0),
        )


def node(machine: Machine, project: Mapping[str, Any]) -> kinds.Object:
    """Ready for as long as somebody answers; nothing of it changes meanwhile."""
    since = project["startedAt"]
    resources = {"cpu": str(machine.cpus), "memory": f"{machine.memory_bytes // 1024}Ki"}
    return {
        "apiVersion": kinds.NODES.api_version,
        "kind": kinds.NODES.kind,
        "metadata": {
            "name": pods.NODE,
            "uid": names.uid("node", project["root"]),
            "creationTimestamp": since,
            "resourceVersion": "1",
            "labels": {
                "kubernetes.io/hostname": names.label_value(machine.hostname),
                "kubernetes.io/os": machine.system,
                "kubernetes.io/arch": machine.architecture,
                f"{kinds.LABEL_ROLE}control-plane": "",
                f"{kinds.LABEL_ROLE}worker": "",
            },
        },
        "spec": {},
        "status": {
            "capacity": resources,
            "allocatable": resources,
            "conditions": [
                {
                    "type": "Ready",
                    "status": "True",
                    "reason": "ControllerReady",
                    "message": "the controller answers",
                    "lastTransitionTime": since,
                    "lastHeartbeatTime": since,
                }
            ],
            "addresses": [{"type": "Hostname", "address": machine.hostname}],
            "nodeInfo": _info(machine, project["version"]),
        },
    }


def _info(machine: Machine, version: str) -> dict[str, str]:
    """The ids of machine and system stay unsaid: they are nobody's business."""
    return {
        "kernelVersion": machine.kernel,
        "osImage": machine.distribution,
        "operatingSystem": machine.system,
        "architecture": machine.architecture,
        "kubeletVersion": f"v{version}",
        "containerRuntimeVersion": f"workerset://{version}",
        "machineID": "",
        "systemUUID": "",
        "bootID": "",
        "kubeProxyVersion": "",
    }


def pod_metrics(pod: kinds.Object, load: Load, now: float) -> kinds.Object:
    meta = pod["metadata"]
    kept = {key: meta[key] for key in ("name", "namespace", "labels") if key in meta}
    return {
        **_head(kinds.POD_METRICS, kept, load, now),
        "containers": [{"name": pods.CONTAINER, "usage": _usage(load)}],
    }


def node_metrics(load: Load, now: float) -> kinds.Object:
    """Of all workers together; what else the machine does is not counted."""
    return {**_head(kinds.NODE_METRICS, {"name": pods.NODE}, load, now), "usage": _usage(load)}


def _head(resource: kinds.Resource, meta: dict[str, Any], load: Load, now: float) -> dict[str, Any]:
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {**meta, "creationTimestamp": stamps.rfc3339(now)},
        "timestamp": stamps.rfc3339(now),
        "window": f"{max(1, math.ceil(load.window_seconds))}s",
    }


def _usage(load: Load) -> dict[str, str]:
    return {"cpu": f"{max(0, round(load.cores * 1e9))}n", "memory": f"{load.memory_bytes // 1024}Ki"}
