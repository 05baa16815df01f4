"""Many clients at once: list and watch tell everyone what was written, and nobody waits for the slow."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from concurrent import futures
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.e2e.kubectl.cluster import Cluster
from tests.e2e.kubectl.watcher import Event, Key, Line, Mirror, Watcher

SETS = "/apis/workerset.dev/v1/namespaces/default/workersets"
MAPS = "/api/v1/namespaces/default/configmaps"
BULK, WRITES = "x" * 100_000, 300
MERGE = "application/merge-patch+json"
JSON = "application/json"
WRITERS, OPERATIONS, WATCHERS = 6, 50, 200
NAMES = [f"set-{number}" for number in range(8)]
Object = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    """What one writer asked, and what it was told."""

    verb: str
    name: str
    based_on: int | None
    code: int
    answer: Object

    @property
    def version(self) -> int:
        return int(self.answer.get("metadata", {}).get("resourceVersion") or 0)


@dataclass
class Writer:
    """Creates, replaces, patches and deletes sets at random, against others that do the same."""

    line: Line
    dice: random.Random
    number: int
    done: list[Operation] = field(default_factory=list)

    def run(self) -> list[Operation]:
        for step in range(OPERATIONS):
            verb = self.dice.choice(("create", "create", "replace", "replace", "patch", "patch", "delete"))
            getattr(self, verb)(self.dice.choice(NAMES), f"{self.number}.{step}")
        self.line.close()
        return self.done

    def create(self, name: str, mark: str) -> None:
        self._send("create", name, None, "POST", declared(name, mark))

    def replace(self, name: str, mark: str) -> None:
        code, found = self.line.ask("GET", f"{SETS}/{name}")
        if code == 200:
            seen = found["metadata"]["resourceVersion"]
            body = declared(name, mark)
            body["metadata"]["resourceVersion"] = seen
            self._send("replace", name, int(seen), "PUT", body)

    def patch(self, name: str, mark: str) -> None:
        self._send("patch", name, None, "PATCH", {"metadata": {"annotations": {"mark": mark}}})

    def delete(self, name: str, mark: str) -> None:
        self._send("delete", name, None, "DELETE", {})

    def _send(self, verb: str, name: str, based_on: int | None, method: str, body: Object) -> None:
        path = SETS if method == "POST" else f"{SETS}/{name}"
        code, answer = self.line.ask(method, path, body, MERGE if method == "PATCH" else JSON)
        assert code in (200, 201, 404, 409), answer
        self.done.append(Operation(verb, name, based_on, code, answer))


def declared(name: str, mark: str) -> Object:
    return {
        "apiVersion": "workerset.dev/v1",
        "kind": "WorkerSet",
        "metadata": {"name": name, "annotations": {"mark": mark}, "labels": {"of": "test"}},
        "spec": {"command": ["sleep", "1000"], "suspend": True},
    }


async def listed_and_watched(key: Key, query: str, begun: asyncio.Semaphore) -> Mirror:
    """Up to the set called `end`."""
    found = await asyncio.to_thread(listed, key, query)
    version = found["metadata"]["resourceVersion"]
    mirror = Mirror({one["metadata"]["name"]: one for one in found["items"]})
    watcher = await Watcher.opened(key, f"{SETS}?watch=true&resourceVersion={version}&{query}")
    begun.release()
    await mirror.follow(watcher, "end")
    await watcher.close()
    return mirror


def listed(key: Key, query: str) -> Object:
    line = Line(key)
    code, found = line.ask("GET", f"{SETS}?{query}")
    line.close()
    assert code == 200, found
    return found


async def written_and_watched(key: Key, seed: int) -> tuple[list[Operation], list[Mirror]]:
    """Everybody at once; `end` is written when all writers are done and all watchers have begun."""
    begun = asyncio.Semaphore(0)
    loop = asyncio.get_running_loop()
    watching = [
        asyncio.create_task(listed_and_watched(key, ("", "labelSelector=of")[number % 2], begun))
        for number in range(WATCHERS)
    ]
    await begun.acquire()  # one sees it all
    with futures.ThreadPoolExecutor(WRITERS) as pool:
        writers = [Writer(Line(key), random.Random(f"{seed}.{number}"), number) for number in range(WRITERS)]
        written = await asyncio.gather(*(loop.run_in_executor(pool, one.run) for one in writers))
    for _ in range(WATCHERS - 1):
        await begun.acquire()
    last = Writer(Line(key), random.Random(seed), 0)
    await asyncio.to_thread(last.create, "end", "end")
    last.line.close()
    return [one for done in written for one in done], list(await asyncio.gather(*watching))


@pytest.mark.timeout(120)
def test_list_and_watch_equal_the_state_for_200_watchers_under_concurrent_writes(door: Cluster):
    operations, mirrors = asyncio.run(written_and_watched(Key.of(door), 1))
    assert {(one.verb, one.code) for one in operations} >= {
        ("create", 201), ("create", 409), ("patch", 200), ("patch", 404), ("replace", 200), ("delete", 200)
    }  # fmt: skip
    whole = max(mirrors, key=lambda mirror: len(mirror.events)).events
    for mirror in mirrors:
        assert [(one.type, one.object) for one in mirror.events] == [
            (one.type, one.object) for one in whole[len(whole) - len(mirror.events) :]
        ]
        assert of_test(mirror.state) == of_test(mirrors[0].state)
    at_the_end = {one["metadata"]["name"]: one for one in door.ask(SETS).json()["items"]}
    assert told(mirrors[0].state) == told(at_the_end)
    explain(operations, whole)


def of_test(state: dict[str, Object]) -> dict[str, Object]:
    """Half of the watchers select these."""
    return {name: one for name, one in state.items() if "of" in one["metadata"].get("labels", {})}


def told(state: dict[str, Object]) -> dict[str, Any]:
    """Without what the controller may have added to the status since."""
    return {
        name: (one["metadata"]["uid"], one["metadata"]["annotations"], one["spec"])
        for name, one in of_test(state).items()
    }


def explain(operations: list[Operation], events: list[Event]) -> None:
    """Every write that was confirmed is one event, and follows from the state it was made upon."""
    by_version = {event.version: event for event in events}
    before = {event.version: previous(events, index) for index, event in enumerate(events)}
    assert len(by_version) == len(events)
    for one in operations:
        if one.code not in (200, 201) or one.version == 0:
            continue
        event = by_version[one.version]
        assert event.name == one.name
        if one.verb == "create":
            assert event.type == "ADDED"
            assert before[one.version] is None
        elif one.verb == "replace":
            assert before[one.version] == one.based_on, "a write that somebody made meanwhile was lost"
        if one.verb != "delete":
            assert event.object["metadata"]["annotations"] == one.answer["metadata"]["annotations"]


def previous(events: list[Event], index: int) -> int | None:
    """The version of the object before that event; None where there was none."""
    name = events[index].name
    for event in reversed(events[:index]):
        if event.name == name:
            return None if event.type == "DELETED" else event.version
    return None


# ------------------------------------------------------------------------------- a slow reader


async def written_while_nobody_reads(key: Key) -> tuple[list[int], list[int], Event | None]:
    """Versions that a brisk watch saw, those that a slow one saw afterwards, and how that one was ended."""
    slow, brisk = [await Watcher.opened(key, f"{MAPS}?watch=true&resourceVersion=0") for _ in range(2)]
    writing = asyncio.create_task(asyncio.to_thread(write_much, key))
    seen = [event.version async for event in several(brisk, WRITES)]
    await writing
    late: list[int] = []
    async for event in several(slow, WRITES):
        if event.type == "ERROR":
            return seen, late, event
        late.append(event.version)
    return seen, late, None


async def several(watcher: Watcher, count: int) -> AsyncIterator[Event]:
    async for event in watcher.events():
        yield event
        if (count := count - 1) == 0:
            break
    await watcher.close()


def write_much(key: Key) -> None:
    line = Line(key)
    made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "bulk"}, "data": {"text": BULK}}
    assert line.ask("POST", MAPS, made, JSON)[0] == 201
    for number in range(WRITES - 1):
        assert line.ask("PATCH", f"{MAPS}/bulk", {"data": {"number": str(number)}}, MERGE)[0] == 200
    assert line.ask("DELETE", f"{MAPS}/bulk")[0] == 200
    line.close()


def test_a_client_that_reads_slowly_holds_up_nobody_and_misses_nothing_silently(door: Cluster):
    """30 MB for it wait: more than sockets hold. It gets all of them in order, or is told to list again."""
    brisk, slow, ended = asyncio.run(written_while_nobody_reads(Key.of(door)))
    assert len(brisk) == WRITES
    assert slow == brisk[: len(slow)]
    assert len(slow) == WRITES or (ended and ended.object["reason"] == "Expired")
