"""A `ports.Logs` that holds lines in memory: `write` appends, followers hear of it at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable

from controller import ports
from controller.core import errors


class FakeLogs:
    """Lines of a worker in order; queries are recorded, of their options only tail and follow count."""

    def __init__(self) -> None:
        self.lines: dict[ports.WorkerRef, list[bytes]] = {}
        self.previous: set[ports.WorkerRef] = set()
        self.queries: list[tuple[list[ports.WorkerRef], ports.LogQuery]] = []
        self.readers = 0
        self._written: list[asyncio.Event] = []

    def write(self, ref: ports.WorkerRef, line: str) -> None:
        self.lines.setdefault(ref, []).append(line.encode() + b"\n")
        for event in self._written:
            event.set()

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
                if query.tail_lines is not None:
                    sent[ref] = max(0, len(self.lines.get(ref, ())) - query.tail_lines)
            while True:
                for ref in refs:
                    lines = self.lines.get(ref, [])
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
