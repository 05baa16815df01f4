"""What an ensure does to a set besides its list: a given-up worker is made anew, a refusal is an Event."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

from controller import ports
from controller.core import deletion, errors, kinds, notes, resolution, stamps

CAP_TOLD_SECONDS = 10.0
"""A caller that tries in a loop is one Event in this time, not one a try."""


class Afresh:
    """Writes like any client would."""

    def __init__(self, store: ports.Store, clock: ports.Clock) -> None:
        self._store, self._clock = store, clock
        self._told: dict[kinds.Key, float] = {}

    def start(self, given_up: Iterable[kinds.Object]) -> None:
        """S3.8: deleting the Pod of a given-up worker runs it again at once, under a new identity."""
        now = stamps.rfc3339(self._clock.wall())
        for pod in given_up:
            begun = deletion.begin_delete(kinds.PODS, pod, propagation=None, now=now)
            if begun is not None and begun.changed:
                with contextlib.suppress(errors.StatusError):
                    self._store.update(kinds.PODS, begun.object)

    def tell_cap(self, catch_all: resolution.Declared, name: str) -> None:
        """S2.5 as an Event of the set."""
        now = self._clock.monotonic()
        owner = self._store.find(kinds.WORKERSETS, catch_all.key)
        if owner is None or now - self._told.get(catch_all.key, float("-inf")) < CAP_TOLD_SECONDS:
            return
        self._told[catch_all.key] = now
        text = f"all {catch_all.cap} places are taken, refused: {name}"
        note = notes.Note("CapReached", text, warning=True)
        name_of_event = notes.event_name(catch_all.key.name, owner["metadata"]["uid"], note)
        key = kinds.Key(catch_all.key.namespace, name_of_event)
        previous = self._store.find(kinds.EVENTS, key)
        event = notes.event(owner, note, self._clock.wall(), previous)
        with contextlib.suppress(errors.StatusError):
            if previous is None:
                self._store.create(kinds.EVENTS, event)
            else:
                self._store.update(kinds.EVENTS, event)
