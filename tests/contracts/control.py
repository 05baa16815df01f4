"""What every `ports.Control` does, as functions of a subject; run on the real one and on the fake.

A subject offers the control of a project in which the set `KEY` runs two workers.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol

import pytest

from controller import ports
from controller.core import errors, kinds

KEY = kinds.Key("default", "web")
WORKERS = tuple(ports.WorkerRef("default", "web", f"web-{ordinal}") for ordinal in (0, 1))
DEADLINE_SECONDS = 10


class Subject(Protocol):
    @property
    def control(self) -> ports.Control: ...

    def declared(self) -> kinds.Object:
        """The set as stored."""
        ...

    def go_on(self) -> None:
        """Let what was begun happen."""
        ...


async def end_of(subject: Subject, progress: AsyncIterator[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    loop = asyncio.get_running_loop()
    seen: list[Mapping[str, Any]] = []
    async with asyncio.timeout(DEADLINE_SECONDS):
        loop.call_soon(subject.go_on)
        async for item in progress:
            seen.append(item)
            loop.call_soon(subject.go_on)
    return seen


async def the_project_says_what_it_is(subject: Subject) -> None:
    found = subject.control.project()
    assert found.keys() >= {
        "root", "runDir", "pids", "version", "startedAt", "foreground", "environment", "conditions",
    }  # fmt: skip
    conditions: Any = found["conditions"]
    assert {one["type"] for one in conditions} >= {"RuntimeConnected", "StorageWritable", "GuardianAlive"}
    assert {one["status"] for one in conditions} == {"True"}


async def a_preview_answers_each_write_in_order_and_does_nothing(subject: Subject) -> None:
    obj = subject.declared()
    answers = subject.control.preview([(obj, obj), (obj, None)])
    assert [len(actions) for actions in answers] == [2, 2]
    assert {one.action for one in answers[0]} == {"keep"}
    assert {(one.action, one.reason) for one in answers[1]} == {("stop", "deleted")}
    subject.go_on()
    assert len(subject.control.usage(WORKERS)) == 2


async def a_refresh_takes_any_key(subject: Subject) -> None:
    subject.control.refresh([KEY, kinds.Key("default", "not-there")])


async def usage_is_of_the_workers_that_were_asked_for(subject: Subject) -> None:
    (one,) = subject.control.usage([WORKERS[1], ports.WorkerRef("default", "web", "web-9")])
    assert one.worker == WORKERS[1]
    assert one.pid > 0
    assert list(subject.control.usage([])) == []


async def s8_1_each_variable_has_a_source(subject: Subject) -> None:
    found = subject.control.environment(KEY)
    assert found
    assert all({"name", "value", "source"} <= one.keys() for one in found)


async def a_rollback_to_no_revision_is_not_found(subject: Subject) -> None:
    with pytest.raises(errors.NotFound):
        subject.control.rollback(KEY, 99)


async def s4_6_a_shutdown_begins_when_called_and_ends_with_done(subject: Subject) -> None:
    progress = subject.control.shutdown(None, purge=False)
    *steps, last = await end_of(subject, progress)
    assert all({"remaining", "stopped", "killed"} <= one.keys() for one in steps)
    assert (last["done"], last["stopped"], last["killed"], last["survivors"]) == (True, 2, 0, [])
    assert last["seconds"] >= 0


async def s4_6_a_second_shutdown_ends_with_the_first(subject: Subject) -> None:
    first = subject.control.shutdown(None, purge=False)
    second = subject.control.shutdown(0, purge=False)
    found = await asyncio.gather(end_of(subject, first), end_of(subject, second))
    assert [steps[-1]["done"] for steps in found] == [True, True]


CASES = (
    the_project_says_what_it_is,
    a_preview_answers_each_write_in_order_and_does_nothing,
    a_refresh_takes_any_key,
    usage_is_of_the_workers_that_were_asked_for,
    s8_1_each_variable_has_a_source,
    a_rollback_to_no_revision_is_not_found,
    s4_6_a_shutdown_begins_when_called_and_ends_with_done,
    s4_6_a_second_shutdown_ends_with_the_first,
)
