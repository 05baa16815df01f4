"""A `ports.Control` that records what it is asked and answers from what a test gave it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

from controller import ports
from controller.core import errors, kinds


class FakeControl:
    def __init__(self) -> None:
        self.about: dict[str, Any] = {"root": "/project", "version": "0.1.0", "conditions": []}
        self.actions: list[ports.WorkerAction] = []
        self.variables: list[dict[str, Any]] = []
        self.used: list[ports.Usage] = []
        self.steps: asyncio.Queue[Mapping[str, object]] = asyncio.Queue()
        self.previewed: list[ports.Preview] = []
        self.refreshed: list[kinds.Key] = []
        self.shutdowns: list[tuple[float | None, bool]] = []
        self.rollbacks: list[tuple[kinds.Key, int | None]] = []
        self.asked_usage: list[ports.WorkerRef] = []

    def project(self) -> Mapping[str, object]:
        return self.about

    def preview(self, objects: Sequence[ports.Preview]) -> Sequence[Sequence[ports.WorkerAction]]:
        self.previewed += objects
        return [self.actions for _ in objects]

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

    def usage(self, workers: Iterable[ports.WorkerRef]) -> Sequence[ports.Usage]:
        self.asked_usage += workers
        return self.used
