"""The private log endpoint: lines of many workers merged, and with `follow` of those that come later too.

Newcomers of one moment share a reader, so that there is no task a worker. All readers fill one short queue:
a slow client holds them back instead of piling lines up.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from typing import Any

from controller import ports
from controller.api import call as calls
from controller.api import logs, replies
from controller.core import kinds, selectors

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
        _require_any(call, namespace, workerset, worker)
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


def _require_any(call: calls.Call, namespace: str | None, workerset: str, worker: str) -> None:
    """A set without workers is silent; one that is not there is an error. Raises NotFound."""
    if worker:
        raise calls.not_found(kinds.PODS, worker)
    if workerset:
        sets, _ = call.services.store.list(kinds.WORKERSETS, namespace)
        if all(obj["metadata"]["name"] != workerset for obj in sets):
            raise calls.not_found(kinds.WORKERSETS, workerset)


class _Merged:
    """One answer fed by several readers."""

    def __init__(self, call: calls.Call, wanted: ports.LogQuery, picks: Picks) -> None:
        self._services = call.services
        self._wanted = wanted
        self._picks = picks
        self._queue: asyncio.Queue[bytes | Exception] = asyncio.Queue(_QUEUE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._known: set[ports.WorkerRef] = set()

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
        fresh = [ref for ref in workers if ref not in self._known]
        if fresh:
            self._known.update(fresh)
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
        """Workers that appear later are read from then on: older lines under their name are not theirs."""
        async for batch in pods:
            later = dataclasses.replace(self._wanted, tail_lines=None, since_wall=self._services.clock.wall())
            born = [change.object for change in batch if change.type == "ADDED"]
            self._read([logs.ref_of(pod) for pod in born if self._picks(pod)], later)
