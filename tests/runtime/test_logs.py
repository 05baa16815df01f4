"""Reading logs: tails, times, the previous run, many workers, following through rotations."""

from __future__ import annotations

import asyncio
import ctypes
import errno
import os
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller import inotify, ports
from controller.core import errors
from controller.runtime import cursor, logs, logtail
from controller.sdk.workerset import contract
from controller.shim import logfile

WEB = ports.WorkerRef("default", "web", "web-0")
JOB = ports.WorkerRef("default", "job", "job-0")


class Log:
    """Writes a worker's log with one line a second."""

    def __init__(self, folder: Path, ref: ports.WorkerRef = WEB, second: int = 0, max_size: int = 0) -> None:
        self.file = logfile.LogFile(logtail.path_of(str(folder), ref))
        self.file.max_size, self.file.keep = max_size, 50
        self.second = second

    def stamp(self, stream: str, tag: str) -> bytes:
        minutes, seconds = divmod(self.second, 60)
        return f"2026-11-24T10:{minutes:02d}:{seconds:02d}.000000000Z {stream} {tag} ".encode()

    def say(self, *texts: str, tag: str = "F", stream: str = "stdout") -> None:
        for text in texts:
            self.second += 1
            self.file.append(self.stamp(stream, tag) + text.encode() + b"\n", self.stamp)
        self.file.close()

    def run(self, run: str) -> None:
        self.say(contract.run_started(run, 7), stream="workerset")


def read(folder: Path, query: ports.LogQuery, *refs: ports.WorkerRef) -> str:
    async def collect() -> bytes:
        reader = logs.LogReader(str(folder))
        return b"".join([chunk async for chunk in reader.read(refs or (WEB,), query)])

    return asyncio.run(collect()).decode()


@pytest.fixture
def two_runs(tmp_path: Path) -> Path:
    log = Log(tmp_path)
    log.run("aaa")
    log.say("one", "two", "three")
    log.run("bbb")
    log.say("four", "five")
    return tmp_path


def test_everything_without_boundaries(two_runs: Path) -> None:
    assert read(two_runs, ports.LogQuery()) == "one\ntwo\nthree\nfour\nfive\n"


def test_no_log_is_an_empty_log(tmp_path: Path) -> None:
    assert read(tmp_path, ports.LogQuery(tail_lines=3)) == ""


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (ports.LogQuery(tail_lines=3), "three\nfour\nfive\n"),
        (ports.LogQuery(tail_lines=0), ""),
        (ports.LogQuery(tail_lines=100), "one\ntwo\nthree\nfour\nfive\n"),
        (ports.LogQuery(previous=True), "one\ntwo\nthree\n"),
        (ports.LogQuery(previous=True, tail_lines=1), "three\n"),
        (ports.LogQuery(previous=True, tail_lines=0), ""),
        (ports.LogQuery(limit_bytes=6), "one\ntw"),
        (ports.LogQuery(tail_lines=1, prefix=True), "web-0 | five\n"),
        (ports.LogQuery(tail_lines=1, timestamps=True), "2026-11-24T10:00:07.000000000Z five\n"),
    ],
)
def test_options(two_runs: Path, query: ports.LogQuery, expected: str) -> None:
    assert read(two_runs, query) == expected


def test_since(two_runs: Path) -> None:
    wall = 1795515245.0 - 0.5  # 10:14:05 UTC of the format's example, minus half a second
    assert logs.stamp_of(wall) == b"2026-11-24T10:14:04.500000000Z"
    at_third = wall - 14 * 60 - 1 + 0.5
    assert read(two_runs, ports.LogQuery(since_wall=at_third)) == "three\nfour\nfive\n"
    assert read(two_runs, ports.LogQuery(since_wall=at_third, tail_lines=1)) == "five\n"
    assert read(two_runs, ports.LogQuery(since_wall=wall)) == ""


def test_no_previous_run_is_a_bad_request(tmp_path: Path) -> None:
    Log(tmp_path).run("aaa")
    with pytest.raises(errors.BadRequest, match='previous run of worker "web-0" not found'):
        read(tmp_path, ports.LogQuery(previous=True))


def test_many_workers_are_merged_by_time(tmp_path: Path) -> None:
    web, job = Log(tmp_path), Log(tmp_path, JOB)
    for number in range(3):
        web.say(f"web {number}")
        job.second = web.second
        job.say(f"job {number}")
        web.second = job.second
    expected = "web-0 | web 0\njob-0 | job 0\nweb-0 | web 1\njob-0 | job 1\nweb-0 | web 2\njob-0 | job 2\n"
    assert read(tmp_path, ports.LogQuery(prefix=True), JOB, WEB) == expected


def test_pieces_of_a_long_line_are_one_line_and_gaps_are_shown(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.say("before")
    log.say("long ", "long ", tag="P")
    log.say("line")
    log.say(contract.gap(3, 99, "disk full"), stream="workerset")
    expected = "long long line\n[workerset] gap: 3 lines (99 bytes) lost: disk full\n"
    assert read(tmp_path, ports.LogQuery(tail_lines=2)) == expected


@given(st.integers(1, 200), st.integers(0, 210), st.sampled_from([0, 400, 5000]))
def test_a_tail_is_the_end_of_all_lines(
    tmp_path_factory: pytest.TempPathFactory, count: int, tail: int, size: int
) -> None:
    folder = tmp_path_factory.mktemp("logs")
    log = Log(folder, max_size=size)
    texts = [f"line {number} " + "x" * (number % 70) for number in range(count)]
    log.say(*texts)
    expected = "".join(text + "\n" for text in (texts[-tail:] if tail else []))
    assert read(folder, ports.LogQuery(tail_lines=tail)) == expected
    shutil.rmtree(folder)


def test_blocks_of_the_backward_reader_do_not_cut_lines(tmp_path: Path) -> None:
    log = Log(tmp_path)
    texts = ["y" * 9000 + str(number) for number in range(40)]
    log.say(*texts)
    assert read(tmp_path, ports.LogQuery(tail_lines=25)).splitlines() == texts[-25:]
    assert [line.text.decode() for _, line in logtail.backward(log.file.path)] == texts[::-1]


def test_the_last_lines_of_a_run(two_runs: Path) -> None:
    path = logtail.path_of(str(two_runs), WEB)
    assert logtail.run_tail(path, "aaa", 2) == ("two", "three")
    assert logtail.run_tail(path, "bbb", 9) == ("four", "five")
    assert logtail.run_tail(path, "ccc", 9) == ()


class Follower:
    """Reads on until the expected text is there."""

    def __init__(self, folder: Path, *refs: ports.WorkerRef, tail: int | None = None) -> None:
        query = ports.LogQuery(follow=True, tail_lines=tail)
        self._chunks: AsyncIterator[bytes] = logs.LogReader(str(folder)).read(refs or (WEB,), query)
        self.text = ""

    async def until(self, end: str) -> str:
        async with asyncio.timeout(20):
            while not self.text.endswith(end):
                self.text += (await anext(self._chunks)).decode()
        return self.text

    async def close(self) -> None:
        await self._chunks.aclose()  # type: ignore[attr-defined]


@pytest.fixture(params=["", "inotify_add_watch", "inotify_init1"])
def told(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once as it is, once without watches and once without instances left (inotify(7), "Limits")."""
    refused = getattr(inotify._LIBC, request.param) if request.param else None
    call = inotify._called

    def called(function: Callable[..., int], *given: object) -> int:
        if function is not refused:
            return call(function, *given)
        ctypes.set_errno(errno.ENOSPC if given[1:] else errno.EMFILE)
        return -1

    monkeypatch.setattr(inotify, "_called", called)
    monkeypatch.setattr(logs, "LOOK_SECONDS", 0.01)


@pytest.mark.usefixtures("told")
def test_following_goes_on_through_rotations_and_new_files(tmp_path: Path) -> None:
    async def run() -> str:
        log = Log(tmp_path, max_size=300)
        follower = Follower(tmp_path)
        log.say("0")
        await follower.until("0\n")
        for number in range(1, 60):
            log.say(str(number))
            if number % 20 == 0:
                await follower.until(f"{number}\n")
        await follower.until("59\n")
        await follower.close()
        return follower.text

    assert asyncio.run(run()) == "".join(f"{number}\n" for number in range(60))


@pytest.mark.usefixtures("told")
def test_following_starts_at_the_tail_and_survives_a_deleted_folder(tmp_path: Path) -> None:
    async def run() -> None:
        log = Log(tmp_path)
        log.say("old", "older", "last")
        follower = Follower(tmp_path, tail=1)
        assert await follower.until("last\n") == "last\n"
        shutil.rmtree(tmp_path / "default")
        log.say("again")
        assert await follower.until("again\n") == "last\nagain\n"
        await follower.close()

    asyncio.run(run())


@pytest.mark.usefixtures("told")
def test_following_many_workers_interleaves_what_comes(tmp_path: Path) -> None:
    async def run() -> None:
        web, job = Log(tmp_path), Log(tmp_path, JOB)
        follower = Follower(tmp_path, WEB, JOB)
        web.say("a")
        await follower.until("a\n")
        job.say("b")
        await follower.until("b\n")
        web.say("c")
        assert await follower.until("c\n") == "a\nb\nc\n"
        await follower.close()

    asyncio.run(run())


@pytest.mark.usefixtures("told")
def test_a_follower_leaves_no_descriptor(tmp_path: Path) -> None:
    async def run() -> tuple[int, int]:
        before = len(os.listdir("/proc/self/fd"))
        log = Log(tmp_path)
        log.say("a")
        held = len(os.listdir("/proc/self/fd")) - before
        follower = Follower(tmp_path)
        await follower.until("a\n")
        await follower.close()
        return before + held, len(os.listdir("/proc/self/fd"))

    before, after = asyncio.run(run())
    assert before == after


def test_a_cursor_whose_file_is_gone_begins_with_what_there_is(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.say("one")
    place = cursor.Cursor(log.file.path, None)
    assert [line.text for line in place.lines()] == [b"one"]
    os.unlink(log.file.path)
    log.say("two")
    assert [line.text for line in place.lines()] == [b"two"]
