"""Keeps what workers asked for where it belongs: with the set that answers to the name, while somebody asks.

`settle` is level-triggered: it looks at all sets of a namespace, whenever one of them may answer to other
names than before or is gone, and once when the controller starts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from controller import ports
from controller.core import ensured, errors, kinds, resolution, stamps

BOOT = "ensures-boot"


class EnsureKeeper:
    """Writes within the caller's transaction."""

    def __init__(self, store: ports.Store) -> None:
        self._store = store
        self.moved: dict[kinds.Key, dict[str, str]] = {}
        """Why names are with a set no more that nobody released, until that was told."""

    def begin(self, boot_id: str) -> None:
        """S3.2: a reboot of the machine ends what was ensured before it. What was asked for in this boot is
        listed, even if the last controller had no time to write the list (`Store.update`, derived)."""
        if self._store.setting(BOOT) == boot_id:
            with self._store.transaction():
                for obj in self._store.list(kinds.WORKERSETS)[0]:
                    key = _key_of(obj)
                    ensures = self._store.ensures(key.namespace, key.name)
                    if ensures:
                        self._render(
                            key, max(since for owners in ensures.values() for since in owners.values())
                        )
            return
        with self._store.transaction():
            for obj in self._store.list(kinds.WORKERSETS)[0]:
                key = _key_of(obj)
                for name in tuple(self._store.ensures(key.namespace, key.name)):
                    self._store.put_ensure(key.namespace, key.name, name, None)
                self._render(key, "")
            self._store.put_setting(BOOT, boot_id)

    def settle_stale(
        self, stale: set[str], wall: float, look_again: Callable[[Collection[str]], None]
    ) -> None:
        """Namespaces in which names may resolve elsewhere: what was ensured goes there, and readers are told
        to ask again. Those that cannot be written stay in `stale`."""
        if not stale:
            return
        namespaces = tuple(stale)
        stale.clear()
        for namespace in namespaces:
            try:
                self.settle(namespace, wall)
            except errors.StatusError:
                stale.add(namespace)
        look_again(namespaces)

    def settle(self, namespace: str, wall: float) -> tuple[kinds.Key, ...]:
        """Move and drop records; returns the sets whose names changed."""
        sets = self._store.list(kinds.WORKERSETS, namespace)[0]
        held = {
            key: ensures
            for obj in sets
            if (ensures := self._store.ensures(namespace, (key := _key_of(obj)).name))
        }
        if not held:
            return ()
        directory = resolution.Directory(one for obj in sets if (one := resolution.declared(obj)) is not None)
        there = {ensured.owner_of(_key_of(obj)) for obj in sets if "deletionTimestamp" not in obj["metadata"]}
        changes = ensured.settled(directory, held, there | {ensured.COMMAND_LINE})
        for (key, name), owners in changes.items():
            if owners is None:
                why = ensured.why_gone(directory, key, name)
                self.moved.setdefault(key, {})[name] = why
        return self._put(changes, stamps.rfc3339(wall))

    def ask(self, asked: dict[kinds.Key, kinds.Key], wall: float) -> tuple[kinds.Key, ...]:
        """Lazy sets by the set that depends on them: as if a worker of that had ensured their name. Empties
        `asked`, but for what cannot be written; returns the sets whose names changed."""
        changes: dict[tuple[kinds.Key, str], ensured.Owners | None] = {}
        now = stamps.rfc3339(wall)
        for key, owner in asked.items():
            obj, by = self._store.find(kinds.WORKERSETS, key), ensured.owner_of(owner)
            if obj is None or "name" not in obj["spec"] or "deletionTimestamp" in obj["metadata"]:
                continue
            name = obj["spec"]["name"]
            owners = self._store.ensures(key.namespace, key.name).get(name, {})
            if by not in owners:
                changes[key, name] = {**owners, by: now}
        try:
            touched = self._put(changes, now) if changes else ()
        except errors.StatusError:
            return ()
        asked.clear()
        return touched

    def release(self, key: kinds.Key, names: Iterable[str], wall: float) -> kinds.Object | None:
        """Nobody asks for these names any more; the set as it is now. Raises StatusError."""
        self._put(dict.fromkeys((key, name) for name in names), stamps.rfc3339(wall))
        return self._store.find(kinds.WORKERSETS, key)

    def drop(self, key: kinds.Key) -> None:
        """The set is gone, and what was asked of it too."""
        self.moved.pop(key, None)
        for name in tuple(self._store.ensures(key.namespace, key.name)):
            self._store.put_ensure(key.namespace, key.name, name, None)

    def _put(
        self, changes: Mapping[tuple[kinds.Key, str], ensured.Owners | None], now: str
    ) -> tuple[kinds.Key, ...]:
        with self._store.transaction():
            for (key, name), owners in changes.items():
                self._store.put_ensure(key.namespace, key.name, name, owners)
            touched = tuple(dict.fromkeys(key for key, _ in changes))
            for key in touched:
                self._render(key, now)
        return touched

    def _render(self, key: kinds.Key, now: str) -> None:
        obj = self._store.find(kinds.WORKERSETS, key)
        if obj is None:
            return
        rendered = ensured.render(obj, self._store.ensures(key.namespace, key.name), now)
        if rendered is not obj:
            self._store.update(kinds.WORKERSETS, rendered)


def _key_of(obj: kinds.Object) -> kinds.Key:
    meta = obj["metadata"]
    return kinds.Key(meta.get("namespace", ""), meta["name"])
