"""Which verbs each kind has. What is missing here is answered with 405 and a sentence.

A kind gets its routes, its place in discovery and its OpenAPI document from this table alone (`docs/api.md`
has it for readers); one that the store does not hold has its handlers in `routes.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from controller.core import errors, kinds

READ = ("get", "list", "watch")
WRITE = ("create", "update", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Served:
    """A resource and what may be done with it; `subresources` maps each to its verbs."""

    resource: kinds.Resource
    verbs: tuple[str, ...]
    subresources: tuple[tuple[str, tuple[str, ...]], ...] = ()
    instead: str = ""

    @property
    def gvk(self) -> dict[str, str]:
        """Group, version and kind as discovery and OpenAPI name them."""
        return gvk(self.resource.group, self.resource.version, self.resource.kind)

    def kind_of(self, subresource: str) -> dict[str, str]:
        """What a subresource speaks, as group, version and kind: its own kind, or that of the resource."""
        own = _SUBRESOURCE_KINDS.get(subresource)
        return gvk(*own) if own else self.gvk

    def verbs_of(self, subresource: str) -> tuple[str, ...]:
        return dict(self.subresources).get(subresource, ()) if subresource else self.verbs


def gvk(group: str, version: str, kind: str) -> dict[str, str]:
    return {"group": group, "version": version, "kind": kind}


_SUBRESOURCE_KINDS = {
    "scale": ("autoscaling", "v1", "Scale"),
}

STREAMS = frozenset({"exec", "attach", "portforward"})
"""Subresources that reach into a worker, whatever the method they are asked by."""

SERVED = (
    Served(
        kinds.WORKERSETS,
        (*READ, *WRITE),
        (("status", ("get", "update", "patch")), ("scale", ("get", "update", "patch"))),
        "delete WorkerSets one by one, by name",
    ),
    Served(
        kinds.PODS,
        (*READ, "delete"),
        (("status", ("get",)), ("log", ("get",)), *((name, ("create", "get")) for name in sorted(STREAMS))),
        "a Pod is a worker of a WorkerSet: change the WorkerSet, or delete the Pod to restart the worker",
    ),
    Served(kinds.EVENTS, (*READ, *WRITE), instead="delete Events one by one, by name"),
    Served(
        kinds.NAMESPACES, (*READ, *WRITE), (("status", ("get",)),), "delete namespaces one by one, by name"
    ),
    Served(
        kinds.CONFIG_MAPS,
        (*READ, *WRITE),
        (),
        "delete ConfigMaps one by one, by name",
    ),
    Served(
        kinds.NODES,
        ("get", "list"),
        (("status", ("get",)),),
        "the one Node is the machine the workers run on",
    ),
    Served(kinds.POD_METRICS, ("get", "list"), instead="what is measured cannot be written"),
    Served(kinds.NODE_METRICS, ("get", "list"), instead="what is measured cannot be written"),
    Served(
        kinds.DEPLOYMENTS,
        (*READ, "update", "patch"),
        (("status", ("get",)), ("scale", ("get", "update", "patch"))),
        "a Deployment is a view of a WorkerSet: create and delete the WorkerSet",
    ),
    Served(
        kinds.REPLICA_SETS,
        READ,
        (("status", ("get",)),),
        "a ReplicaSet is a view of a revision of a WorkerSet: change the WorkerSet",
    ),
    Served(kinds.REVISIONS, READ, instead="a revision is written when the template of a WorkerSet changes"),
    Served(kinds.SERVICES, ("get", "list"), instead="there are no Services: HTTP sets listen themselves"),
    Served(kinds.ACCESS_REVIEWS, ("create",)),
    Served(kinds.RULES_REVIEWS, ("create",)),
    Served(kinds.SUBJECT_REVIEWS, ("create",)),
)

_METHODS = {
    "GET": ("get", "list", "watch"),
    "POST": ("create",),
    "PUT": ("update",),
    "PATCH": ("patch",),
    "DELETE": ("delete",),
}


def require(served: Served, verb: str, subresource: str = "") -> None:
    """Raises MethodNotAllowed with what to do instead."""
    if verb in served.verbs_of(subresource):
        return
    what = f"{served.resource.qualified}/{subresource}" if subresource else served.resource.qualified
    instead = "" if subresource else served.instead
    there = ", ".join(served.verbs_of(subresource))
    raise errors.MethodNotAllowed(
        f"{verb} is not supported on {what}, use one of: {there}" + (f" ({instead})" if instead else ""),
        kind=served.resource.plural,
        group=served.resource.group,
    )


def allowed_methods(served: Served, *, collection: bool, subresource: str = "") -> str:
    """The `Allow` header of a path."""
    verbs = set(served.verbs_of(subresource))
    if not subresource:
        verbs &= {"list", "watch", "create"} if collection else {"get", "update", "patch", "delete"}
    return ", ".join(method for method, needs in _METHODS.items() if verbs.intersection(needs))


def find(api_version: object, kind: object) -> Served | None:
    """The row of an object's own words."""
    for served in SERVED:
        if (served.resource.api_version, served.resource.kind) == (api_version, kind):
            return served
    return None


def find_plural(group: str, plural: str) -> Served | None:
    """The row of a kind as paths name it."""
    for served in SERVED:
        if (served.resource.group, served.resource.plural) == (group, plural):
            return served
    return None
