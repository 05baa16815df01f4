"""A `ports.Control` that records what it is asked and answers from what a test gave it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

from controller import ports
from controller.core import errors, kinds
from tests.fakes.session import FakeSession


class FakeControl:
    def __init__(self) -> None:
        self.about: dict[str, Any] = {
            "root": "/project",
            "runDir": "/run/project",
            "pids": {"controller": 2, "guardian": 1},
            "version": "0.1.0",
            "startedAt": "2023-11-14T22:13:20Z",
            "foreground": False,
            "environment": {"PATH": "/bin", "VIRTUAL_ENV": ""},
            "conditions": [
                {"type": name, "status": "True", "reason": "Fine", "message": ""}
                for name in ("RuntimeConnected", "StorageWritable", "GuardianAlive", "LogsWritable")
            ],
        }
        self.actions: list[ports.WorkerAction] = []
        self.variables: list[dict[str, Any]] = []
        self.used: list[ports.Usage] = []
        self.steps: asyncio.Queue[Mapping[str, object]] = asyncio.Queue()
        self.previewed: list[ports.Preview] = []
        self.refreshed: list[kinds.Key] = []
        self.shutdowns: list[tuple[float | None, bool]] = []
        self.rollbacks: list[tuple[kinds.Key, int | None]] = []
        self.asked_usage: list[ports.WorkerRef] = []
        self.flying: dict[ports.WorkerRef, int] = {}
        self.depth = 0
        self.sessions: list[FakeSession] = []
        self.no_session: Exception | None = None

    @classmethod
    def of_two_workers(cls, workers: Sequence[ports.WorkerRef]) -> FakeControl:
        """As of a set whose workers run and have nothing to hide."""
        made = cls()
        made.actions = [ports.WorkerAction(ref.worker, "keep") for ref in workers]
        made.used = [ports.Usage(ref, 100 + number, 0.1, 1024) for number, ref in enumerate(workers)]
        made.variables = [{"name": "A", "value": "1", "source": "spec.env"}]
        return made

    def end(self) -> None:
        """Each shutdown that was asked for comes to its end: all workers stopped, none killed."""
        for _ in self.shutdowns:
            step = {"stopped": len(self.used), "killed": 0}
            self.steps.put_nowait({"done": True, **step, "survivors": [], "seconds": 0.1})

    def project(self) -> Mapping[str, object]:
        return self.about

    def preview(self, objects: Sequence[ports.Preview]) -> Sequence[Sequence[ports.WorkerAction]]:
        self.previewed += objects
        return [self.actions if after is not None else self._stops() for _, after in objects]

    def _stops(self) -> list[ports.WorkerAction]:
        return [ports.WorkerAction(one.worker, "stop", "deleted") for one in self.actions]

    def refresh(self, keys: Iterable[kinds.Key]) -> None:
        self.refreshed += keys

    def shutdown(self, grace_seconds: float | None, *, purge: bool) -> AsyncIterator[Mapping[str, object]]:
        self.shutdowns.append((grace_seconds, purge))
        return self._progress()

    async def _progress(self) -> AsyncIterator[Mapping[str, object]]:
        while True:
            step = await self.steps.get()
            yield step
            if step.get("done"):
                return

    def environment(self, key: kinds.Key) -> Sequence[Mapping[str, object]]:
        return self.variables

    def rollback(self, key: kinds.Key, revision: int | None) -> kinds.Object:
        self.rollbacks.append((key, revision))
        if revision == 99:
            raise errors.NotFound("unable to find revision 99")
        return {"kind": "WorkerSet", "metadata": {"name": key.name}}

    def machine(self) -> ports.Machine:
        return ports.Machine("box", 4, 8 * 1024**3, kernel="6.1", distribution="Some Linux")

    async def open_session(self, worker: ports.WorkerRef, asked: ports.Interactive) -> ports.Session:
        if self.no_session is not None:
            raise self.no_session
        self.sessions.append(FakeSession(asked))
        return self.sessions[-1]

    def in_flight(self, workers: Iterable[ports.WorkerRef]) -> Mapping[ports.WorkerRef, int]:
        return {one: self.flying[one] for one in workers if one in self.flying}

    def queue_depth(self) -> int:
        return self.depth

    def usage(self, workers: Iterable[ports.WorkerRef]) -> Sequence[ports.Usage]:
        wanted = list(workers)
        self.asked_usage += wanted
        return [one for one in self.used if one.worker in wanted]
