"""Ends a namespace: deletes what is in it, waits for the workers, then lets it go."""

from __future__ import annotations

from dataclasses import dataclass

from controller import ports
from controller.core import deletion, kinds, stamps, worker

_CONTENT = (kinds.PODS, kinds.REVISIONS, kinds.EVENTS)


@dataclass(frozen=True, slots=True)
class Ending:
    """`gone`: nothing is left of it. `look_at`: sets whose deletion has begun."""

    gone: bool = False
    look_at: tuple[kinds.Key, ...] = ()


def reconcile(store: ports.Store, name: str, now: worker.Moment) -> Ending:
    """One pass over a namespace, in the caller's transaction; one that is not being deleted is left alone."""
    key = kinds.Key("", name)
    namespace = store.find(kinds.NAMESPACES, key)
    if namespace is None or "deletionTimestamp" not in namespace["metadata"]:
        return Ending()
    sets, _ = store.list(kinds.WORKERSETS, name)
    begun = [_begin_delete(store, obj, now) for obj in sets if "deletionTimestamp" not in obj["metadata"]]
    if sets:
        return Ending(look_at=tuple(begun))
    for resource in _CONTENT:
        found, _ = store.list(resource, name)
        for obj in found:
            store.delete(resource, kinds.Key(name, obj["metadata"]["name"]))
    store.delete(kinds.NAMESPACES, key)
    return Ending(gone=True)


def _begin_delete(store: ports.Store, obj: kinds.Object, now: worker.Moment) -> kinds.Key:
    meta = obj["metadata"]
    key = kinds.Key(meta["namespace"], meta["name"])
    begun = deletion.begin_delete(kinds.WORKERSETS, obj, propagation=None, now=stamps.rfc3339(now.wall))
    if begun is None:
        store.delete(kinds.WORKERSETS, key)
    else:
        store.update(kinds.WORKERSETS, begun.object)
    return key
