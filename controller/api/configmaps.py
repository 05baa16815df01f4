"""ConfigMaps: anybody's own (parents of ApplySets, say), and what workers publish, which is read-only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from controller import ports
from controller.api import call as calls
from controller.api import replies
from controller.core import errors, kinds, varmaps

_PUBLISHED = "it is what a worker has published, only the worker changes it; read it with workerctl vars get"


LOOK_SECONDS = 0.5
"""How late a watch may tell of a publish: workers write to shared memory, which wakes nobody here."""

_LISTINGS = 16

Generations = dict[ports.VarsName, int]


class Reader:
    """What is stored, and among it what is published now."""

    def __init__(self, store: ports.Store, shared: ports.Vars) -> None:
        self._store, self._shared = store, shared
        self._listings: dict[int, Generations] = {}

    def find(self, resource: kinds.Resource, key: kinds.Key, /) -> kinds.Object | None:
        if not varmaps.is_reserved(key.name):
            return self._store.find(resource, key)
        found = (self._shown(one) for one in self._shared.known() if one.namespace == key.namespace)
        return next((one for one in found if one is not None and one["metadata"]["name"] == key.name), None)

    def list(
        self, resource: kinds.Resource, namespace: str | None = None, /
    ) -> tuple[Sequence[kinds.Object], int]:
        stored, version = self._store.list(resource, namespace)
        self._remember(version)
        known = (one for one in self._shared.known() if namespace in (None, one.namespace))
        published = [shown for one in known if (shown := self._shown(one)) is not None]
        return sorted([*stored, *published], key=_place), version

    def watch(
        self, resource: kinds.Resource, namespace: str | None = None, /, *, since: int | None = None
    ) -> ports.Subscription:
        stored = self._store.watch(resource, namespace, since=since)
        version = self._store.version() if since is None else since
        known = self._listings.get(version, {})
        return _Watch(
            stored,
            self,
            {name: known[name] for name in known if namespace in (None, name.namespace)},
            namespace,
        )

    def generations(self, namespace: str | None) -> Generations:
        """Of what is published now."""
        names = (one for one in self._shared.known() if namespace in (None, one.namespace))
        return {one: generation for one in names if (generation := self._shared.generation(one))}

    def told(self, name: ports.VarsName, before: int, now: int) -> ports.Change | None:
        """What became of a name, as the watch event of its ConfigMap."""
        version = self._store.version()
        if not now:
            gone = varmaps.build((name.namespace, name.scope, name.name), before, 0.0, {})
            return ports.Change("DELETED", kinds.CONFIG_MAPS, gone, gone, version)
        shown = self._shown(name)
        if shown is None:
            return None
        if before:
            return ports.Change("MODIFIED", kinds.CONFIG_MAPS, shown, shown, version)
        return ports.Change("ADDED", kinds.CONFIG_MAPS, shown, None, version)

    def _remember(self, version: int) -> None:
        """What was published when a version was first listed: a watch from there tells what came after it."""
        if version not in self._listings:
            self._listings[version] = self.generations(None)
            while len(self._listings) > _LISTINGS:
                del self._listings[next(iter(self._listings))]

    def _shown(self, name: ports.VarsName) -> kinds.Object | None:
        place = (name.namespace, name.scope, name.name)
        try:
            found = self._shared.read(name)
        except ValueError as problem:
            return varmaps.damaged(place, str(problem))
        if found is None:
            return None
        return varmaps.build(place, found.generation, found.published_wall, found.value)


class _Watch:
    """Changes of what is stored, and of what is published beside them: looked for while somebody watches."""

    def __init__(
        self, stored: ports.Subscription, reader: Reader, known: Generations, namespace: str | None
    ) -> None:
        self._stored, self._reader, self._known, self._namespace = stored, reader, known, namespace

    def close(self) -> None:
        self._stored.close()

    async def __aiter__(self) -> AsyncIterator[Sequence[ports.Change]]:
        batches = aiter(self._stored)
        reading: asyncio.Task[Sequence[ports.Change] | None] | None = None
        try:
            while True:
                if told := self._published():
                    yield told
                reading = reading or asyncio.create_task(replies.upcoming(batches))
                await asyncio.wait((reading,), timeout=LOOK_SECONDS)
                if reading.done():
                    batch, reading = reading.result(), None
                    if batch is None:
                        return
                    yield batch
        finally:
            if reading is not None:
                reading.cancel()

    def _published(self) -> list[ports.Change]:
        """What is new since the last look."""
        before, now = self._known, self._reader.generations(self._namespace)
        self._known = now
        changed = [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]
        told = (self._reader.told(name, before.get(name, 0), now.get(name, 0)) for name in changed)
        return [one for one in told if one is not None]


def _place(obj: kinds.Object) -> tuple[str, str]:
    return obj["metadata"]["namespace"], obj["metadata"]["name"]


def writing(handler: calls.Handler) -> calls.Handler:
    """The handler for what is stored; MethodNotAllowed for what is published."""

    async def guarded(call: calls.Call) -> replies.Sendable:
        if varmaps.is_reserved(call.key.name):
            raise errors.MethodNotAllowed(
                f'configmaps "{call.key.name}" cannot be written: {_PUBLISHED}',
                kind=kinds.CONFIG_MAPS.plural,
                methods="GET",
            )
        return await handler(call)

    return guarded


def require_free(name: str) -> None:
    """Raises Forbidden for a name that would be taken for what a worker publishes."""
    if varmaps.is_reserved(name):
        raise errors.Forbidden(
            f'configmaps "{name}" is forbidden: names that begin with {varmaps.PREFIX} are those of '
            "published vars, choose another one",
            kind=kinds.CONFIG_MAPS.plural,
            name=name,
        )
