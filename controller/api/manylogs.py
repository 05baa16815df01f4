"""The private log endpoint: lines of many workers merged, and with `follow` of those that come later too.

Where no Pod answers to a name, what its worker left in the log folder does, while it is there.

Newcomers of one moment share a reader, so that there is no task a worker. All readers fill one short queue:
a slow client holds them back instead of piling lines up.
"""

from __future__ import annotations

import asyncio
import dataclasses
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from typing import Any

from controller import ports
from controller.api import call as calls
from controller.api import logs, replies
from controller.core import fields, kinds, selectors, stamps

_QUEUE = 64

Picks = Callable[[kinds.Object], bool]


async def read(call: calls.Call) -> replies.Sendable:
    """`namespace`, `workerset`, `worker`, `labelSelector` pick; the rest is as for one Pod."""
    logs.require_text(call)
    asked, store = call.query, call.services.store
    namespace = asked.text("namespace") or None
    workerset, worker = asked.text("workerset"), asked.text("worker")
    picks = _picks(selectors.parse_labels(asked.text("labelSelector")), workerset, worker)
    wanted = logs.options(call)
    pods, version = store.list(kinds.PODS, namespace)
    found = [logs.ref_of(pod) for pod in pods if picks(pod)]
    if not found:
        found = _ended(call, namespace, workerset, worker)
    if not wanted.follow:
        return await logs.stream(call, call.services.logs.read(found, wanted), follow=False)
    merged = _Merged(call, wanted, picks)
    chunks = merged.chunks(found, store.watch(kinds.PODS, namespace, since=version))
    return replies.Stream(chunks, call.services.streams, content_type=logs.TEXT)


def _picks(by_label: selectors.Predicate, workerset: str, worker: str) -> Picks:
    def picks(pod: kinds.Object) -> bool:
        ref = logs.ref_of(pod)
        return (
            by_label(pod)
            and (not workerset or ref.workerset == workerset)
            and (not worker or ref.worker == worker)
        )

    return picks


def _ended(call: calls.Call, namespace: str | None, workerset: str, worker: str) -> list[ports.WorkerRef]:
    """Workers of the past that left a log; of a set those with an ordinal.

    A set without any is silent; one that is not there either is an error. Raises NotFound.
    """
    if not worker and not workerset:
        return []
    wanted = re.compile(re.escape(worker) if worker else rf"{re.escape(workerset)}-[0-9]+")
    kept = () if namespace is None else call.services.logs.kept(namespace)
    found = [ports.WorkerRef(namespace or "", workerset, name) for name in kept if wanted.fullmatch(name)]
    if found:
        return found
    if worker:
        raise calls.not_found(kinds.PODS, worker)
    sets, _ = call.services.store.list(kinds.WORKERSETS, namespace)
    if all(obj["metadata"]["name"] != workerset for obj in sets):
        raise calls.not_found(kinds.WORKERSETS, workerset)
    return []


class _Merged:
    """One answer fed by several readers."""

    def __init__(self, call: calls.Call, wanted: ports.LogQuery, picks: Picks) -> None:
        self._services = call.services
        self._wanted = wanted
        self._picks = picks
        self._queue: asyncio.Queue[bytes | Exception] = asyncio.Queue(_QUEUE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._known: set[tuple[str, str]] = set()

    async def chunks(
        self, found: Iterable[ports.WorkerRef], pods: ports.Subscription
    ) -> AsyncIterator[bytes]:
        try:
            self._read(found, self._wanted)
            self._start(self._newcomers(pods))
            while True:
                chunk = await self._queue.get()
                if isinstance(chunk, Exception):
                    raise chunk
                yield chunk
        finally:
            pods.close()
            for task in self._tasks:
                task.cancel()
            if self._tasks:
                await asyncio.wait(self._tasks)

    def _read(self, workers: Iterable[ports.WorkerRef], wanted: ports.LogQuery) -> None:
        fresh = [ref for ref in workers if (ref.namespace, ref.worker) not in self._known]
        if fresh:
            self._known.update((ref.namespace, ref.worker) for ref in fresh)
            self._start(self._pass_on(self._services.logs.read(fresh, wanted)))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as problem:  # noqa: BLE001 - handed to the reader of the queue, which raises it
            await self._queue.put(problem)

    async def _pass_on(self, chunks: AsyncIterator[bytes]) -> None:
        try:
            async for chunk in chunks:
                await self._queue.put(chunk)
        finally:
            await replies.close(chunks)

    async def _newcomers(self, pods: ports.Subscription) -> None:
        """Workers that appear later are read from the start of their run, however late this hears of them:
        older lines under their name are not theirs. One without a run is read from when it appeared."""
        async for batch in pods:
            born = [
                change.object for change in batch if change.type == "ADDED" and self._picks(change.object)
            ]
            runs = {logs.ref_of(pod): run for pod in born if (run := _run_of(pod))}
            later = dataclasses.replace(self._wanted, tail_lines=None, since_wall=None)
            self._read(runs, dataclasses.replace(later, since_run=runs))
            for pod in born:
                self._read((logs.ref_of(pod),), dataclasses.replace(later, since_wall=_created(pod)))


def _created(pod: kinds.Object) -> float | None:
    created = pod["metadata"].get("creationTimestamp")
    return None if created is None else stamps.parse(created)


def _run_of(pod: kinds.Object) -> str:
    """The run a Pod shows; empty if it has none yet."""
    containers: Any = fields.mapping(pod.get("status")).get("containerStatuses") or ({},)
    return str(containers[0].get("containerID") or "").rpartition("//")[2]
