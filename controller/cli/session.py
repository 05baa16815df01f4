"""A project on screen: changes of its sets and the lines its workers print, until something ends it.

Two streams (a watch of the sets, the merged logs) and the interrupts are polled together. When the
controller is restarted both are opened again: workers are untouched by that, and it is said.
"""

from __future__ import annotations

import json
import select
from typing import Protocol

from controller.cli import lines as streamed
from controller.cli import logs, objects, settled, watchstream
from controller.client import errors as client_errors
from controller.client import http, resources, waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from controller.cli.context import Context
    from controller.cli.run import Interrupts
    from controller.client.connection import Stream

    Object = dict[str, Any]

INTERRUPTED = "interrupted"
ENDED = "ended"
SET_FAILED = "failed"
_CALM_MS = 100
_PIECES_A_TURN = 64


class Shows(Protocol):
    """Where it is shown: lines one below the other (`lines.Printer`), or a screen."""

    last_stamp: str | None

    def log_lines(self, lines: Iterable[bytes]) -> None: ...

    def set_line(self, obj: Object, state: str, why: str) -> None: ...

    def note(self, said: str) -> None: ...

    def trouble(self, text: str) -> None: ...


class Source(Protocol):
    """What can be polled for."""

    def fileno(self) -> int: ...

    @property
    def is_pending(self) -> bool: ...


class Beside(Source, Protocol):
    """Something else to poll for. `take` reads what came and says what that ends (mostly nothing); `due` is
    called when no time is `left_ms`, and when the terminal was resized."""

    def take(self) -> str: ...

    @property
    def left_ms(self) -> int | None: ...

    def due(self) -> None: ...

    def reopen(self) -> None:
        """Another controller answers now."""
        ...


class Session:
    """Shows what happens. `sets` is what was last seen of them, by namespace and name."""

    def __init__(self, context: Context, interrupts: Interrupts) -> None:
        self._context = context
        self._interrupts = interrupts
        self.shows: Shows = streamed.Printer(context)
        self.besides: list[Beside] = []
        self._is_silent = False
        self._version = ""
        self._since: str | None = None
        self._watch: Stream | None = None
        self._logs: Stream | None = None
        self.sets: dict[tuple[str, str], Object] = {}
        self.failed: Object | None = None

    def open(self, *, silent: bool = False) -> None:
        """List the sets and begin to watch them."""
        self._is_silent = silent
        client = self._context.client()
        answer = client.request("GET", resources.WORKERSETS.path(None)).json()
        self._version = str(answer["metadata"]["resourceVersion"])
        query: http.Query = {"watch": True, "resourceVersion": self._version, "allowWatchBookmarks": True}
        self._watch = client.stream("GET", resources.WORKERSETS.path(None), query)
        for obj in answer.get("items") or ():
            self._see(obj)
        self._is_silent = False

    def follow(self, since_stamp: str | None) -> None:
        """Begin the logs, with the lines from this stamp on (None: from now)."""
        self._since = since_stamp
        start: http.Query = {"sinceTime": since_stamp} if since_stamp else {"tailLines": 0}
        asked = {"follow": True, "timestamps": True, "prefix": True, **start}
        self._logs = self._context.client().stream("GET", logs.PATH, asked, accept="text/plain, */*")

    def close(self) -> None:
        for stream in (self._watch, self._logs):
            if stream is not None:
                stream.close()
        self._watch = self._logs = None

    def settle(self, wanted: Iterable[tuple[str, str]], deadline: watchstream.Deadline) -> str:
        """Follow the sets silently until the boot phase of those wanted is over; what it ended with."""
        keys = tuple(wanted)
        self._is_silent = True
        ended = ""
        while not ended and not settled.judge(keys, self.sets).is_over and deadline.left_ms:
            ended = self._turn(deadline.left_ms)
        self._is_silent = False
        return ended

    def run(self, *, until_failure: bool = False) -> str:
        """Until interrupted, the controller has ended for good, or (if asked for) a set has failed."""
        while True:
            if until_failure and self.failed is not None:
                return SET_FAILED
            try:
                ended = self._turn(None)
            except client_errors.ConnectionLost:
                ended = ENDED
            if ended == ENDED and self._reopen():
                continue
            if ended:
                return ended

    def _turn(self, wait_ms: int | None) -> str:
        """One wait and what came of it; empty = go on."""
        watch, log = self._watch, self._logs
        assert watch is not None
        streams = (watch,) if log is None else (watch, log)
        ready = self._wait(streams, wait_ms)
        ended = self._see_beside(ready)
        if ended:
            return ended
        if log is not None and (log.is_pending or log.fileno() in ready):
            self.shows.log_lines(_lines_at_hand(log))
        if watch.is_pending or watch.fileno() in ready:
            self._take_changes(_lines_at_hand(watch))
        if self._interrupts.fileno() in ready:
            if self._interrupts.take():
                return INTERRUPTED
            for one in self.besides:
                one.due()
        return ENDED if any(stream.ended for stream in streams) else ""

    def _see_beside(self, ready: set[int]) -> str:
        for one in self.besides:
            ended = one.take() if one.is_pending or one.fileno() in ready else ""
            if ended:
                return ended
            if one.left_ms == 0:
                one.due()
        return ""

    def _wait(self, streams: tuple[Stream, ...], wait_ms: int | None) -> set[int]:
        """What can be read; looks without waiting where something is buffered already."""
        sources: list[Source] = [*streams, *self.besides]
        if any(source.is_pending for source in sources):
            wait_ms = 0
        else:
            self._context.stdout.flush()
        times = [left for one in self.besides if (left := one.left_ms) is not None]
        wait_ms = min((*times, wait_ms) if wait_ms is not None else times, default=None)
        poller = select.poll()
        for fd in (self._interrupts.fileno(), *(source.fileno() for source in sources)):
            poller.register(fd, select.POLLIN)
        return {fd for fd, _ in poller.poll(wait_ms)}

    def _take_changes(self, events: list[bytes]) -> None:
        for line in events:
            if not line.strip():
                continue
            event = json.loads(line)
            obj = event["object"]
            if event["type"] == "ERROR":  # too old a version: what is shown may skip a step, no more
                self._version = ""
                continue
            self._version = str(obj["metadata"].get("resourceVersion") or self._version)
            if event["type"] in ("ADDED", "MODIFIED"):
                self._see(obj)
            elif event["type"] == "DELETED":
                self.sets.pop(objects.key(obj), None)
                if self._is_silent:
                    continue
                self.shows.set_line(obj, "Deleted", "")

    def _see(self, obj: Object) -> None:
        """Remember a set, and say what has changed of it."""
        before = self.sets.get(objects.key(obj))
        self.sets[objects.key(obj)] = obj
        if objects.has_failed(obj):
            self.failed = obj
        if not self._is_silent and before and _restarted(obj) not in (_restarted(before), ("", "")):
            self.shows.note(f"{objects.name(obj)} restarted by {_restarted(obj)[1]}")
        if not self._is_silent and (before is None or _face(before) != _face(obj)):
            self.shows.set_line(obj, objects.state(obj), objects.why(obj))

    def _reopen(self) -> bool:
        """After the controller went away: True once its successor answers."""
        since = self.shows.last_stamp or self._since
        self.close()
        self._context.close()
        waiting.pause(_CALM_MS)
        client = waiting.client_of_living_guardian(self._context.project)
        if client is None:
            return False
        client.close()
        self.shows.note("controller restarted, workers keep running")
        try:
            self.open()
            self.follow(since)
            for one in self.besides:
                one.reopen()
        except client_errors.ClientError:
            return False
        return True


def _lines_at_hand(stream: Stream) -> list[bytes]:
    """What has arrived already, within limits: a flood must not keep an interrupt waiting."""
    found = stream.next_lines()
    for _ in range(_PIECES_A_TURN):
        if stream.ended or not stream.is_pending:
            break
        found += stream.next_lines()
    return found


def _restarted(obj: Object) -> tuple[str, str]:
    """When and by which files; nothing where it was asked for."""
    annotations = obj["metadata"].get("annotations") or {}
    by = str(annotations.get("workerset.dev/restarted-by") or "")
    return (str(annotations.get("workerset.dev/restarted-at") or ""), by) if by else ("", "")


def _face(obj: Object) -> tuple[str, str, str]:
    """What of a set is worth a line when it changes; a message alone is, where something is wrong."""
    state = objects.state(obj)
    return state, objects.ready(obj), objects.why(obj) if state in ("Failed", "Waiting", "Backoff") else ""
