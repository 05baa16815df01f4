"""A `ports.Files` whose changes a test tells."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from controller import ports
from controller.core import watching


class ScriptedFiles:
    """`there` are the files that exist, with their text; `broken` is raised once."""

    def __init__(self, *there: str) -> None:
        self.there = dict.fromkeys(there, "")
        self.broken: OSError | None = None
        self.wanted: list[watching.Wanted] = []
        self.started = asyncio.Event()
        self._told: asyncio.Queue[ports.FileBatch] = asyncio.Queue()

    def follower(self, root: str) -> ScriptedFiles:
        return self

    def nearest(self, root: str, path: str) -> tuple[str, str]:
        return watching.nearest(path, self._folders_in)

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
            meant = tuple(one for one in batch.changes if wanted.takes(one.path, ignored=False))
            if meant or batch.trouble:
                yield ports.FileBatch(meant, trouble=batch.trouble)
            self._told.task_done()

    async def tell(self, *paths: str, how: watching.How = "modified", trouble: str = "") -> None:
        """Returns once it was taken note of."""
        self._put(*paths, how=how, trouble=trouble)
        async with asyncio.timeout(10):
            await self._told.join()

    def save(self, path: str, text: str) -> None:
        before = self.there.get(path)
        self.there[path] = text
        if text != before:
            self._put(path, how="added" if before is None else "modified")

    def remove(self, path: str) -> None:
        del self.there[path]
        self._put(path, how="deleted")

    def _put(self, *paths: str, how: watching.How, trouble: str = "") -> None:
        changes = tuple(ports.FileChange(path, how) for path in paths)
        self._told.put_nowait(ports.FileBatch(changes, trouble=trouble))

    def _folders_in(self, folder: str) -> list[str]:
        inside = f"{folder}/" if folder else ""
        below = [path[len(inside) :] for path in self.there if path.startswith(inside)]
        return sorted({path.partition("/")[0] for path in below if "/" in path})
