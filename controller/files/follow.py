"""From touched paths to changed contents: `ports.Files` on real files.

What an editor or git does to a file on the way to its new content is not told: files that are gone or empty
get a moment to come back, and while very many change, or git says that it is at work, all of it is waited
for. What is the same as before, byte for byte, is never told.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

from controller import ports
from controller.core import watching
from controller.files import tree, watcher

SETTLE_SECONDS = 0.1
"""How long a file may be gone or empty before that is what it is."""

MANY = 50
QUIET_SECONDS = 0.15
LONGEST_HOLD_SECONDS = 10.0
"""More than so many files at once are a checkout or a build: told once it is quiet, or after this long."""

LARGEST_READ_BYTES = 16 << 20
"""Larger files go by their size and time alone."""

_FILES_A_TURN = 32
_GIT_AT_WORK = ".git/index.lock"


@dataclass(slots=True)
class _Dirty:
    """A file that was touched, and since when it looks unfinished."""

    unfinished_since: float | None = None


class LocalFiles:
    """`ports.Files`."""

    def __init__(self, clock: ports.Clock) -> None:
        self._clock = clock

    def follower(self, root: str) -> LocalFollower:
        return LocalFollower(root, self._clock)

    def nearest(self, root: str, path: str) -> tuple[str, str]:
        return watching.nearest(path, lambda folder: _folders(f"{root}/{folder}"))


class LocalFollower:
    """`ports.Follower`. Contents are remembered as digests, from one `follow` to the next."""

    def __init__(self, root: str, clock: ports.Clock) -> None:
        self._root, self._clock = root, clock
        self._known: dict[str, bytes] = {}
        self._tree = tree.Tree(root)
        self._dirty: dict[str, _Dirty] = {}
        self._held_since: float | None = None
        self._last_news = 0.0

    async def follow(self, wanted: watching.Wanted) -> AsyncIterator[ports.FileBatch]:
        is_first = True
        trouble = ""
        while True:
            folders = (await tree.scan(self._root, wanted)).folders
            watching_ = watcher.Watcher(folders or [self._root], self._clock)
            await watching_.open()
            try:
                await self._look_again(wanted, seed=is_first)
                if watching_.trouble != trouble and watching_.trouble:
                    yield ports.FileBatch(trouble=watching_.trouble)
                trouble = watching_.trouble
                if is_first or not trouble:
                    yield ports.FileBatch(started=True, matched=self._matched())
                    is_first = False
                if watching_.trouble or set(self._tree.folders) <= set(folders):
                    async for batch in self._serve(watching_, wanted):
                        yield batch
            finally:
                watching_.close()

    # ------------------------------------------------------------------ what there is

    async def _look_again(self, wanted: watching.Wanted, *, seed: bool) -> None:
        """Compare with what is known. Files nobody followed before are taken as they are with `seed`."""
        before, self._tree = self._tree, await tree.scan(self._root, wanted)
        for count, (path, stamp) in enumerate(self._tree.files.items()):
            if path not in self._known and seed:
                self._learn(path, stamp)
            elif before.files.get(path) != stamp:
                self._dirty.setdefault(path, _Dirty())
            if count % _FILES_A_TURN == 0:
                await asyncio.sleep(0)
        for path in self._known.keys() - self._tree.files.keys():
            if wanted.takes(path, ignored=self._tree.is_ignored(path)):
                self._dirty.setdefault(path, _Dirty())
            else:
                del self._known[path]

    def _learn(self, path: str, stamp: tree.Stamp) -> None:
        """Its content; one that has changed since it was found counts as changed."""
        digest = self._digest(path)
        if digest is None or tree.stamp(self._full(path)) != stamp:
            self._dirty.setdefault(path, _Dirty())
        self._known[path] = digest or b""

    def _matched(self) -> tuple[ports.FileChange, ...]:
        return tuple(ports.FileChange(path, "added", path in self._tree.ignored) for path in self._tree.files)

    # ------------------------------------------------------------------ what happens

    async def _serve(
        self, watching_: watcher.Watcher, wanted: watching.Wanted
    ) -> AsyncIterator[ports.FileBatch]:
        """Until the folders to watch are others."""
        while True:
            if self._dirty:
                changes = await self._judge(wanted)
                if changes:
                    yield ports.FileBatch(changes)
            touched = await watching_.touched(self._wait_seconds())
            if watching_.trouble and not self._dirty:
                return
            if touched:
                self._last_news = self._clock.monotonic()
                if self._take(touched, wanted):
                    return

    def _take(self, touched: Iterable[str], wanted: watching.Wanted) -> bool:
        """Note what may have changed; True if folders came or went, or what is ignored."""
        rebuilt = False
        watched = set(self._tree.folders)
        for full in touched:
            if full in watched or os.path.basename(full) == tree.IGNORE_FILE:
                rebuilt = True
                continue
            for path in (*self._tree.links.get(full, ()), self._relative(full)):
                if path is None:
                    continue
                ignored = self._tree.is_ignored(path)
                if path in self._known or wanted.takes(path, ignored=ignored):
                    self._dirty.setdefault(path, _Dirty())
                elif os.path.isdir(full):
                    rebuilt = rebuilt or wanted.holds(path, ignored=ignored)
        return rebuilt

    def _wait_seconds(self) -> float | None:
        """How long to wait for more; None if nothing is pending."""
        if not self._dirty:
            return None
        return QUIET_SECONDS if self._held_since is not None else SETTLE_SECONDS

    async def _judge(self, wanted: watching.Wanted) -> tuple[ports.FileChange, ...]:
        """What of the touched files has another content now, and is finished as far as one can see."""
        now = self._clock.monotonic()
        if self._is_held(now):
            return ()
        changes = []
        for count, (path, dirty) in enumerate(sorted(self._dirty.items(), key=lambda item: item[0])):
            change = self._judge_one(path, dirty, now)
            if change is not None and wanted.takes(path, ignored=change.ignored):
                changes.append(change)
            if count % _FILES_A_TURN == _FILES_A_TURN - 1:
                await asyncio.sleep(0)
        return tuple(changes)

    def _judge_one(self, path: str, dirty: _Dirty, now: float) -> ports.FileChange | None:
        digest, before = self._digest(path), self._known.get(path)
        if digest != before and (digest is None or digest == _EMPTY):
            dirty.unfinished_since = dirty.unfinished_since or now
            if now - dirty.unfinished_since < SETTLE_SECONDS:
                return None
        del self._dirty[path]
        if digest == before:
            return None
        how: watching.How = "added" if before is None else "modified"
        if digest is None:
            how = "deleted"
            self._known.pop(path, None)
            self._tree.files.pop(path, None)
        else:
            self._known[path] = digest
        return ports.FileChange(path, how, self._tree.is_ignored(path))

    def _is_held(self, now: float) -> bool:
        """Whether so much is going on that its end is waited for."""
        busy = len(self._dirty) > MANY and now - self._last_news < QUIET_SECONDS
        busy = busy or os.path.exists(f"{self._root}/{_GIT_AT_WORK}")
        if not busy:
            self._held_since = None
            return False
        self._held_since = self._held_since or now
        return now - self._held_since < LONGEST_HOLD_SECONDS

    def _digest(self, path: str) -> bytes | None:
        """Of the content; None if there is no such file."""
        full = self._full(path)
        found = tree.stamp(full)
        if found is None:
            return None
        if found[1] > LARGEST_READ_BYTES:
            return repr(found).encode()
        try:
            with open(full, "rb") as file:
                return hashlib.blake2b(file.read(LARGEST_READ_BYTES + 1), digest_size=16).digest()
        except FileNotFoundError:
            return None
        except OSError as error:
            return f"unreadable: {error.errno}".encode()

    def _full(self, path: str) -> str:
        return f"{self._root}/{path}"

    def _relative(self, full: str) -> str | None:
        return full[len(self._root) + 1 :] if full.startswith(f"{self._root}/") else None


_EMPTY = hashlib.blake2b(b"", digest_size=16).digest()


def _folders(path: str) -> list[str]:
    try:
        return [entry.name for entry in os.scandir(path) if entry.is_dir()]
    except OSError:
        return []
