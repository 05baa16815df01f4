"""The kinds this API serves: names, scope and where their objects live.

Adding a kind begins here (`docs/adding-a-kind.md`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

Object = dict[str, Any]
"""A Kubernetes object as JSON. Once handed to or by the store it is never mutated: copy, then change."""

DEFAULT_CAP = 16
"""S2.5: so many names a catch-all runs at once where `max_threads` is not declared."""


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

    @property
    def base_path(self) -> str:
        """Where its group and version are served: `/apis/workerset.dev/v1`, `/api/v1`."""
        return f"/apis/{self.api_version}" if self.group else f"/api/{self.version}"


GROUP = "workerset.dev"

WORKERSETS = Resource(
    GROUP, "v1", "WorkerSet", "workersets", "workerset", ("ws",), categories=("all", "workers")
)
NAMESPACES = Resource("", "v1", "Namespace", "namespaces", "namespace", ("ns",), namespaced=False)
EVENTS = Resource("", "v1", "Event", "events", "event", ("ev",))
PODS = Resource("", "v1", "Pod", "pods", "pod", ("po",), durable=False, categories=("all",))
REVISIONS = Resource("apps", "v1", "ControllerRevision", "controllerrevisions", "controllerrevision")

CONFIG_MAPS = Resource("", "v1", "ConfigMap", "configmaps", "configmap", ("cm",))

RESOURCES = (WORKERSETS, NAMESPACES, EVENTS, PODS, REVISIONS, CONFIG_MAPS)
"""What the store holds."""

SERVICES = Resource("", "v1", "Service", "services", "service", ("svc",), durable=False)


def _review(group: str, kind: str) -> Resource:
    """A question that is answered and forgotten."""
    return Resource(group, "v1", kind, f"{kind.lower()}s", kind.lower(), namespaced=False, durable=False)


ACCESS_REVIEWS = _review("authorization.k8s.io", "SelfSubjectAccessReview")
RULES_REVIEWS = _review("authorization.k8s.io", "SelfSubjectRulesReview")
SUBJECT_REVIEWS = _review("authentication.k8s.io", "SelfSubjectReview")

DEPLOYMENTS = Resource("apps", "v1", "Deployment", "deployments", "deployment", ("deploy",), durable=False)
"""A view of each set. Not in the category `all`, where the set itself is."""
REPLICA_SETS = Resource("apps", "v1", "ReplicaSet", "replicasets", "replicaset", ("rs",), durable=False)
NODES = Resource("", "v1", "Node", "nodes", "node", ("no",), namespaced=False, durable=False)
POD_METRICS = Resource("metrics.k8s.io", "v1beta1", "PodMetrics", "pods", "pod", durable=False)
NODE_METRICS = Resource(
    "metrics.k8s.io", "v1beta1", "NodeMetrics", "nodes", "node", namespaced=False, durable=False
)

LABEL_SET = "workerset.dev/set"
LABEL_SCOPE = "workerset.dev/scope"
LABEL_WORKER = "workerset.dev/worker"
LABEL_INVENTORY = "workerset.dev/inventory"
LABEL_ROLE = "node-role.kubernetes.io/"
"""What a Node does is the rest of the key, which is all that clients look at."""
ANNOTATION_PID = "workerset.dev/pid"
ANNOTATION_PUBLISHED = "workerset.dev/published"
"""`true` on a Pod whose process has published vars in this run."""
ANNOTATION_LAST_RUN_TOOK = "workerset.dev/last-run-took"
"""How long the last run lived, as everything else here says it: the stamps beside are whole seconds."""
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
