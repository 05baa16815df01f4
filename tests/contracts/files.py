"""What every `ports.Files` does, as functions of a subject; run on real files and on the scripted ones.

A subject begins with `src/a.py`, `src/b.py` and `notes.txt` below its root.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

from controller import ports
from controller.core import globs, watching

SECONDS = 20.0
SOURCES = watching.Interest(globs.parse_all(["src/**/*.py"]))
ALL = watching.Interest(globs.parse_all(["src/**/*.py", "*.txt"]))


class Subject(Protocol):
    root: str

    @property
    def files(self) -> ports.Files: ...

    def save(self, path: str, text: str) -> None: ...

    def remove(self, path: str) -> None: ...


class Following:
    """One `follow`, from its first batch to its end."""

    def __init__(self, follower: ports.Follower, wanted: watching.Wanted) -> None:
        self._stream: AsyncIterator[ports.FileBatch] = follower.follow(wanted)

    async def __aenter__(self) -> Following:
        self.first = await self._batch()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stream.aclose()  # type: ignore[attr-defined]

    async def _batch(self) -> ports.FileBatch:
        async with asyncio.timeout(SECONDS):
            return await anext(self._stream)

    async def next(self) -> list[tuple[str, watching.How]]:
        """The changes told next."""
        while not (batch := await self._batch()).changes:
            assert batch.started
        return [(one.path, one.how) for one in batch.changes]


def follow(subject: Subject, wanted: watching.Wanted = SOURCES) -> Following:
    return Following(subject.files.follower(subject.root), wanted)


async def what_is_there_is_told_first(subject: Subject) -> None:
    async with follow(subject) as following:
        assert following.first.started
        assert not following.first.changes
        assert sorted(one.path for one in following.first.matched) == ["src/a.py", "src/b.py"]


async def a_saved_file_is_modified(subject: Subject) -> None:
    async with follow(subject) as following:
        subject.save("src/a.py", "other")
        assert await following.next() == [("src/a.py", "modified")]


async def a_new_file_is_added_and_one_that_goes_is_deleted(subject: Subject) -> None:
    async with follow(subject) as following:
        subject.save("src/new.py", "x")
        assert await following.next() == [("src/new.py", "added")]
        subject.remove("src/new.py")
        assert await following.next() == [("src/new.py", "deleted")]


async def the_same_content_again_is_no_change(subject: Subject) -> None:
    async with follow(subject) as following:
        subject.save("src/a.py", "other")
        assert await following.next() == [("src/a.py", "modified")]
        subject.save("src/a.py", "other")
        subject.save("src/b.py", "other")
        assert await following.next() == [("src/b.py", "modified")]


async def what_nobody_wants_is_not_told(subject: Subject) -> None:
    async with follow(subject) as following:
        subject.save("notes.txt", "other")
        subject.save("src/c.txt", "x")
        subject.save("src/a.py", "other")
        assert await following.next() == [("src/a.py", "modified")]


async def what_changed_between_two_wishes_is_told(subject: Subject) -> None:
    follower = subject.files.follower(subject.root)
    async with Following(follower, SOURCES):
        pass
    subject.save("src/a.py", "other")
    async with Following(follower, ALL) as following:
        assert following.first.started
        assert await following.next() == [("src/a.py", "modified")]
        subject.save("notes.txt", "other")
        assert await following.next() == [("notes.txt", "modified")]


async def the_nearest_folder_of_a_path_is_found(subject: Subject) -> None:
    nearest = subject.files.nearest
    assert nearest(subject.root, "src") == ("src", "")
    assert nearest(subject.root, "src/jobs/x") == ("src", "")
    assert nearest(subject.root, "scr/jobs") == ("", "src")
    assert nearest(subject.root, "other") == ("", "")


CASES = (
    what_is_there_is_told_first,
    a_saved_file_is_modified,
    a_new_file_is_added_and_one_that_goes_is_deleted,
    the_same_content_again_is_no_change,
    what_nobody_wants_is_not_told,
    what_changed_between_two_wishes_is_told,
    the_nearest_folder_of_a_path_is_found,
)
