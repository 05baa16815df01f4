"""Waiting for names to be there: woken by the Pods that change, never by a timer but the deadline (S3.3)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable

from controller.api.workers import book as books
from controller.core import awaiting, kinds, refusals, waitgraph


class Wait:
    """One caller. `pending` holds what is not there yet, by place in the list; `places` finds it by Pod."""

    def __init__(self, targets: Iterable[awaiting.Target], mode: awaiting.Mode) -> None:
        self.mode = mode
        self.pending: dict[int, awaiting.Target] = dict(enumerate(targets))
        self.places: dict[kinds.Key, list[int]] = {}
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def end(self, refusal: refusals.Refusal | None) -> None:
        if self.over.done():
            return
        if refusal is None:
            self.over.set_result(None)
        else:
            self.over.set_exception(refusal)


class Waits:
    """All callers that wait, found by the Pods they wait for."""

    def __init__(self, book: books.Book) -> None:
        self.closed = False
        self._book = book
        self._by_pod: dict[kinds.Key, dict[Wait, None]] = {}
        self._edges: dict[waitgraph.Node, Counter[waitgraph.Node]] = {}
        book.on_pod = self._pod_changed
        book.on_names = self._names_changed

    def refuse_if_closed(self) -> None:
        if self.closed:
            raise _shutting_down()

    def refuse_cycle(self, caller: waitgraph.Node | None, wanted: Iterable[awaiting.Target]) -> None:
        """S3.7; raises Refusal."""
        if caller is None:
            return
        cycle = waitgraph.closes(self._edges, caller, [node_of(target) for target in wanted])
        if cycle:
            text = waitgraph.told(cycle)
            raise refusals.Refusal(
                refusals.Kind.CYCLE,
                f"waiting would never end, since each waits for the next: {text}; "
                "ensure it without waiting, or once this worker is ready",
                {"cycle": [{"scope": scope, "name": name} for _, scope, name in cycle]},
            )

    def pending(self, targets: Iterable[awaiting.Target], mode: awaiting.Mode) -> list[awaiting.Target]:
        """What is not there yet. Raises Refusal where one is not going to be."""
        return [target for target in targets if not self._there(target, mode)]

    async def until(self, wait: Wait, caller: waitgraph.Node | None) -> None:
        """Until everything is there. Raises Refusal; cancelling it withdraws the wait."""
        targets = tuple(wait.pending.values())
        edges = [] if caller is None or not wait.mode.ready else [node_of(target) for target in targets]
        self._enter(wait)
        if caller is not None:
            self._edges.setdefault(caller, Counter()).update(edges)
        try:
            self.refuse_if_closed()
            self._look(wait)
            await wait.over
        finally:
            wait.end(None)
            self._leave(wait)
            if caller is not None:
                self._forget_edges(caller, edges)

    def close(self) -> None:
        """The controller ends: nobody waits any longer."""
        self.closed = True
        for wait in {wait for waits in self._by_pod.values() for wait in waits}:
            wait.end(_shutting_down())

    # ------------------------------------------------------------------ what wakes them

    def _pod_changed(self, key: kinds.Key) -> None:
        for wait in tuple(self._by_pod.get(key, ())):
            self._look(wait, key)

    def _names_changed(self, namespace: str) -> None:
        """A name may be another set's now: look for it there."""
        waits = {wait for key, found in self._by_pod.items() if key.namespace == namespace for wait in found}
        directory = self._book.directory(namespace) if waits else None
        for wait in waits:
            if directory is None:
                return
            try:
                moved = {
                    place: awaiting.Target(one.name, directory.resolve(one.declared.scope, one.name))
                    for place, one in wait.pending.items()
                }
            except refusals.Refusal as refusal:
                wait.end(refusal)
                continue
            self._leave(wait)
            wait.pending = moved
            self._enter(wait)
            self._look(wait)

    def _look(self, wait: Wait, key: kinds.Key | None = None) -> None:
        """At all, or at what runs in one Pod."""
        try:
            for place in tuple(wait.pending) if key is None else wait.places.get(key, ()):
                target = wait.pending.get(place)
                if target is not None and self._there(target, wait.mode):
                    del wait.pending[place]
        except refusals.Refusal as refusal:
            wait.end(refusal)
        if not wait.pending:
            wait.end(None)

    def _there(self, target: awaiting.Target, mode: awaiting.Mode) -> bool:
        found = awaiting.judge(target, self._book.pods(target), self._book.records(target), mode)
        if isinstance(found, refusals.Refusal):
            raise found
        return found

    # ------------------------------------------------------------------ who waits for what

    def _enter(self, wait: Wait) -> None:
        wait.places = {}
        for place, target in wait.pending.items():
            for worker in target.workers:
                wait.places.setdefault(kinds.Key(target.declared.key.namespace, worker), []).append(place)
        for key in wait.places:
            self._by_pod.setdefault(key, {})[wait] = None

    def _leave(self, wait: Wait) -> None:
        for key in wait.places:
            waits = self._by_pod.get(key, {})
            waits.pop(wait, None)
            if not waits:
                self._by_pod.pop(key, None)

    def _forget_edges(self, caller: waitgraph.Node, edges: Iterable[waitgraph.Node]) -> None:
        left = self._edges[caller]
        left.subtract(edges)
        for node in edges:
            if left[node] <= 0:
                del left[node]
        if not left:
            del self._edges[caller]


def _shutting_down() -> refusals.Refusal:
    return refusals.Refusal(
        refusals.Kind.SHUTTING_DOWN, "the controller is shutting down: what was asked for is kept, ask again"
    )


def node_of(target: awaiting.Target) -> waitgraph.Node:
    return target.declared.key.namespace, target.declared.scope, target.name
