"""Which verbs each kind has. What is missing here is answered with 405 and a sentence.

A kind gets its routes from this table alone (`docs/api.md` has it for readers).
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

    def verbs_of(self, subresource: str) -> tuple[str, ...]:
        return dict(self.subresources).get(subresource, ()) if subresource else self.verbs


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
        (("status", ("get",)), ("log", ("get",))),
        "a Pod is a worker of a WorkerSet: change the WorkerSet, or delete the Pod to restart the worker",
    ),
    Served(kinds.EVENTS, (*READ, "delete"), instead="Events are written by the controller"),
    Served(
        kinds.NAMESPACES, (*READ, *WRITE), (("status", ("get",)),), "delete namespaces one by one, by name"
    ),
    Served(kinds.REVISIONS, READ, instead="a revision is written when the template of a WorkerSet changes"),
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
    verbs &= {"list", "watch", "create"} if collection else {"get", "update", "patch", "delete"}
    return ", ".join(method for method, needs in _METHODS.items() if verbs.intersection(needs))


def find(api_version: object, kind: object) -> Served | None:
    """The row of an object's own words."""
    for served in SERVED:
        if (served.resource.api_version, served.resource.kind) == (api_version, kind):
            return served
    return None
