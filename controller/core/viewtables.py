"""The tables of what is a projection of something else; kubectl's columns (meta.k8s.io/v1 Table)."""

from __future__ import annotations

from typing import Any

from controller.core import ages, fields, kinds, table
from controller.core.table import Column, Layout

_NAME = Column("Name", "the name, unique in its namespace", format="name")
_AGE = Column("Age", "since it was created")


def layout(resource: kinds.Resource) -> Layout:
    """The table of any kind."""
    return _LAYOUTS.get(resource.qualified) or table.layout(resource)


def _name(obj: kinds.Object) -> Any:
    return fields.mapping(obj.get("metadata")).get("name")


def _age(obj: kinds.Object, now: float) -> str:
    return ages.age(fields.mapping(obj.get("metadata")).get("creationTimestamp"), now)


def _container(obj: kinds.Object) -> dict[str, Any]:
    return fields.mapping(fields.at(obj, ("spec", "template", "spec", "containers", 0)))


def _selector(obj: kinds.Object) -> str:
    labels = fields.mapping(fields.at(obj, ("spec", "selector", "matchLabels")))
    return ",".join(f"{key}={value}" for key, value in labels.items())


def _deployment(obj: kinds.Object, now: float) -> list[Any]:
    status, wanted = fields.mapping(obj.get("status")), fields.at(obj, ("spec", "replicas")) or 0
    return [
        _name(obj),
        f"{status.get('readyReplicas', 0)}/{wanted}",
        status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0),
        _age(obj, now),
        _container(obj).get("name"),
        _container(obj).get("image"),
        _selector(obj),
    ]


def _replica_set(obj: kinds.Object, now: float) -> list[Any]:
    status, wanted = fields.mapping(obj.get("status")), fields.at(obj, ("spec", "replicas")) or 0
    return [
        _name(obj),
        wanted,
        status.get("replicas", 0),
        status.get("readyReplicas", 0),
        _age(obj, now),
        _container(obj).get("name"),
        _container(obj).get("image"),
        _selector(obj),
    ]


def _config_map(obj: kinds.Object, now: float) -> list[Any]:
    count = len(fields.mapping(obj.get("data"))) + len(fields.mapping(obj.get("binaryData")))
    return [_name(obj), count, _age(obj, now)]


def _roles(obj: kinds.Object) -> list[str]:
    """As kubectl tells them of a Node: by its labels."""
    labels = fields.mapping(fields.mapping(obj.get("metadata")).get("labels"))
    return sorted(key.removeprefix(kinds.LABEL_ROLE) for key in labels if key.startswith(kinds.LABEL_ROLE))


def _node(obj: kinds.Object, now: float) -> list[Any]:
    info = fields.mapping(fields.at(obj, ("status", "nodeInfo")))
    return [
        _name(obj),
        "Ready",
        ",".join(_roles(obj)) or table.NONE,
        _age(obj, now),
        info.get("kubeletVersion"),
        info.get("osImage"),
        info.get("kernelVersion"),
    ]


_WIDE = (
    Column("Containers", "what its one container is called", priority=1),
    Column("Images", "where its programs come from: this machine", priority=1),
    Column("Selector", "the labels of its Pods", priority=1),
)
_LAYOUTS = {
    kinds.DEPLOYMENTS.qualified: Layout(
        (
            _NAME,
            Column("Ready", "workers that are ready, of those that are wanted"),
            Column("Up-to-date", "workers that run the current template", "integer"),
            Column("Available", "workers that are ready or done", "integer"),
            _AGE,
            *_WIDE,
        ),
        _deployment,
    ),
    kinds.REPLICA_SETS.qualified: Layout(
        (
            _NAME,
            Column("Desired", "workers that are wanted of this revision", "integer"),
            Column("Current", "workers that run it", "integer"),
            Column("Ready", "workers of it that are ready", "integer"),
            _AGE,
            *_WIDE,
        ),
        _replica_set,
    ),
    kinds.CONFIG_MAPS.qualified: Layout(
        (_NAME, Column("Data", "how many entries it has", "integer"), _AGE), _config_map
    ),
    kinds.NODES.qualified: Layout(
        (
            _NAME,
            Column("Status", "whether workers can run here"),
            Column("Roles", "what it does"),
            _AGE,
            Column("Version", "of the controller"),
            Column("OS-Image", "the operating system", priority=1),
            Column("Kernel-Version", "of its kernel", priority=1),
        ),
        _node,
    ),
}
