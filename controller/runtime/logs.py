"""`ports.Logs`: what the log writer wrote, for one worker or many, from the past and as it comes."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import heapq
import os
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass

from controller import inotify, ports
from controller.core import errors
from controller.runtime import cursor, logtail
from controller.sdk.workerset import contract

LOOK_SECONDS = 0.5
"""How often followed logs are looked at where the kernel does not tell of them."""

_CHUNK = 65536
_INTERESTING = inotify.MODIFY | inotify.CREATE | inotify.MOVED_TO | inotify.MOVED_FROM | inotify.GONE


@dataclass(frozen=True, slots=True)
class _Source:
    """One worker's log and how its lines begin for people."""

    path: str
    prefix: bytes
    cursor: cursor.Cursor


class LogReader:
    """Reads the log folder; knows nothing of processes."""

    def __init__(self, logs: str) -> None:
        self._logs = logs

    def read(self, workers: Iterable[ports.WorkerRef], query: ports.LogQuery) -> AsyncIterator[bytes]:
        """Raises BadRequest at once for `previous` where no run came before."""
        sources = [self._source(ref, query) for ref in workers]
        return _limited(_chunks(sources, query), query.limit_bytes)

    def _source(self, ref: ports.WorkerRef, query: ports.LogQuery) -> _Source:
        path = logtail.path_of(self._logs, ref)
        prefix = f"{ref.worker} | ".encode() if query.prefix else b""
        if query.previous:
            return _Source(path, prefix, _previous(path, ref, query))
        if ref in query.since_run:
            return _Source(
                path, prefix, cursor.Cursor(path, logtail.start_of_run(path, query.since_run[ref]))
            )
        since = None if query.since_wall is None else stamp_of(query.since_wall)
        start = None
        if query.tail_lines is not None or since is not None:
            start = logtail.start_of_tail(path, query.tail_lines, since)
        return _Source(path, prefix, cursor.Cursor(path, start))

    def kept(self, namespace: str) -> Sequence[str]:
        """Names of workers that there is a log of, whether or not they are there any more."""
        folder, ending = os.path.split(f"{self._logs}/{contract.log_file(namespace, '')}")
        try:
            names = os.listdir(folder)
        except OSError:
            return ()
        bases = {name.rpartition(".")[0] if name.rpartition(".")[2].isdigit() else name for name in names}
        return sorted(base.removesuffix(ending) for base in bases if base.endswith(ending))


def stamp_of(wall: float) -> bytes:
    """A time as the log format writes it; stamps sort as text."""
    moment = datetime.datetime.fromtimestamp(wall, datetime.UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}000Z".encode()


def _previous(path: str, ref: ports.WorkerRef, query: ports.LogQuery) -> cursor.Cursor:
    found = logtail.previous_run(path)
    if found is None:
        raise errors.BadRequest(f'previous run of worker "{ref.worker}" not found')
    start = found.start
    if query.tail_lines is not None:
        start = _previous_tail(path, found, query.tail_lines)
    return cursor.Cursor(path, start, found.until)


def _previous_tail(path: str, found: logtail.Previous, lines: int) -> logtail.Position | None:
    start: logtail.Position | None = None
    counted = 0
    inside = False
    for position, line in logtail.backward(path):
        if line.run:
            if inside:
                return start or position
            inside = line.run == found.until
            start = position
        elif inside:
            counted += not line.partial
            if counted > lines:
                return start
            start = position
    return start


def _format(line: logtail.Line, source: _Source, timestamps: bool) -> bytes:
    stamp = line.stamp + b" " if timestamps else b""
    mark = b"[workerset] " if line.own else b""
    return source.prefix + stamp + mark + line.text + b"\n"


async def _chunks(sources: Sequence[_Source], query: ports.LogQuery) -> AsyncGenerator[bytes, None]:
    if not query.follow:
        for chunk in _merged(sources, query.timestamps):
            yield chunk
            await asyncio.sleep(0)
        return
    watcher = inotify.Watcher(LOOK_SECONDS)
    try:
        _watch(watcher, sources)
        touched: Sequence[_Source] = sources
        while True:
            for chunk in _merged(touched, query.timestamps):
                yield chunk
                await asyncio.sleep(0)
            touched = _touched(await watcher.changes(), sources, watcher)
    finally:
        watcher.close()


def _merged(sources: Sequence[_Source], timestamps: bool) -> Iterator[bytes]:
    """What there is now, in order of time, in chunks of whole lines."""
    streams = [_keyed(source, number) for number, source in enumerate(sources)]
    lines = streams[0] if len(streams) == 1 else heapq.merge(*streams)
    pieces: list[bytes] = []
    size = 0
    for _, number, _, line in lines:
        pieces.append(_format(line, sources[number], timestamps))
        size += len(pieces[-1])
        if size >= _CHUNK:
            yield b"".join(pieces)
            pieces.clear()
            size = 0
    if pieces:
        yield b"".join(pieces)


def _keyed(source: _Source, number: int) -> Iterator[tuple[bytes, int, int, logtail.Line]]:
    """The count keeps lines of one worker in order and lines themselves out of comparisons."""
    for count, line in enumerate(source.cursor.lines()):
        yield line.stamp, number, count, line


def _watch(watcher: inotify.Watcher, sources: Iterable[_Source]) -> None:
    for folder in {os.path.dirname(source.path) for source in sources}:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        watcher.add(folder, _INTERESTING)


def _touched(
    changes: Iterable[inotify.Change], sources: Sequence[_Source], watcher: inotify.Watcher
) -> Sequence[_Source]:
    paths: set[str] = set()
    for change in changes:
        if change.mask & inotify.GONE:
            _watch(watcher, sources)  # the folder was deleted under us: it is made anew
            return sources
        if not change.folder:
            return sources
        name = change.name
        base, _, number = name.rpartition(".")
        paths.add(f"{change.folder}/{base if number.isdigit() else name}")
    return [source for source in sources if source.path in paths]


async def _limited(chunks: AsyncGenerator[bytes, None], limit: int | None) -> AsyncIterator[bytes]:
    left = limit
    async with contextlib.aclosing(chunks):
        async for chunk in chunks:
            if left is None:
                yield chunk
                continue
            yield chunk[:left]
            left -= len(chunk)
            if left <= 0:
                return
