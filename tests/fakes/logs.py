"""A `ports.Logs` that holds lines in memory: `write` appends, followers hear of it at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence

from controller import ports
from controller.core import errors


class FakeLogs:
    """Lines of a worker in order; queries are recorded, of their options tail, follow and since_run count."""

    def __init__(self) -> None:
        self.lines: dict[tuple[str, str], list[bytes]] = {}
        self.began: dict[tuple[str, str, str], int] = {}
        self.previous: set[ports.WorkerRef] = set()
        self.queries: list[tuple[list[ports.WorkerRef], ports.LogQuery]] = []
        self.readers = 0
        self._written: list[asyncio.Event] = []

    def write(self, ref: ports.WorkerRef, line: str) -> None:
        self.lines.setdefault(_place(ref), []).append(line.encode() + b"\n")
        for event in self._written:
            event.set()

    def begin(self, ref: ports.WorkerRef, run: str) -> None:
        """What is written from now on is of this run."""
        self.began[*_place(ref), run] = len(self.lines.get(_place(ref), ()))

    def kept(self, namespace: str) -> Sequence[str]:
        return sorted(worker for within, worker in self.lines if within == namespace)

    def read(self, workers: Iterable[ports.WorkerRef], query: ports.LogQuery) -> AsyncIterator[bytes]:
        refs = list(workers)
        self.queries.append((refs, query))
        return self._read(refs, query)

    async def _read(self, refs: list[ports.WorkerRef], query: ports.LogQuery) -> AsyncIterator[bytes]:
        if query.previous and not self.previous.issuperset(refs):
            raise errors.BadRequest(f"previous terminated run of {refs[0].worker} not found")
        written = asyncio.Event()
        self._written.append(written)
        self.readers += 1
        sent = dict.fromkeys(refs, 0)
        try:
            for ref in refs:
                if ref in query.since_run:
                    end = len(self.lines.get(_place(ref), ()))
                    sent[ref] = self.began.get((*_place(ref), query.since_run[ref]), end)
                elif query.tail_lines is not None:
                    sent[ref] = max(0, len(self.lines.get(_place(ref), ())) - query.tail_lines)
            while True:
                for ref in refs:
                    lines = self.lines.get(_place(ref), [])
                    while sent[ref] < len(lines):
                        line, sent[ref] = lines[sent[ref]], sent[ref] + 1
                        yield f"{ref.worker} | ".encode() + line if query.prefix else line
                if not query.follow:
                    return
                await written.wait()
                written.clear()
        finally:
            self.readers -= 1
            self._written.remove(written)


def _place(ref: ports.WorkerRef) -> tuple[str, str]:
    """What a log is found by: whichever set the worker is of."""
    return ref.namespace, ref.worker
