"""Writes Events and keeps their number in bounds (S1.11).

Pruning happens when something is written, never by a timer: an idle controller stays asleep, and an Event
that outlived its hour is at most one write away from being gone.
"""

from __future__ import annotations

from collections.abc import Iterable

from controller import ports
from controller.core import kinds, notes
from controller.settings import EngineSettings


class EventWriter:
    """The index holds names in order of their last write; it is a hint, the store decides."""

    def __init__(self, store: ports.Store, settings: EngineSettings) -> None:
        self._store = store
        self._settings = settings
        self._index: dict[kinds.Key, dict[str, float]] = {}
        store.subscribe(self._heard)

    def load(self) -> None:
        """Index what is stored already."""
        found, _ = self._store.list(kinds.EVENTS)
        for event in sorted(found, key=lambda one: str(one.get("lastTimestamp"))):
            meta = event["metadata"]
            owner = (meta.get("labels") or {}).get(kinds.LABEL_SET)
            if owner is not None:
                known = self._index.setdefault(kinds.Key(meta["namespace"], owner), {})
                known[meta["name"]] = notes.wall_of(str(event.get("lastTimestamp")))

    def write(self, owner: kinds.Object, told: Iterable[notes.Note], wall: float) -> None:
        """Write notes about a set or the project and prune its old ones, in the caller's transaction."""
        meta = owner["metadata"]
        key = kinds.Key(meta["namespace"], notes.owner_label(owner))
        known = self._index.setdefault(key, {})
        for note in told:
            name = notes.event_name(meta["name"], meta["uid"], note)
            previous = self._series(kinds.Key(key.namespace, name), wall)
            event = notes.event(owner, note, wall, previous)
            if previous is None:
                self._store.create(kinds.EVENTS, event)
            else:
                self._store.update(kinds.EVENTS, event)
            known.pop(name, None)
            known[name] = wall
        self._prune(key.namespace, known, wall)

    def _heard(self, change: ports.Change) -> None:
        """Whoever wrote it, clients too: it counts among those of its owner."""
        if change.resource != kinds.EVENTS:
            return
        meta = change.object["metadata"]
        owner = (meta.get("labels") or {}).get(kinds.LABEL_SET)
        if owner is None:
            return
        place = kinds.Key(meta["namespace"], owner)
        self._index.get(place, {}).pop(meta["name"], None)
        if self._store.find(kinds.EVENTS, kinds.Key(meta["namespace"], meta["name"])) is None:
            return
        known = self._index.setdefault(place, {})
        known[meta["name"]] = notes.wall_of(str(change.object.get("lastTimestamp")))
        if change.type == "ADDED":
            self._prune(meta["namespace"], known, notes.wall_of(str(meta.get("creationTimestamp"))))

    def forget(self, namespace: str) -> None:
        """The namespace is gone, and its Events with it."""
        for key in [key for key in self._index if key.namespace == namespace]:
            del self._index[key]

    def _series(self, key: kinds.Key, wall: float) -> kinds.Object | None:
        """The note's series so far; one that is too old ends here and a new one begins."""
        previous = self._store.find(kinds.EVENTS, key)
        if previous is None:
            return None
        if notes.wall_of(previous["lastTimestamp"]) + self._settings.event_ttl_seconds < wall:
            self._store.delete(kinds.EVENTS, key)
            return None
        return previous

    def _prune(self, namespace: str, known: dict[str, float], wall: float) -> None:
        oldest = wall - self._settings.event_ttl_seconds
        while known:
            name, at = next(iter(known.items()))
            if at >= oldest and len(known) <= self._settings.events_per_set:
                return
            del known[name]
            if self._store.find(kinds.EVENTS, kinds.Key(namespace, name)) is not None:
                self._store.delete(kinds.EVENTS, kinds.Key(namespace, name))
