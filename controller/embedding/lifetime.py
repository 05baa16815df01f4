"""One life of an embedded controller: folders, guardian and shim, store, the controller itself; and back."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping

from controller import app, clock, places, settings
from controller.api.services import Services
from controller.client import errors as client_errors
from controller.client import project, registry
from controller.embedding import environ, errors, tree
from controller.embedding.settings import Settings
from controller.store import db, store


class Lifetime:
    """`start` once, then `services` until `over`; `end` from then on at any time."""

    def __init__(self, wanted: Settings) -> None:
        self._wanted = wanted
        self._environ = environ.own() if wanted.environ is None else dict(wanted.environ)
        self._controller: app.Controller | None = None
        self._task: asyncio.Task[None] | None = None
        self._born: asyncio.Future[None] | None = None
        self._draining: list[asyncio.Task[None]] = []
        self.paths: settings.ProjectPaths | None = None

    @property
    def services(self) -> Services:
        """Raises `Stopped`."""
        if self._controller is None or self._task is None or self._task.done():
            raise errors.Stopped(
                "this controller does not run: use it inside `async with Controller(…)`, and see "
                ".workerset/controller.log where it has ended by itself"
            )
        return self._controller.services

    async def start(self) -> None:
        """Until the controller is ready. Raises `StartFailed`; then everything is put away again."""
        found = self._folders()
        self.paths = settings.ProjectPaths(found.root, found.state, found.run)
        self._born = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._live(found, self.paths), name="workerset")
        try:
            await asyncio.wait((self._task, self._born), return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            self._task.cancel()
            await asyncio.wait((self._task,))
            raise
        if self._born.done():
            return
        self._task.result()
        raise errors.StartFailed(f"the controller ended before it was ready: see {self.paths.own_log}")

    async def over(self) -> None:
        """Until it has ended, whoever ended it. Raises what it died of."""
        if self._task is not None:
            await asyncio.wait((self._task,))
            self._task.result()

    async def end(self) -> None:
        """Stop every worker by its own rules (S4.6), then everything else. Cancelled, it kills instead."""
        if self._controller is None or self._task is None or self._task.done():
            await self.over()
            return
        self._drain(self._wanted.stop_seconds)
        try:
            await self.over()
        except asyncio.CancelledError:
            if self._task.done():
                raise
            self._drain(0.0)
            await self.over()
            raise

    def _drain(self, grace_seconds: float | None) -> None:
        assert self._controller is not None
        steps = self._controller.services.control.shutdown(grace_seconds, purge=self._wanted.purge_at_end)
        self._draining.append(asyncio.create_task(_exhaust(steps), name="workerset-drain"))

    # ------------------------------------------------------------------ in order, and back

    def _folders(self) -> project.Project:
        root = os.path.abspath(self._wanted.root)
        try:
            found = places.prepare(project.discover(root, root, self._environ), self._environ)
        except client_errors.ProjectError as problem:
            raise errors.StartFailed(f"{problem}: {problem.hint}" if problem.hint else str(problem)) from None
        if not self._wanted.purge_at_end:
            registry.remember(found.root, self._environ)
        return found

    async def _live(self, found: project.Project, paths: settings.ProjectPaths) -> None:
        below = await tree.start(found, self._environ, self._wanted.start_seconds)
        try:
            await self._control(paths, below.pid)
        finally:
            await tree.end(below)
            if self._wanted.purge_at_end:
                places.remove(found)

    async def _control(self, paths: settings.ProjectPaths, guardian: int) -> None:
        try:
            kept = store.Store.open(paths.database, clock.SystemClock())
        except db.StoreProblem as problem:
            raise errors.StartFailed(str(problem)) from None
        failures: list[str] = []
        try:
            base = app.base_environment(kept, self._environ, refresh=True)
            say = self._listener(failures.append)
            serves, limits = self._wanted.serves_api, settings.Limits(self._wanted.max_processes)
            birth = app.Birth(paths, base, guardian, say, serves_api=serves, limits=limits)
            self._controller = app.Controller(kept, birth)
            code = await self._controller.run(_leave_signals)
        except Exception as problem:  # whichever part it was, the program hears of the first
            raise errors.StartFailed(f"the controller broke: {_first(problem)}") from problem
        finally:
            kept.close()
        if failures or code != app.ENDED_FOR_GOOD:
            raise errors.Stopped(failures[0] if failures else f"guardian and shim are gone: {paths.own_log}")

    def _listener(self, failed: Callable[[str], None]) -> Callable[[Mapping[str, object]], None]:
        def hear(word: Mapping[str, object]) -> None:
            if "failed" in word:
                failed(str(word["failed"]))
            elif self._born is not None and not self._born.done():
                self._born.set_result(None)

        return hear


async def _exhaust(steps: AsyncIterator[Mapping[str, object]]) -> None:
    """The end comes only to those who follow it."""
    async for _ in steps:
        pass


def _leave_signals(_stop: Callable[[], None], _drain: Callable[[], None]) -> None:
    """They are the program's."""


def _first(problem: BaseException) -> BaseException:
    while isinstance(problem, BaseExceptionGroup):
        problem = problem.exceptions[0]
    return problem
