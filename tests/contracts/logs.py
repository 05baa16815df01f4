"""What every `ports.Logs` does, as functions of a subject; run on the real reader and on the fake.

A subject offers the reader and a way to write: `run` begins a run of a worker, `say` adds a line to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

import pytest

from controller import ports
from controller.core import errors

WEB = ports.WorkerRef("default", "web", "web-0")
JOB = ports.WorkerRef("default", "job", "job-0")
DEADLINE = 10.0


class Subject(Protocol):
    @property
    def logs(self) -> ports.Logs: ...

    def run(self, ref: ports.WorkerRef, run: str = "aaa") -> None: ...

    def say(self, ref: ports.WorkerRef, line: str) -> None: ...


async def all_of(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])


async def until(chunks: AsyncIterator[bytes], wanted: bytes) -> bytes:
    """What comes up to and with `wanted`."""
    heard = b""
    async with asyncio.timeout(DEADLINE):
        async for chunk in chunks:
            heard += chunk
            if wanted in heard:
                return heard
    raise AssertionError(f"the log ended before: {wanted!r}")


async def whole_lines_in_order(subject: Subject) -> None:
    subject.run(WEB)
    for word in ("one", "two", "three"):
        subject.say(WEB, word)
    assert await all_of(subject.logs.read((WEB,), ports.LogQuery())) == b"one\ntwo\nthree\n"


async def nothing_written_is_nothing_read(subject: Subject) -> None:
    assert await all_of(subject.logs.read((WEB,), ports.LogQuery())) == b""
    assert await all_of(subject.logs.read((), ports.LogQuery())) == b""


async def the_tail(subject: Subject) -> None:
    subject.run(WEB)
    for word in ("one", "two", "three"):
        subject.say(WEB, word)
    assert await all_of(subject.logs.read((WEB,), ports.LogQuery(tail_lines=2))) == b"two\nthree\n"
    assert await all_of(subject.logs.read((WEB,), ports.LogQuery(tail_lines=0))) == b""


async def many_workers_with_prefixes(subject: Subject) -> None:
    for ref in (WEB, JOB):
        subject.run(ref)
        subject.say(ref, "hello")
    found = await all_of(subject.logs.read((WEB, JOB), ports.LogQuery(prefix=True)))
    assert sorted(found.splitlines()) == [b"job-0 | hello", b"web-0 | hello"]


async def no_previous_run_is_a_bad_request(subject: Subject) -> None:
    subject.run(WEB)
    subject.say(WEB, "one")
    with pytest.raises(errors.BadRequest):
        await all_of(subject.logs.read((WEB,), ports.LogQuery(previous=True)))


async def following_hears_what_comes_and_can_be_closed(subject: Subject) -> None:
    subject.run(WEB)
    subject.say(WEB, "one")
    chunks = subject.logs.read((WEB,), ports.LogQuery(follow=True))
    assert await until(chunks, b"one\n") == b"one\n"
    await chunks.aclose()  # type: ignore[attr-defined]
    chunks = subject.logs.read((WEB,), ports.LogQuery(follow=True))
    assert await until(chunks, b"one\n") == b"one\n"
    reader = asyncio.create_task(until(chunks, b"two\n"))
    await asyncio.sleep(0)
    subject.say(WEB, "two")
    assert await reader == b"two\n"
    await chunks.aclose()  # type: ignore[attr-defined]


async def a_run_is_read_from_its_start(subject: Subject) -> None:
    subject.run(WEB, "aaa")
    subject.say(WEB, "old")
    subject.run(WEB, "bbb")
    subject.say(WEB, "first")
    subject.run(WEB, "ccc")
    subject.say(WEB, "second")
    query = ports.LogQuery(since_run={WEB: "bbb"}, tail_lines=0)
    assert await all_of(subject.logs.read((WEB,), query)) == b"first\nsecond\n"


async def a_run_that_has_not_begun_has_no_lines_yet(subject: Subject) -> None:
    subject.run(WEB, "aaa")
    subject.say(WEB, "old")
    chunks = subject.logs.read((WEB,), ports.LogQuery(since_run={WEB: "bbb"}, follow=True))
    reader = asyncio.create_task(until(chunks, b"first\n"))
    await asyncio.sleep(0)
    subject.run(WEB, "bbb")
    subject.say(WEB, "first")
    assert await reader == b"first\n"
    await chunks.aclose()  # type: ignore[attr-defined]


async def what_is_kept_are_names_of_workers(subject: Subject) -> None:
    assert list(subject.logs.kept("default")) == []
    for ref in (WEB, JOB, ports.WorkerRef("other", "x", "x-0")):
        subject.run(ref)
        subject.say(ref, "hello")
    assert list(subject.logs.kept("default")) == ["job-0", "web-0"]


ALL = (
    a_run_is_read_from_its_start,
    a_run_that_has_not_begun_has_no_lines_yet,
    what_is_kept_are_names_of_workers,
    whole_lines_in_order,
    nothing_written_is_nothing_read,
    the_tail,
    many_workers_with_prefixes,
    no_previous_run_is_a_bad_request,
    following_hears_what_comes_and_can_be_closed,
)
