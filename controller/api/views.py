"""Kinds that are read from another kind: each change of a WorkerSet is one of its Deployment and ReplicaSets.

A reader answers `find`, `list` and `watch` as the store does, with the same versions, so that every handler
that only reads works on views as on what is stored.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Literal, Protocol

from controller import ports
from controller.core import deployments, fields, kinds, revisions

Show = Callable[[kinds.Object], Sequence[kinds.Object]]
"""What a view has for one object that it is made from."""


class Reader(Protocol):
    """The reading half of `ports.Store`."""

    def find(self, resource: kinds.Resource, key: kinds.Key, /) -> kinds.Object | None: ...

    def list(
        self, resource: kinds.Resource, namespace: str | None = None, /
    ) -> tuple[Sequence[kinds.Object], int]: ...

    def watch(
        self, resource: kinds.Resource, namespace: str | None = None, /, *, since: int | None = None
    ) -> ports.Subscription: ...


class Histories:
    """The revisions of each set, found without a list of all of them."""

    def __init__(self, store: ports.Store) -> None:
        self._store = store
        self._names: dict[kinds.Key, set[str]] | None = None
        store.subscribe(self._changed)

    def of(self, workerset: kinds.Object) -> list[kinds.Object]:
        """Oldest first."""
        meta = workerset["metadata"]
        names = self._known().get(kinds.Key(meta["namespace"], meta["name"]), ())
        found = (self._store.find(kinds.REVISIONS, kinds.Key(meta["namespace"], name)) for name in names)
        return revisions.of_set([one for one in found if one is not None], meta["uid"])

    def _known(self) -> dict[kinds.Key, set[str]]:
        if self._names is None:
            self._names = {}
            for one in self._store.list(kinds.REVISIONS)[0]:
                self._add(self._names, one)
        return self._names

    def _changed(self, change: ports.Change) -> None:
        if self._names is None or change.resource != kinds.REVISIONS:
            return
        if change.type == "DELETED":
            self._names.get(_owner(change.object), set()).discard(change.object["metadata"]["name"])
        else:
            self._add(self._names, change.object)

    @staticmethod
    def _add(names: dict[kinds.Key, set[str]], revision: kinds.Object) -> None:
        names.setdefault(_owner(revision), set()).add(revision["metadata"]["name"])


def _owner(revision: kinds.Object) -> kinds.Key:
    meta = revision["metadata"]
    return kinds.Key(meta["namespace"], meta["ownerReferences"][0]["name"])


class View:
    """A kind as a function of WorkerSets."""

    def __init__(self, store: ports.Store, show: Show) -> None:
        self._store, self._show = store, show

    def find(self, _: kinds.Resource, key: kinds.Key) -> kinds.Object | None:
        """A name of the view is that of its set, or begins with it."""
        base = key.name
        while base:
            workerset = self._store.find(kinds.WORKERSETS, kinds.Key(key.namespace, base))
            for one in () if workerset is None else self._show(workerset):
                if one["metadata"]["name"] == key.name:
                    return one
            base = base.rpartition("-")[0]
        return None

    def list(self, _: kinds.Resource, namespace: str | None = None) -> tuple[Sequence[kinds.Object], int]:
        found, version = self._store.list(kinds.WORKERSETS, namespace)
        return [shown for one in found for shown in self._show(one)], version

    def watch(
        self, resource: kinds.Resource, namespace: str | None = None, *, since: int | None = None
    ) -> ports.Subscription:
        changes = self._store.watch(kinds.WORKERSETS, namespace, since=since)
        return _Watch(changes, resource, self._show, self._store.list(kinds.WORKERSETS, namespace)[0])


class _Watch:
    """Changes of sets as changes of what is shown of them; `known` is what there is when it begins."""

    def __init__(
        self,
        changes: ports.Subscription,
        resource: kinds.Resource,
        show: Show,
        known: Sequence[kinds.Object],
    ) -> None:
        self._changes, self._resource, self._show = changes, resource, show
        self._known: dict[str, dict[str, kinds.Object]] = {}
        for workerset in known:
            self._known[workerset["metadata"]["uid"]] = _named(show(workerset))

    def close(self) -> None:
        self._changes.close()

    async def __aiter__(self) -> AsyncIterator[Sequence[ports.Change]]:
        async for batch in self._changes:
            told = [one for change in batch for one in self._told(change)]
            if told:
                yield told

    def _told(self, change: ports.Change) -> Iterator[ports.Change]:
        owner = change.object["metadata"]["uid"]
        before = self._known.pop(owner, {})
        after = {} if change.type == "DELETED" else _named(self._show(change.object))
        if after:
            self._known[owner] = after
        for name in {**before, **after}:
            old, new = before.get(name), after.get(name)
            if new is None and old is not None:
                yield self._event("DELETED", old, old, change.version)
            elif new is not None and (old is None or change.type == "ADDED"):
                yield self._event("ADDED", new, None, change.version)
            elif new is not None and not fields.same(_bare(new), _bare(old or {})):
                yield self._event("MODIFIED", new, old, change.version)

    def _event(
        self,
        word: Literal["ADDED", "MODIFIED", "DELETED"],
        shown: kinds.Object,
        previous: kinds.Object | None,
        version: int,
    ) -> ports.Change:
        stamped = {**shown, "metadata": {**shown["metadata"], "resourceVersion": str(version)}}
        return ports.Change(word, self._resource, stamped, previous, version)


def _named(found: Sequence[kinds.Object]) -> dict[str, kinds.Object]:
    return {one["metadata"]["name"]: one for one in found}


def _bare(obj: kinds.Object) -> kinds.Object:
    """What counts as a change of it."""
    meta = {key: value for key, value in (obj.get("metadata") or {}).items() if key != "resourceVersion"}
    return {**obj, "metadata": meta}


def of_sets(store: ports.Store, histories: Histories) -> dict[str, Reader]:
    """The readers of all views, by the qualified name of their kind."""

    def deployment(workerset: kinds.Object) -> list[kinds.Object]:
        return [deployments.deployment(workerset, histories.of(workerset))]

    def replica_sets(workerset: kinds.Object) -> list[kinds.Object]:
        return deployments.replica_sets(workerset, histories.of(workerset))

    return {
        kinds.DEPLOYMENTS.qualified: View(store, deployment),
        kinds.REPLICA_SETS.qualified: View(store, replica_sets),
    }
