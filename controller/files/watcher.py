"""The one place that knows `watchfiles`: which paths in these folders were touched.

Each folder is watched by itself, so that nobody pays for the caches and environments below it. Where the
kernel has no watches left (inotify(7), "Limits") nothing is told, and whoever follows has to look: the
library's own polling takes two saves within a second for one.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections.abc import AsyncIterator, Sequence

import watchfiles

STEP_MS = 5
"""How often the watcher looks whether the kernel told it something; news is passed on after a step without
more of it. docs/decisions has the figures."""

DEBOUNCE_MS = 500
"""Where news never ends, it is passed on this often."""

POLL_SECONDS = 2.0

_EXHAUSTED = {
    errno.ENOSPC: "no inotify watches are left (fs.inotify.max_user_watches)",
    errno.EMFILE: "no inotify instances are left (fs.inotify.max_user_instances)",
    errno.ENFILE: "no file descriptors are left on this machine (fs.file-max)",
    errno.ENOSYS: "this system has no inotify",
}

Touched = frozenset[str]
"""Absolute paths of files and folders that came, went or were written."""


class Watcher:
    """Watches folders from `open` on until `close`."""

    def __init__(self, folders: Sequence[str]) -> None:
        self._folders = folders
        self._stop = asyncio.Event()
        self._stream: AsyncIterator[set[watchfiles.main.FileChange]] | None = None
        self._next: asyncio.Task[Touched] | None = None
        self.trouble = ""
        """Why nothing will be told, and what to do about it."""

    async def open(self) -> None:
        """Returns once everything that happens later will be told, or with `trouble`. Raises `OSError`."""
        try:
            await self._begin()
        except OSError as error:
            number = error.errno or _number_in(str(error))
            if number not in _EXHAUSTED:
                raise
            every = f"{POLL_SECONDS:g}s"
            self.trouble = f"{_EXHAUSTED[number]}: files are looked at every {every} instead; raise the limit"

    async def touched(self, seconds: float | None) -> Touched:
        """The next news; empty if there was none for so long, or after a while with `trouble`."""
        if self._next is None:
            self._next = asyncio.ensure_future(self._until_closed() if self.trouble else self._take())
        if self.trouble and seconds is None:
            seconds = POLL_SECONDS
        done, _ = await asyncio.wait((self._next,), timeout=seconds)
        if not done:
            return frozenset()
        found, self._next = self._next.result(), None
        return found

    async def close(self) -> None:
        self._stop.set()
        if self._next is not None:
            self._next.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await self._next
            self._next = None

    async def _begin(self) -> None:
        """The watches are there once the iteration has begun, which takes one turn of the loop."""
        self._stream = watchfiles.awatch(
            *self._folders,
            watch_filter=None,
            debounce=DEBOUNCE_MS,
            step=STEP_MS,
            stop_event=self._stop,
            force_polling=False,
            recursive=False,
            ignore_permission_denied=True,
        )
        self._next = asyncio.ensure_future(self._take())
        await asyncio.sleep(0)
        if self._next.done():
            failed, self._next = self._next, None
            failed.result()

    async def _until_closed(self) -> Touched:
        await self._stop.wait()
        return frozenset()

    async def _take(self) -> Touched:
        assert self._stream is not None
        async for changes in self._stream:
            return frozenset(path for _, path in changes)
        return frozenset()


def _number_in(text: str) -> int:
    """The library passes on some errors as text: `… (os error 28)`."""
    _, _, tail = text.partition("os error ")
    digits = tail.partition(")")[0]
    return int(digits) if digits.isdigit() else 0
