"""The kinds this API serves: names, scope and where their objects live.

Adding a kind begins here (`docs/adding-a-kind.md`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

Object = dict[str, Any]
"""A Kubernetes object as JSON. Once handed to or by the store it is never mutated: copy, then change."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One row of the registry; `group` is empty for core/v1."""

    group: str
    version: str
    kind: str
    plural: str
    singular: str
    short_names: tuple[str, ...] = ()
    namespaced: bool = True
    durable: bool = True
    categories: tuple[str, ...] = ()
    qualified: str = field(init=False)
    """`workersets.workerset.dev`, or `pods` for the core group."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "qualified", f"{self.plural}.{self.group}" if self.group else self.plural)

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version


GROUP = "workerset.dev"

WORKERSETS = Resource(
    GROUP, "v1", "WorkerSet", "workersets", "workerset", ("ws",), categories=("all", "workers")
)
NAMESPACES = Resource("", "v1", "Namespace", "namespaces", "namespace", ("ns",), namespaced=False)
EVENTS = Resource("", "v1", "Event", "events", "event", ("ev",))
PODS = Resource("", "v1", "Pod", "pods", "pod", ("po",), durable=False, categories=("all",))
REVISIONS = Resource("apps", "v1", "ControllerRevision", "controllerrevisions", "controllerrevision")

RESOURCES = (WORKERSETS, NAMESPACES, EVENTS, PODS, REVISIONS)

LABEL_SET = "workerset.dev/set"
LABEL_SCOPE = "workerset.dev/scope"
LABEL_WORKER = "workerset.dev/worker"
LABEL_INVENTORY = "workerset.dev/inventory"
ANNOTATION_PID = "workerset.dev/pid"
ANNOTATION_PUBLISHED = "workerset.dev/published"
"""`true` on a Pod whose process has published vars in this run."""
ANNOTATION_WORKER_NAME = "workerset.dev/worker-name"
ANNOTATION_RESTARTED_AT = "workerset.dev/restarted-at"
ANNOTATION_RESTARTED_BY = "workerset.dev/restarted-by"
"""Which files the last restart is due to; absent if it was asked for."""
ANNOTATION_SOURCE = "workerset.dev/source"


class Key(NamedTuple):
    """What travels in queues and names one object; namespace is empty for cluster-scoped kinds.

    A tuple, since its hash is taken dozens of times a pass.
    """

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name
