"""Writes revisions: the newest is the declared template, the last ten are kept (S1.11)."""

from __future__ import annotations

from controller import ports
from controller.core import kinds, revisions


class History:
    """Knows the names of each set's revisions, so that writing one costs no list of all."""

    def __init__(self, store: ports.Store, kept: int) -> None:
        self._store = store
        self._kept = kept
        self._names: dict[kinds.Key, set[str]] = {}

    def load(self) -> None:
        found, _ = self._store.list(kinds.REVISIONS)
        for one in found:
            meta = one["metadata"]
            for owner in meta.get("ownerReferences", ()):
                key = kinds.Key(meta["namespace"], owner["name"])
                self._names.setdefault(key, set()).add(meta["name"])

    def of(self, obj: kinds.Object) -> list[kinds.Object]:
        """The set's revisions, oldest first."""
        meta = obj["metadata"]
        key = kinds.Key(meta["namespace"], meta["name"])
        found = [
            one
            for name in self._names.get(key, ())
            if (one := self._store.find(kinds.REVISIONS, kinds.Key(key.namespace, name))) is not None
        ]
        return revisions.of_set(found, meta["uid"])

    def write(self, obj: kinds.Object, now: float) -> None:
        """Record the declared template if it is not the newest revision yet."""
        own = self.of(obj)
        fresh = revisions.next_write(obj, own, now)
        if fresh is None:
            return
        meta = obj["metadata"]
        key = kinds.Key(meta["namespace"], meta["name"])
        name = fresh["metadata"]["name"]
        self._names.setdefault(key, set()).add(name)
        stored = self._store.find(kinds.REVISIONS, kinds.Key(key.namespace, name))
        if stored is not None and stored["metadata"]["uid"] != fresh["metadata"]["uid"]:
            # Left behind by a set of the same name that is gone.
            self._store.delete(kinds.REVISIONS, kinds.Key(key.namespace, name))
            stored = None
        if stored is None:
            self._store.create(kinds.REVISIONS, fresh)
        else:
            self._store.update(kinds.REVISIONS, fresh)
        for old in revisions.surplus(
            [*(one for one in own if one["metadata"]["name"] != name), fresh], self._kept
        ):
            self._remove(key, old["metadata"]["name"])

    def drop(self, key: kinds.Key) -> None:
        """The set is gone, its history goes too."""
        for name in tuple(self._names.get(key, ())):
            self._remove(key, name)
        self._names.pop(key, None)

    def _remove(self, key: kinds.Key, name: str) -> None:
        self._names.get(key, set()).discard(name)
        if self._store.find(kinds.REVISIONS, kinds.Key(key.namespace, name)) is not None:
            self._store.delete(kinds.REVISIONS, kinds.Key(key.namespace, name))
