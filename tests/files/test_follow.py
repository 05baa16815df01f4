"""Real files, saved in all the ways that editors and git save them."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from controller import clock, inotify, ports
from controller.core import watching
from controller.files import follow, watcher

SECONDS = 20.0


class Watch:
    """Follows a folder; `next` is the next thing told of it."""

    def __init__(self, root: Path, *patterns: str, **spec: Any) -> None:
        self.root = root
        self.files = follow.LocalFiles(clock.SystemClock())
        self.follower = self.files.follower(str(root))
        self.want(*patterns, **spec)
        self._stream: AsyncIterator[ports.FileBatch] | None = None

    def want(self, *patterns: str, **spec: Any) -> None:
        obj = {"metadata": {}, "spec": {"watch": list(patterns) or True, **spec}}
        found = watching.interest_of(obj, str(self.root))
        assert found is not None
        self.wanted = found

    async def __aenter__(self) -> Watch:
        self._stream = self.follower.follow(self.wanted)
        self.first = await self.batch()
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._stream is not None
        await self._stream.aclose()  # type: ignore[attr-defined]

    async def batch(self) -> ports.FileBatch:
        assert self._stream is not None
        async with asyncio.timeout(SECONDS):
            return await anext(self._stream)

    async def next(self) -> list[tuple[str, str]]:
        while not (batch := await self.batch()).changes:
            assert batch.started
        return [(one.path, one.how) for one in batch.changes]

    async def nothing_before(self, marker: str = "src/marker.py") -> None:
        """What happened so far is not told: the next thing told is this one."""
        write(self.root / marker, "x")
        assert await self.next() == [(marker, "added")]


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path / "src/a.py", "one")
    write(tmp_path / "src/b.py", "two")
    write(tmp_path / "notes.txt", "x")
    return tmp_path


async def test_the_same_content_again_is_no_change(root: Path) -> None:
    async with Watch(root, "src/**/*.py") as watch:
        write(root / "src/a.py", "one")
        os.utime(root / "src/b.py")
        await watch.nothing_before()


async def test_other_files_are_not_told(root: Path) -> None:
    async with Watch(root, "src/**/*.py") as watch:
        write(root / "notes.txt", "y")
        write(root / "src/c.txt", "y")
        write(root / "src/.a.py.swp", "y")
        await watch.nothing_before()


async def test_an_atomic_rename_is_one_modification(root: Path) -> None:
    async with Watch(root, "src/**/*.py") as watch:
        write(root / "src/.a.tmp", "other")
        (root / "src/.a.tmp").rename(root / "src/a.py")
        assert await watch.next() == [("src/a.py", "modified")]
        await watch.nothing_before()


async def test_a_backup_and_a_new_file_as_vim_writes_are_one(root: Path) -> None:
    async with Watch(root, "src/**/*.py") as watch:
        (root / "src/a.py").rename(root / "src/a.py~")
        await asyncio.sleep(0)
        write(root / "src/a.py", "other")
        (root / "src/a.py~").unlink()
        assert await watch.next() == [("src/a.py", "modified")]


async def test_half_saved_is_waited_for(root: Path) -> None:
    async with Watch(root, "src/**/*.py") as watch:
        with (root / "src/a.py").open("w") as file:
            following = asyncio.ensure_future(watch.next())
            await asyncio.wait((following,), timeout=0.03)
            file.write("oth")
            file.flush()
            await asyncio.wait((following,), timeout=0.03)
            file.write("er")
        assert await following == [("src/a.py", "modified")]
        await watch.nothing_before()


async def test_a_file_that_is_never_closed_is_told_of_in_the_end(root: Path) -> None:
    async with Watch(root, "src/**/*.py") as watch:
        with (root / "src/a.py").open("a") as file:
            file.write("more")
            file.flush()
            assert await watch.next() == [("src/a.py", "modified")]


async def test_what_overflowed_is_looked_for(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = inotify.Change("", "", inotify.OVERFLOW)
    read = inotify.Watcher.changes

    async def overflowing(watching: inotify.Watcher) -> list[inotify.Change]:
        await read(watching)
        return [lost]

    async with Watch(root, "src/**/*.py") as watch:
        monkeypatch.setattr(inotify.Watcher, "changes", overflowing)
        write(root / "src/a.py", "other")
        assert await watch.next() == [("src/a.py", "modified")]


async def test_a_folder_by_two_names_is_told_by_both(root: Path) -> None:
    (root / "lib").symlink_to("src")
    async with Watch(root, "**/*.py") as watch:
        write(root / "src/a.py", "other")
        assert sorted(await watch.next()) == [("lib/a.py", "modified"), ("src/a.py", "modified")]


async def test_who_may_read_it_now_is_a_change(root: Path) -> None:
    """Permissions decide whether there is a content at all."""
    async with Watch(root, "src/**/*.py") as watch:
        (root / "src/a.py").chmod(0o600)
        await watch.nothing_before()


async def test_a_file_that_stays_empty_is_a_change_at_last(root: Path) -> None:
    async with Watch(root, "src/**/*.py") as watch:
        write(root / "src/a.py", "")
        assert await watch.next() == [("src/a.py", "modified")]


async def test_deleted_and_renamed_files(root: Path) -> None:
    async with Watch(root, "src/**/*.py") as watch:
        (root / "src/a.py").unlink()
        assert await watch.next() == [("src/a.py", "deleted")]
        (root / "src/b.py").rename(root / "src/c.py")
        told = await watch.next()
        while len(told) < 2:
            told += await watch.next()
        assert sorted(told) == [("src/b.py", "deleted"), ("src/c.py", "added")]


async def test_a_new_folder_is_followed_from_its_first_file_on(root: Path) -> None:
    async with Watch(root, "src/**/*.py") as watch:
        write(root / "src/new/deep/c.py", "x")
        assert await watch.next() == [("src/new/deep/c.py", "added")]
        write(root / "src/new/deep/c.py", "y")
        assert await watch.next() == [("src/new/deep/c.py", "modified")]


async def test_a_folder_that_goes_and_comes_again(root: Path) -> None:
    async with Watch(root, "src/**/*.py") as watch:
        shutil.rmtree(root / "src")
        assert await watch.next() == [("src/a.py", "deleted"), ("src/b.py", "deleted")]
        write(root / "src/a.py", "one")
        assert await watch.next() == [("src/a.py", "added")]
        write(root / "src/a.py", "two")
        assert await watch.next() == [("src/a.py", "modified")]


async def test_a_folder_that_is_not_there_yet(root: Path) -> None:
    async with Watch(root, "lib/**/*.py") as watch:
        assert not watch.first.matched
        write(root / "lib/x/a.py", "x")
        assert await watch.next() == [("lib/x/a.py", "added")]


async def test_a_link_is_what_it_leads_to(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    target = tmp_path_factory.mktemp("elsewhere") / "real.py"
    write(target, "one")
    (root / "src/link.py").symlink_to(target)
    async with Watch(root, "src/**/*.py") as watch:
        write(target, "other")
        assert await watch.next() == [("src/link.py", "modified")]


async def test_links_in_a_circle_end(root: Path) -> None:
    (root / "src/again").symlink_to(root / "src")
    (root / "src/gone.py").symlink_to(root / "nowhere")
    (root / "src/self.py").symlink_to("self.py")
    async with Watch(root, "src/**/*.py") as watch:
        assert [one.path for one in watch.first.matched] == ["src/a.py", "src/b.py"]
        write(root / "src/a.py", "other")
        assert await watch.next() == [("src/a.py", "modified")]


async def test_true_leaves_out_what_gitignore_and_environments_hold(root: Path) -> None:
    write(root / ".gitignore", "made/\n*.gen.py\n!keep.gen.py\n")
    write(root / "made/a.py", "x")
    write(root / "src/a.gen.py", "x")
    write(root / "src/keep.gen.py", "x")
    write(root / "my-env/pyvenv.cfg", "")
    write(root / "my-env/lib/a.py", "x")
    write(root / "node_modules/a.py", "x")
    async with Watch(root, file="src/a.py") as watch:
        assert [one.path for one in watch.first.matched] == ["src/a.py", "src/b.py", "src/keep.gen.py"]
        write(root / "made/a.py", "y")
        write(root / "src/a.gen.py", "y")
        await watch.nothing_before()
        write(root / ".gitignore", "")
        write(root / "src/b.py", "y")
        told = await watch.next()
        while ("made/a.py", "added") not in told:
            told += await watch.next()
        assert ("src/b.py", "modified") in told


MANY = 20_000


def names_of_many() -> list[str]:
    return [f"src/d{number % 100}/f{number}.py" for number in range(MANY)]


def git(root: Path, *words: str, stdin: str = "") -> None:
    environ = {"PATH": os.environ["PATH"], "HOME": str(root), "GIT_CONFIG_NOSYSTEM": "1"}
    command = ["git", "-c", "core.fsync=none", *words]
    subprocess.run(command, cwd=root, env=environ, input=stdin, text=True, check=True, capture_output=True)


def two_branches(root: Path) -> None:
    """`here`, which is checked out, and `there`: every file has another content on each."""
    parts = []
    for number, branch in enumerate(("here", "there"), start=1):
        parts.append(f"blob\nmark :{number}\ndata {len(branch)}\n{branch}\n")
        parts.append(f"commit refs/heads/{branch}\ncommitter a <a@example.org> 0 +0000\ndata 0\n")
        parts += [f"M 100644 :{number} {name}\n" for name in names_of_many()]
    git(root, "init", "--quiet")
    git(root, "fast-import", "--quiet", stdin="".join(parts))
    git(root, "checkout", "--quiet", "here", "--")


async def told_of_many(watch: Watch) -> None:
    """Each of them once and nothing else, all together; on a machine that takes too long, by what is held."""
    told: list[tuple[str, str]] = []
    batches, begun = 0, time.monotonic()
    while len(told) < MANY:
        told += await watch.next()
        batches += 1
    assert sorted(told) == sorted((name, "modified") for name in names_of_many())
    assert batches <= 1 + (time.monotonic() - begun) // follow.LONGEST_HOLD_SECONDS


@pytest.fixture
def in_memory() -> Iterator[Path]:
    """So many small files are a matter of seconds on a disk that others use too."""
    folder = "/dev/shm"  # where there is one
    with tempfile.TemporaryDirectory(dir=folder if os.access(folder, os.W_OK) else None) as path:
        yield Path(path)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
async def test_20_000_changes_at_once_are_one_batch(in_memory: Path) -> None:
    """By git, which says that it is at work; and by something else, in more events than the kernel keeps."""
    root = in_memory
    two_branches(root)
    async with Watch(root, "src/**/*.py") as watch:
        assert len(watch.first.matched) == MANY
        checkout = asyncio.create_task(asyncio.to_thread(git, root, "checkout", "--quiet", "there", "--"))
        await told_of_many(watch)
        await checkout
        for name in names_of_many():
            (root / name).write_text("rewritten")
        await told_of_many(watch)
        await watch.nothing_before()


async def test_while_git_is_at_work_it_is_waited_for(root: Path) -> None:
    (root / ".git").mkdir()
    async with Watch(root, "src/**/*.py") as watch:
        (root / ".git/index.lock").touch()
        write(root / "src/a.py", "half")
        following = asyncio.ensure_future(watch.next())
        done, _ = await asyncio.wait((following,), timeout=0.3)
        assert not done
        write(root / "src/b.py", "other")
        write(root / "src/a.py", "one")
        (root / ".git/index.lock").unlink()
        assert await following == [("src/b.py", "modified")]


async def test_without_watches_left_files_are_polled_and_it_is_said(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inotify.Watcher, "add", _failing(OSError(errno.ENOSPC, "no space left")))
    monkeypatch.setattr(watcher, "POLL_SECONDS", 0.02)
    async with Watch(root, "src/**/*.py") as watch:
        assert "fs.inotify.max_user_watches" in watch.first.trouble
        assert (await watch.batch()).started
        write(root / "src/a.py", "something")
        assert await watch.next() == [("src/a.py", "modified")]
        write(root / "src/a.py", "something else in the same second")
        assert await watch.next() == [("src/a.py", "modified")]
        monkeypatch.undo()
        write(root / "src/new/c.py", "x")
        assert await watch.next() == [("src/new/c.py", "added")]


def _failing(error: OSError) -> Callable[..., None]:
    def add(*_: object) -> None:
        raise error

    return add


async def test_other_errors_are_passed_on(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inotify.Watcher, "add", _failing(OSError(errno.EIO, "disk")))
    stream = follow.LocalFiles(clock.SystemClock()).follower(str(root)).follow(Watch(root, "src/*").wanted)
    with pytest.raises(OSError, match="disk"):
        await anext(stream)


async def test_a_file_nobody_may_read_is_told_once(root: Path) -> None:
    async with Watch(root, "src/**/*.py") as watch:
        (root / "src/a.py").unlink()
        (root / "src/a.py").mkdir()
        assert await watch.next() == [("src/a.py", "deleted")]
        await watch.nothing_before()


async def test_cancelling_leaves_nothing_behind(root: Path) -> None:
    watch = Watch(root, "src/**/*.py")
    async with watch:
        waiting = asyncio.ensure_future(watch.batch())
        await asyncio.sleep(0)
        waiting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await waiting
