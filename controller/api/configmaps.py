"""ConfigMaps: anybody's own (parents of ApplySets, say), and what workers publish, which is read-only."""

from __future__ import annotations

from collections.abc import Sequence

from controller import ports
from controller.api import call as calls
from controller.api import replies
from controller.core import errors, kinds, varmaps

_PUBLISHED = "it is what a worker has published, only the worker changes it; read it with workerctl vars get"


class Reader:
    """What is stored, and among it what is published now. A watch tells of what is stored."""

    def __init__(self, store: ports.Store, shared: ports.Vars) -> None:
        self._store, self._shared = store, shared

    def find(self, resource: kinds.Resource, key: kinds.Key, /) -> kinds.Object | None:
        if not varmaps.is_reserved(key.name):
            return self._store.find(resource, key)
        found = (self._shown(one) for one in self._shared.known() if one.namespace == key.namespace)
        return next((one for one in found if one is not None and one["metadata"]["name"] == key.name), None)

    def list(
        self, resource: kinds.Resource, namespace: str | None = None, /
    ) -> tuple[Sequence[kinds.Object], int]:
        stored, version = self._store.list(resource, namespace)
        known = (one for one in self._shared.known() if namespace in (None, one.namespace))
        published = [shown for one in known if (shown := self._shown(one)) is not None]
        return sorted([*stored, *published], key=_place), version

    def watch(
        self, resource: kinds.Resource, namespace: str | None = None, /, *, since: int | None = None
    ) -> ports.Subscription:
        return self._store.watch(resource, namespace, since=since)

    def _shown(self, name: ports.VarsName) -> kinds.Object | None:
        place = (name.namespace, name.scope, name.name)
        try:
            found = self._shared.read(name)
        except ValueError as problem:
            return varmaps.damaged(place, str(problem))
        if found is None:
            return None
        return varmaps.build(place, found.generation, found.published_wall, found.value)


def _place(obj: kinds.Object) -> tuple[str, str]:
    return obj["metadata"]["namespace"], obj["metadata"]["name"]


def writing(handler: calls.Handler) -> calls.Handler:
    """The handler for what is stored; MethodNotAllowed for what is published."""

    async def guarded(call: calls.Call) -> replies.Sendable:
        if varmaps.is_reserved(call.key.name):
            raise errors.MethodNotAllowed(
                f'configmaps "{call.key.name}" cannot be written: {_PUBLISHED}', kind=kinds.CONFIG_MAPS.plural
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
