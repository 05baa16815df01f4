"""Ends a namespace: deletes what is in it, waits for the workers, then lets it go."""

from __future__ import annotations

from dataclasses import dataclass

from controller import ports
from controller.core import deletion, kinds, stamps, worker

_CONTENT = (kinds.PODS, kinds.REVISIONS, kinds.EVENTS, kinds.CONFIG_MAPS)


@dataclass(frozen=True, slots=True)
class Ending:
    """`gone`: nothing is left of it. `look_at`: sets whose deletion has begun."""

    gone: bool = False
    look_at: tuple[kinds.Key, ...] = ()


def reconcile(store: ports.Store, name: str, now: worker.Moment) -> Ending:
    """One pass over a namespace, in the caller's transaction; one that is not being deleted is left alone."""
    place = kinds.Key("", name)
    namespace = store.find(kinds.NAMESPACES, place)
    if namespace is None or "deletionTimestamp" not in namespace["metadata"]:
        return Ending()
    sets, _ = store.list(kinds.WORKERSETS, name)
    if sets:
        grace = namespace["metadata"].get("deletionGracePeriodSeconds")
        begun = [_begin_delete(store, obj, now, grace) for obj in sets]
        return Ending(look_at=tuple(key for key in begun if key is not None))
    for resource in _CONTENT:
        found, _ = store.list(resource, name)
        for obj in found:
            store.delete(resource, kinds.Key(name, obj["metadata"]["name"]))
    store.delete(kinds.NAMESPACES, place)
    return Ending(gone=True)


def _begin_delete(
    store: ports.Store, obj: kinds.Object, now: worker.Moment, grace: int | None
) -> kinds.Key | None:
    """The set's key, if this changed anything about it: one that goes already may have to go sooner."""
    meta = obj["metadata"]
    key = kinds.Key(meta["namespace"], meta["name"])
    begun = deletion.begin_delete(
        kinds.WORKERSETS, obj, propagation=None, now=stamps.rfc3339(now.wall), grace_seconds=grace
    )
    if begun is None:
        store.delete(kinds.WORKERSETS, key)
    elif begun.changed:
        store.update(kinds.WORKERSETS, begun.object)
    else:
        return None
    return key
