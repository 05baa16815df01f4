"""Which paths in these folders were touched, as inotify(7) tells it.

Each folder is watched by itself, so that nobody pays for the caches and environments below it. Where the
kernel has no watches left (inotify(7), "Limits") nothing is told, and whoever follows has to look.

A file that is being written is told of when it is closed, not before: half of it is of no use to anybody.
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Iterable, Sequence

from controller import inotify, ports

QUIET_SECONDS = 0.002
"""What one save does (rename, write, permissions) and what a formatter writes in one go is told at once."""

LONGEST_QUIET_SECONDS = 0.05
"""Where news never ends, it is passed on this often."""

OPEN_SECONDS = 0.25
"""So long after it was made (a link is never closed) or first written a file is told of unclosed."""

POLL_SECONDS = 2.0

_FOLDERS_A_TURN = 200
_WRITING = inotify.CREATE | inotify.MODIFY
_INTERESTING = _WRITING | inotify.CLOSE_WRITE | inotify.ATTRIB | inotify.DELETE | inotify.MOVED | inotify.GONE

_NOT_OURS = (errno.ENOENT, errno.ENOTDIR, errno.EACCES)
"""It has just gone, or nobody lets us look."""

Touched = frozenset[str]
"""Absolute paths of files and folders that came, went or were written."""


class Watcher:
    """Watches folders from `open` on until `close`."""

    def __init__(self, folders: Sequence[str], clock: ports.Clock) -> None:
        self._clock = clock
        self._shown: dict[str, list[str]] = {}
        for folder in folders:
            self._shown.setdefault(os.path.realpath(folder), []).append(folder)
        self._inotify: inotify.Watcher | None = None
        self._unclosed: dict[str, float] = {}
        self.trouble = ""
        """Why nothing will be told, and what to do about it."""

    async def open(self) -> None:
        """Returns once everything that happens later will be told, or with `trouble`. Raises `OSError`."""
        try:
            self._inotify = inotify.Watcher()
            for count, folder in enumerate(self._shown):
                self._add(self._inotify, folder)
                if count % _FOLDERS_A_TURN == _FOLDERS_A_TURN - 1:
                    await asyncio.sleep(0)
        except OSError as error:
            self.close()
            why = inotify.EXHAUSTED.get(error.errno or 0)
            if why is None:
                raise
            self.trouble = f"{why}: files are looked at every {POLL_SECONDS:g}s instead; raise the limit"

    async def touched(self, seconds: float | None) -> Touched:
        """The next news; empty if there was none for so long, or after a while with `trouble`."""
        now = self._clock.monotonic()
        seconds = POLL_SECONDS if self.trouble and seconds is None else seconds
        until = None if seconds is None else now + seconds
        found: set[str] = set()
        while not found:
            changes = await self._next(self._rest(now, until))
            now = self._clock.monotonic()
            found = self._closed(changes, now)
            if not found and until is not None and now >= until:
                return frozenset()
        latest = now + LONGEST_QUIET_SECONDS
        while changes and now < latest:
            changes = await self._next(QUIET_SECONDS)
            now = self._clock.monotonic()
            found |= self._closed(changes, now)
        return frozenset(found)

    def close(self) -> None:
        if self._inotify is not None:
            self._inotify.close()
            self._inotify = None

    def _add(self, watching: inotify.Watcher, folder: str) -> None:
        try:
            watching.add(folder, _INTERESTING)
        except OSError as error:
            if error.errno not in _NOT_OURS:
                raise

    def _rest(self, now: float, until: float | None) -> float | None:
        """How long to wait for news."""
        dues = [due for due in (until, *self._unclosed.values()) if due is not None]
        return max(0.0, min(dues) - now) if dues else None

    async def _next(self, seconds: float | None) -> Sequence[inotify.Change]:
        try:
            async with asyncio.timeout(seconds):
                if self._inotify is not None:
                    return await self._inotify.changes()
                await asyncio.Event().wait()  # nothing will be told
        except TimeoutError:
            pass
        return ()

    def _closed(self, changes: Iterable[inotify.Change], now: float) -> set[str]:
        """What can be told by now: what was closed, moved or deleted, and what has been open for too long."""
        found: set[str] = set()
        for change in changes:
            if change.mask & inotify.OVERFLOW:
                found.update(folder for shown in self._shown.values() for folder in shown)
            for folder in self._shown.get(change.folder, ()):
                path = f"{folder}/{change.name}" if change.name else folder
                if not self._is_unclosed(path, change.mask, now):
                    found.add(path)
        for path in [path for path, due in self._unclosed.items() if due <= now]:
            del self._unclosed[path]
            found.add(path)
        return found

    def _is_unclosed(self, path: str, mask: int, now: float) -> bool:
        """Whether the file is being written; remembers until when that is waited for."""
        if mask & _WRITING and not mask & inotify.ISDIR:
            self._unclosed.setdefault(path, now + OPEN_SECONDS)
            return True
        if mask & inotify.ATTRIB and path in self._unclosed:
            return True
        self._unclosed.pop(path, None)
        return False
