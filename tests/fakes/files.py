"""A `ports.Files` whose changes a test tells."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from controller import ports
from controller.core import watching


class ScriptedFiles:
    """`there` are the files that exist; `tell` says that some changed; `broken` is raised once."""

    def __init__(self, *there: str) -> None:
        self.there = there
        self.folders = {path[:at] for path in there for at, mark in enumerate(path) if mark == "/"}
        self.broken: OSError | None = None
        self.wanted: list[watching.Wanted] = []
        self.started = asyncio.Event()
        self._told: asyncio.Queue[ports.FileBatch] = asyncio.Queue()

    def follower(self, root: str) -> ScriptedFiles:
        return self

    def nearest(self, root: str, path: str) -> tuple[str, str]:
        here = ""
        for part in path.split("/"):
            deeper = f"{here}/{part}".lstrip("/")
            if deeper not in self.folders:
                break
            here = deeper
        return here, ""

    async def follow(self, wanted: watching.Wanted) -> AsyncIterator[ports.FileBatch]:
        self.wanted.append(wanted)
        if self.broken is not None:
            broken, self.broken = self.broken, None
            raise broken
        found = tuple(
            ports.FileChange(path, "added") for path in self.there if wanted.takes(path, ignored=False)
        )
        yield ports.FileBatch(started=True, matched=found)
        self.started.set()
        while True:
            batch = await self._told.get()
            yield batch
            self._told.task_done()

    async def tell(self, *paths: str, how: watching.How = "modified", trouble: str = "") -> None:
        """Returns once it was taken note of."""
        changes = tuple(ports.FileChange(path, how) for path in paths)
        self._told.put_nowait(ports.FileBatch(changes, trouble=trouble))
        async with asyncio.timeout(10):
            await self._told.join()
