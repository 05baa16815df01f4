"""inotify(7) itself, on real folders: nothing is missed whatever becomes of them, nothing stays open."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import errno
import os
import re
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from controller import inotify

MASK = inotify.CREATE | inotify.DELETE | inotify.ATTRIB | inotify.MOVED | inotify.GONE
SECONDS = 20.0

Act = Callable[[inotify.Watcher], Coroutine[Any, Any, None]]


def watching(act: Act) -> None:
    async def run() -> None:
        watcher = inotify.Watcher()
        try:
            async with asyncio.timeout(SECONDS):
                await act(watcher)
        finally:
            watcher.close()

    asyncio.run(run())


async def until(watcher: inotify.Watcher, folder: Path, name: str) -> list[inotify.Change]:
    """What is told up to a change of that name."""
    told: list[inotify.Change] = []
    while not any((one.folder, one.name) == (str(folder), name) for one in told):
        told += await watcher.changes()
    return told


def test_a_folder_that_is_made_anew_is_another_one(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir()

    async def act(watcher: inotify.Watcher) -> None:
        watcher.add(str(folder), MASK)
        folder.rmdir()
        folder.mkdir()
        watcher.add(str(folder), MASK)  # before it was heard that the first one is gone
        (folder / "x").touch()
        await until(watcher, folder, "x")
        folder.joinpath("x").unlink()
        folder.rmdir()
        gone = await until(watcher, folder, "")
        assert gone[-1].mask & inotify.GONE
        folder.mkdir()
        watcher.add(str(folder), MASK)
        (folder / "y").touch()
        await until(watcher, folder, "y")

    watching(act)


def test_a_renamed_folder_goes_on_under_its_new_name(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()

    async def act(watcher: inotify.Watcher) -> None:
        watcher.add(str(old), MASK)
        old.rename(new)
        watcher.add(str(new), MASK)
        old.mkdir()
        watcher.add(str(old), MASK)
        (new / "x").touch()
        (old / "y").touch()
        told = await until(watcher, old, "y")
        assert (str(new), "x") in [(one.folder, one.name) for one in told]

    watching(act)


def test_more_than_the_kernel_keeps_is_told_as_an_overflow(tmp_path: Path) -> None:
    """Then anything may have changed; what happens later is told as before."""
    kept = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if kept > 100_000:
        pytest.skip("the kernel keeps very many events here")
    files = [tmp_path / "a", tmp_path / "b"]
    for file in files:
        file.touch()

    async def act(watcher: inotify.Watcher) -> None:
        watcher.add(str(tmp_path), MASK)
        for number in range(kept + 10):
            os.utime(files[number % 2])
        told: list[inotify.Change] = []
        while not any(one.mask & inotify.OVERFLOW for one in told):
            told += await watcher.changes()
        assert [(one.folder, one.name) for one in told if one.mask & inotify.OVERFLOW] == [("", "")]
        (tmp_path / "later").touch()
        await until(watcher, tmp_path, "later")

    watching(act)


@pytest.mark.parametrize("name", ["x", "é" * 100, "\udcff\udc80", " ", "a\nb", "n" * 255])
def test_names_are_any_bytes(tmp_path: Path, name: str) -> None:
    async def act(watcher: inotify.Watcher) -> None:
        watcher.add(str(tmp_path), MASK)
        (tmp_path / name).touch()
        await until(watcher, tmp_path, name)

    watching(act)


def test_a_call_that_a_signal_interrupts_is_made_again() -> None:
    answers = [-1, -1, 7]

    def call(*_: object) -> int:
        ctypes.set_errno(errno.EINTR)
        return answers.pop(0)

    assert inotify._called(call) == 7


def instances() -> int:
    """How many this process has open."""
    found = 0
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):  # that of the listing itself
            found += os.readlink(f"/proc/self/fd/{name}") == "anon_inode:inotify"
    return found


def test_nothing_stays_open(tmp_path: Path) -> None:
    before = instances()

    async def act(watcher: inotify.Watcher) -> None:
        watcher.add(str(tmp_path), MASK)
        assert instances() == before + 1
        with pytest.raises(FileNotFoundError):
            watcher.add(str(tmp_path / "nothing"), MASK)

    watching(act)
    with pytest.raises(RuntimeError, match="no running event loop"):
        inotify.Watcher()
    assert instances() == before


@pytest.mark.parametrize("number", inotify.EXHAUSTED)
def test_nothing_left_in_the_kernel_is_an_error_or_a_look_now_and_then(
    number: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fails(_function: object, *_given: object) -> int:
        ctypes.set_errno(number)
        return -1

    async def act(_watcher: inotify.Watcher) -> None:
        monkeypatch.setattr(inotify, "_called", fails)
        with pytest.raises(OSError, match=re.escape(inotify.EXHAUSTED[number])):
            inotify.Watcher()
        with contextlib.closing(inotify.Watcher(look_every=0.01)) as looking:
            looking.add(str(tmp_path), MASK)
            for _ in range(2):
                assert await looking.changes() == [inotify.Change("", "", inotify.OVERFLOW)]

    watching(act)


def test_what_is_wrong_otherwise_is_an_error_in_any_case(tmp_path: Path) -> None:
    async def act(_watcher: inotify.Watcher) -> None:
        with (
            contextlib.closing(inotify.Watcher(look_every=0.01)) as looking,
            pytest.raises(FileNotFoundError),
        ):
            looking.add(str(tmp_path / "nothing"), MASK)

    watching(act)


def test_folders_that_are_watched_are_told_of_beside_one_that_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def act(_watcher: inotify.Watcher) -> None:
        with contextlib.closing(inotify.Watcher(look_every=SECONDS * 2)) as looking:
            looking.add(str(tmp_path), MASK)
            monkeypatch.setattr(inotify, "_called", lambda *_: ctypes.set_errno(errno.ENOSPC) or -1)
            looking.add("/", MASK)
            (tmp_path / "x").touch()
            await until(looking, tmp_path, "x")

    watching(act)
