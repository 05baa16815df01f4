"""Following objects: list, then watch from that version, without polling (Kubernetes API concepts, "watch").

`Events` is one watch that outlives a controller's restart; `Mirror` keeps the matching objects current,
whatever happens to the watch below it.
"""

from __future__ import annotations

import select

from controller import clock
from controller.client import errors as client_errors
from controller.client import http, waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from controller.cli.context import Context
    from controller.client.connection import Stream
    from controller.client.resources import Kind

    Object = dict[str, Any]
    Query = dict[str, str | int | bool | None]

EXPIRED = "EXPIRED"
ENDED = "ENDED"


class Deadline:
    """When to stop waiting; `None` seconds = never."""

    def __init__(self, seconds: float | None) -> None:
        self._clock = clock.SystemClock()
        self._at = None if seconds is None else self._clock.monotonic() + seconds

    @property
    def left_ms(self) -> int | None:
        """Milliseconds left, at least 0."""
        if self._at is None:
            return None
        return max(0, int((self._at - self._clock.monotonic()) * 1000 + 0.999))


NEVER = None
"""No deadline."""


class Events:
    """One watch. `batch` waits for what comes next; a lost connection is taken up where it broke."""

    def __init__(
        self, context: Context, path: str, query: Query, version: str, *, accept: str = http.JSON
    ) -> None:
        self._context = context
        self._path = path
        self._query = query
        self._accept = accept
        self._version = version
        self._stream: Stream | None = None

    def __enter__(self) -> Events:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def fileno(self) -> int:
        """Readable when `batch` has something to say, or the connection is lost."""
        return self._open().fileno()

    def batch(self, deadline: Deadline | None = NEVER) -> list[tuple[str, Object]] | None:
        """The next events; None once the deadline has passed. `EXPIRED`: list again. `ENDED`: hung up."""
        try:
            stream = self._open()
            if not stream.is_pending and not _wait(stream, deadline):
                return None
            lines = stream.next_lines()
        except client_errors.ConnectionLost:
            self.close()
            self._context.close()
            return []
        found = [self._event(line) for line in lines if line.strip()]
        if stream.ended:
            self.close()
            found.append((ENDED, {}))
        return [event for event in found if event[0] != "BOOKMARK"]

    def _open(self) -> Stream:
        if self._stream is None:
            query = {**self._query, "watch": True, "resourceVersion": self._version}
            query["allowWatchBookmarks"] = True
            self._stream = self._context.client().stream("GET", self._path, query, accept=self._accept)
        return self._stream

    def _event(self, line: bytes) -> tuple[str, Object]:
        import json

        event = json.loads(line)
        word, obj = str(event["type"]), event["object"]
        if word == "ERROR":
            if obj.get("code") == 410:
                return EXPIRED, obj
            raise client_errors.ApiError(obj)
        version = (obj.get("metadata") or {}).get("resourceVersion")
        for row in obj.get("rows") or ():
            version = row["object"]["metadata"].get("resourceVersion") or version
        self._version = version or self._version
        return word, obj


class Mirror:
    """The matching objects of one kind, by namespace and name."""

    def __init__(self, context: Context, kind: Kind, namespace: str | None, query: Query) -> None:
        self.objects: dict[tuple[str, str], Object] = {}
        self._context = context
        self._path = kind.path(namespace)
        self._query = query
        self._events: Events | None = None
        self._load()

    def __enter__(self) -> Mirror:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._events is not None:
            self._events.close()

    def fileno(self) -> int:
        """Readable when something has changed."""
        assert self._events is not None
        return self._events.fileno()

    def wait(self, deadline: Deadline | None) -> bool:
        """Until something has changed; False once the deadline has passed."""
        assert self._events is not None
        batch = self._events.batch(deadline)
        if batch is None:
            return False
        for word, obj in batch:
            if word in (EXPIRED, ENDED):
                if word == ENDED:
                    waiting.pause(100)
                self._load()
                break
            if word == "DELETED":
                self.objects.pop(_key(obj), None)
            else:
                self.objects[_key(obj)] = obj
        return True

    def _load(self) -> None:
        self.close()
        try:
            answer = self._context.client().request("GET", self._path, self._query).json()
        except client_errors.ConnectionLost:
            self._context.close()
            answer = self._context.client().request("GET", self._path, self._query).json()
        self.objects = {_key(obj): obj for obj in answer.get("items") or ()}
        version = str(answer["metadata"]["resourceVersion"])
        self._events = Events(self._context, self._path, self._query, version)


def _key(obj: Object) -> tuple[str, str]:
    return str(obj["metadata"].get("namespace") or ""), str(obj["metadata"]["name"])


def _wait(stream: Stream, deadline: Deadline | None) -> bool:
    poller = select.poll()
    poller.register(stream.fileno(), select.POLLIN)
    return bool(poller.poll(deadline.left_ms if deadline is not None else None))


def by_name(name: str) -> Query:
    """The selector of one object."""
    return {"fieldSelector": f"metadata.name={name}"}
