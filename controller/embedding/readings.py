"""What the program looks at: sets and workers now and as they change, vars, logs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Any

from controller import ports
from controller.api.services import Services
from controller.api.workers import published
from controller.core import errors as core_errors
from controller.core import kinds, runs
from controller.embedding import errors, states
from controller.sdk.workerset import decoding

Check = Callable[[], bool]

_STATES: Mapping[str, Callable[[kinds.Object], states.SetState | states.WorkerState]] = {
    kinds.WORKERSETS.qualified: states.set_state,
    kinds.PODS.qualified: states.worker_state,
}


async def until(services: Services, resource: kinds.Resource, namespace: str, holds: Check) -> None:
    """Until it holds, looked at again with every change; never by time."""
    while not holds():
        subscription = services.store.watch(resource, namespace)
        try:
            async for _ in subscription:
                if holds():
                    return
        except core_errors.Expired:
            continue
        finally:
            subscription.close()


async def changes(
    services: Services, resources: Sequence[kinds.Resource], namespace: str | None
) -> AsyncIterator[states.Change]:
    """What is there as `added`, then every change. Raises `WatchExpired` for a reader that is too slow."""
    subscriptions = [services.store.watch(one, namespace) for one in resources]
    try:
        for one in resources:
            for obj in services.store.list(one, namespace)[0]:
                yield states.Change("added", _STATES[one.qualified](obj))
        with errors.told():
            async for batch in _merged(subscriptions):
                for change in batch:
                    action = _ACTIONS[change.type]
                    yield states.Change(action, _STATES[change.resource.qualified](change.object))
    finally:
        for subscription in subscriptions:
            subscription.close()


_ACTIONS: Mapping[str, Any] = {"ADDED": "added", "MODIFIED": "modified", "DELETED": "deleted"}


async def _merged(
    subscriptions: Iterable[ports.Subscription],
) -> AsyncIterator[Sequence[ports.Change]]:
    """Batches of all of them, each in its order."""
    sources = [aiter(one) for one in subscriptions]
    readers = {asyncio.ensure_future(anext(one)): one for one in sources}
    try:
        while readers:
            done, _ = await asyncio.wait(readers, return_when=asyncio.FIRST_COMPLETED)
            for reader in done:
                source = readers.pop(reader)
                batch = reader.result()
                readers[asyncio.ensure_future(anext(source))] = source
                yield batch
    finally:
        for reader in readers:
            reader.cancel()


class VarsReader:
    """S6.4, S6.5: a pure read; as long as nothing newer is published the very same object."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, str], tuple[int, Mapping[Any, Any]]] = {}

    def read(self, services: Services, namespace: str, name: str, scope: str) -> Mapping[Any, Any]:
        with errors.told():
            instance, snapshot = published.Reader(services, namespace, name, scope).snapshot()
        place = (instance["namespace"], instance["scope"], instance["name"])
        known = self._known.get(place)
        if known is None or known[0] != snapshot.generation:
            known = self._known[place] = snapshot.generation, decoding.decode(snapshot.encoded)
        return known[1]


async def log_lines(
    services: Services, namespace: str, name: str, query: ports.LogQuery
) -> AsyncIterator[str]:
    """Of one worker, or of all that a set has now; what is no UTF-8 is marked."""
    refs = _workers(services, namespace, name)
    chunks = services.logs.read(refs, query)
    async for chunk in chunks:
        for line in chunk.splitlines():
            yield line.decode("utf-8", "replace")


def _workers(services: Services, namespace: str, name: str) -> list[runs.WorkerRef]:
    """Raises `NotDeclared`."""
    pods = [states.worker_state(pod) for pod in services.store.list(kinds.PODS, namespace)[0]]
    found = [one for one in pods if name in (one.set_name, one.worker)]
    if not found and services.store.find(kinds.WORKERSETS, kinds.Key(namespace, name)) is None:
        raise errors.NotDeclared(f"no set and no worker of this name in namespace {namespace}: {name}")
    return [runs.WorkerRef(namespace, one.set_name, one.worker) for one in found]
