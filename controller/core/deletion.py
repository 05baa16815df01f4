"""How objects go: deletionTimestamp, finalizers, and what still holds an object back.

A WorkerSet is gone only when its processes are: its deletion begins with the finalizer `DRAIN`, which the
engine takes off once nothing of it runs. A store removes an object whose last finalizer goes (`finished`).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, TypedDict, Unpack

from controller.core import door, fields, kinds, metadata, quantity

DRAIN = "workerset.dev/drain"
FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"

_STAMPED = (kinds.PODS, kinds.NAMESPACES)

DEFAULT_GRACE = "30s"
"""Of a set without `stop_grace` (S1)."""

ORPHAN_WARNING = (
    "a worker does not outlive its set here: its processes are stopped in spite of propagationPolicy Orphan"
)


class Conditions(TypedDict, total=False):
    """What a client may add to a delete (metav1.DeleteOptions)."""

    uid: str | None
    resource_version: str | None
    grace_seconds: int | None


def begin_delete(
    resource: kinds.Resource,
    live: kinds.Object,
    *,
    propagation: str | None,
    now: str,
    **conditions: Unpack[Conditions],
) -> door.Outcome | None:
    """None = remove the object now; else what to store, with deletionTimestamp.

    A WorkerSet always waits for its drain. A Pod only gets the stamp, which the engine takes for "restart
    this worker", and a Namespace, which the engine empties and then removes. Foreground adds
    `foregroundDeletion`. Asking again may shorten the grace, never lengthen it. Raises Conflict for a failed
    precondition.
    """
    metadata.require_preconditions(resource, live, conditions.get("uid"), conditions.get("resource_version"))
    held = metadata.finalizers(live)
    wanted = list(held)
    begun = bool(live["metadata"].get("deletionTimestamp"))
    warnings: tuple[str, ...] = ()
    if resource == kinds.WORKERSETS:
        if not begun:
            wanted = _with(wanted, DRAIN)
        if propagation == "Foreground" and (not begun or DRAIN in held):
            wanted = _with(wanted, FOREGROUND)
        if propagation == "Orphan":
            warnings = (ORPHAN_WARNING,)
    if not wanted and resource not in _STAMPED:
        return None
    meta = _marked(resource, live, now, conditions.get("grace_seconds"))
    if wanted:
        meta["finalizers"] = wanted
    if fields.same(meta, live["metadata"]):
        return door.Outcome(live, warnings, False)
    result = {**live, "metadata": meta}
    if resource == kinds.NAMESPACES:
        result["status"] = {**fields.mapping(live.get("status")), "phase": "Terminating"}
    return door.Outcome(result, warnings, True)


def asked_grace(resource: kinds.Resource, obj: kinds.Object) -> float | None:
    """The grace that whoever deletes it asked for; None: its own, or it is not being deleted."""
    meta = obj["metadata"]
    found = meta.get("deletionGracePeriodSeconds")
    if not meta.get("deletionTimestamp") or found is None or found == _own_grace(resource, obj):
        return None
    return float(found)


def _own_grace(resource: kinds.Resource, live: kinds.Object) -> int | None:
    """What a delete without a grace means, in whole seconds as Kubernetes has them."""
    spec = fields.mapping(live.get("spec"))
    if resource == kinds.NAMESPACES:
        return None
    if resource == kinds.PODS:
        found = spec.get("terminationGracePeriodSeconds", quantity.whole_seconds(DEFAULT_GRACE))
        return found if isinstance(found, int) else None
    if resource == kinds.WORKERSETS:
        return quantity.whole_seconds(spec.get("stop_grace", DEFAULT_GRACE))
    return 0


def _marked(
    resource: kinds.Resource, live: kinds.Object, now: str, grace_seconds: int | None
) -> dict[str, Any]:
    """The metadata with the deletion's stamps; the first deletionTimestamp stays."""
    meta: dict[str, Any] = dict(live["metadata"])
    before = meta.get("deletionGracePeriodSeconds", _own_grace(resource, live))
    grace = before if grace_seconds is None else grace_seconds
    if meta.get("deletionTimestamp"):
        grace = grace if before is None or grace is None else min(before, grace)
    else:
        meta["deletionTimestamp"] = now
    if grace is not None:
        meta["deletionGracePeriodSeconds"] = grace
    return meta


def remove_finalizer(live: kinds.Object, name: str) -> kinds.Object:
    """`live` without one finalizer; storing the result deletes the object if `finished` says so."""
    return _without(live, (name,))


def drained(live: kinds.Object) -> kinds.Object:
    """`live` without the finalizers that wait for its processes, once none is left."""
    return _without(live, (DRAIN, FOREGROUND, ORPHAN))


def deleting(obj: kinds.Object) -> bool:
    return bool(fields.mapping(obj.get("metadata")).get("deletionTimestamp"))


def finished(live: kinds.Object, new: kinds.Object) -> bool:
    """Storing `new` over `live` takes off the last finalizer of an object that is being deleted."""
    return deleting(new) and bool(metadata.finalizers(live)) and not metadata.finalizers(new)


def _with(names: list[str], name: str) -> list[str]:
    return names if name in names else [*names, name]


def _without(live: kinds.Object, names: Collection[str]) -> kinds.Object:
    held = metadata.finalizers(live)
    kept = [one for one in held if one not in names]
    if len(kept) == len(held):
        return live
    meta = {key: value for key, value in live["metadata"].items() if key != "finalizers"}
    if kept:
        meta["finalizers"] = kept
    return {**live, "metadata": meta}
