"""watch: what is there, then every change, as JSON lines (Kubernetes API concepts, "efficient detection").

No version or 0: everything there as ADDED, then live. N: changes after N; no longer held: one ERROR event
with 410. `sendInitialEvents` (KEP-3157): everything, a marked BOOKMARK, then live. An object that enters a
selector is ADDED, one that leaves it DELETED. Changes of one tick go out as one chunk, each encoded once for
all watches of the same form.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Any

from controller import ports
from controller.api import call as calls
from controller.api import encode, present, query, replies, rows
from controller.api.negotiation import Form
from controller.core import errors, kinds, selectors, tallies

CHUNK = 500
"""Objects of the initial state sent at once; other requests get their turn in between."""

INITIAL_EVENTS_END = "k8s.io/initial-events-end"


def parse_version(text: str) -> int | None:
    """A resourceVersion of a request; None for unset and 0. Raises BadRequest."""
    if text in ("", "0"):
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise errors.BadRequest(f"invalid resource version: {text[:80]!r}")
    return int(text)


def watch(call: calls.Call, select: selectors.Predicate | None) -> replies.Stream:
    """The stream; what is wrong with the request is raised, what goes wrong later is an ERROR event."""
    source = _Source(call, select)
    return replies.Stream(
        source.chunks(),
        call.services.streams,
        seconds=call.query.number("timeoutSeconds") or None,
        on_error=_error_event,
    )


def _error_event(problem: Exception) -> bytes:
    if not isinstance(problem, errors.StatusError):
        problem = errors.StatusError(f"the watch broke: {type(problem).__name__}")
    return _event("ERROR", encode.dump(encode.status_of(problem)))


def _event(word: str, obj: bytes) -> bytes:
    return b'{"type":"' + word.encode("ascii") + b'","object":' + obj + b"}\n"


class _Source:
    """One watch: its position, its selector, the form of its events."""

    def __init__(self, call: calls.Call, select: selectors.Predicate | None) -> None:
        asked = call.query
        self._call = call
        self._select = select
        self._since = parse_version(asked.text("resourceVersion"))
        self._bookmarks = asked.flag("allowWatchBookmarks")
        self._marked = _wants_initial_events(asked)
        self._write = _Writer(call)
        self._question = (
            call.resource.qualified,
            call.namespace,
            asked.text("labelSelector"),
            asked.text("fieldSelector"),
            call.form,
        )

    async def chunks(self) -> AsyncIterator[bytes]:
        resource, namespace = self._call.resource, self._call.namespace
        reader = self._call.services.reader(resource)
        state: Sequence[kinds.Object] = ()
        version = self._since
        if self._since is None or self._marked:
            state, version = reader.list(resource, namespace)
            if self._since is not None and self._since > version:
                raise errors.Expired(f"too large resource version: {self._since}, current: {version}")
            if self._since is None and self._marked is False:
                state = ()
        subscription = reader.watch(resource, namespace, since=version)
        try:
            with self._call.services.tally.going_on(tallies.WATCHERS):
                for chunk in self._initial(state):
                    yield chunk
                    await asyncio.sleep(0)
                if self._marked and self._bookmarks:
                    yield self._write.bookmark(version or 0, initial_events_end=True)
                async for chunk in self._live(subscription, version or 0):
                    yield chunk
        finally:
            subscription.close()

    def _initial(self, state: Sequence[kinds.Object]) -> Iterable[bytes]:
        select = self._select
        picked = state if select is None else [obj for obj in state if select(obj)]
        for start in range(0, len(picked), CHUNK):
            yield b"".join(self._write.added(obj) for obj in picked[start : start + CHUNK])

    async def _live(self, subscription: ports.Subscription, version: int) -> AsyncIterator[bytes]:
        bell = _Bell(self._call.services.bookmarks.listen if self._bookmarks else None)
        pace = self._call.services.pace
        try:
            async for batch in bell.among(subscription):
                if isinstance(batch, int):
                    if batch > version:
                        version = batch
                        yield self._write.bookmark(batch)
                    continue
                version = batch[-1].version
                if chunk := self._chunk(batch):
                    yield chunk
                await pace.tick()
        finally:
            bell.close()

    def _chunk(self, batch: Sequence[ports.Change]) -> bytes:
        """The events of a batch. Those of Tables differ: the first one of a watch has the columns."""
        if self._call.form is Form.TABLE:
            return self._lines(batch)
        return self._call.services.pace.chunk(self._question, batch, self._lines)

    def _lines(self, batch: Sequence[ports.Change]) -> bytes:
        return b"".join(line for change in batch if (line := self._line(change)))

    def _line(self, change: ports.Change) -> bytes | None:
        """The event this watch sees, if any."""
        if self._select is None:
            return self._write.change(change.type, change)
        before = change.previous is not None and self._select(change.previous)
        after = change.type != "DELETED" and self._select(change.object)
        if after:
            return self._write.change("MODIFIED" if before else "ADDED", change)
        if not before:
            return None
        return self._write.change("DELETED", change) if change.type == "DELETED" else self._write.left(change)


def _wants_initial_events(asked: query.Query) -> bool | None:
    """`sendInitialEvents`, None if not given. Raises Invalid for combinations that Kubernetes refuses."""
    match = asked.choice("resourceVersionMatch", ("NotOlderThan", "Exact"))
    if not asked.has("sendInitialEvents"):
        if match:
            raise query.invalid(
                "resourceVersionMatch",
                "is forbidden for watch unless sendInitialEvents is provided",
                reason="FieldValueForbidden",
            )
        return None
    if match != "NotOlderThan":
        raise query.invalid(
            "resourceVersionMatch",
            "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
            reason="FieldValueForbidden",
        )
    return asked.flag("sendInitialEvents")


class _Writer:
    """Events in the form the client asked for."""

    def __init__(self, call: calls.Call) -> None:
        self._resource = call.resource
        self._form = call.form
        self._first = True
        self._call = call
        present.include_of(call.query)

    def added(self, obj: kinds.Object) -> bytes:
        return _event("ADDED", self._object(obj))

    def change(self, word: str, change: ports.Change) -> bytes:
        if self._form is Form.OBJECT:
            return _event(word, change.encoded("json", encode.dump))
        if self._form is Form.METADATA:
            return _event(word, change.encoded("metadata", rows.metadata_only))
        return _event(word, self._object(change.object))

    def left(self, change: ports.Change) -> bytes:
        """Its last state inside the selector, at the version at which it left."""
        last = change.previous or change.object
        meta = {**last["metadata"], "resourceVersion": str(change.version)}
        return _event("DELETED", self._object({**last, "metadata": meta}))

    def bookmark(self, version: int, *, initial_events_end: bool = False) -> bytes:
        metadata: dict[str, Any] = {"resourceVersion": str(version), "creationTimestamp": None}
        if initial_events_end:
            metadata["annotations"] = {INITIAL_EVENTS_END: "true"}
        obj = {"kind": self._resource.kind, "apiVersion": self._resource.api_version, "metadata": metadata}
        if self._form is Form.METADATA:
            return _event("BOOKMARK", rows.metadata_only(obj))
        if self._form is Form.TABLE:
            row = encode.dump({"cells": [], "object": obj})
            return _event(
                "BOOKMARK", present.TableForm(self._call).table([row], metadata, with_columns=False)
            )
        return _event("BOOKMARK", encode.dump(obj))

    def _object(self, obj: kinds.Object) -> bytes:
        if self._form is Form.OBJECT:
            return encode.dump(obj)
        if self._form is Form.METADATA:
            return rows.metadata_only(obj)
        written = present.TableForm(self._call)
        metadata = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
        with_columns, self._first = self._first, False
        return written.table([written.row(obj)], metadata, with_columns=with_columns)


class _Bell:
    """Batches of a subscription, with bookmark versions among them while nothing else is to be sent.

    A version that rings is a minute old, and it comes out only while the reader has nothing to read, so
    that everything up to it has been sent.
    """

    def __init__(self, listen: Callable[[Callable[[int], None]], Callable[[], None]] | None) -> None:
        self._rung: asyncio.Future[int] | None = None
        self._leave = listen(self._ring) if listen is not None else None

    def _ring(self, version: int) -> None:
        if self._rung is not None and not self._rung.done():
            self._rung.set_result(version)

    def close(self) -> None:
        if self._leave is not None:
            self._leave()

    async def among(self, subscription: ports.Subscription) -> AsyncIterator[Sequence[ports.Change] | int]:
        batches = aiter(subscription)
        if self._leave is None:
            async for batch in batches:
                yield batch
            return
        reader: asyncio.Task[Sequence[ports.Change] | None] | None = None
        try:
            while True:
                self._rung = asyncio.get_running_loop().create_future()
                reader = reader or asyncio.create_task(replies.upcoming(batches))
                await asyncio.wait((reader, self._rung), return_when=asyncio.FIRST_COMPLETED)
                if not reader.done():
                    yield self._rung.result()
                    continue
                found, reader = reader.result(), None
                if found is None:
                    return
                yield found
        finally:
            if reader is not None:
                reader.cancel()
