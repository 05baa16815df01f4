"""Reading a worker's log files: lines as values, the end of a log without its beginning, one run of it.

The format is `sdk/workerset/contract.py`'s. Files may be rotated or cut while they are read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from controller import ports
from controller.sdk.workerset import contract

_BLOCK = 65536
_RUN_TAIL_BYTES = 65536
_RUNS = 3
"""A run that is asked for from its start began a moment ago; so many may have followed it since."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the log format. `run` is set for a boundary: the line that begins a run."""

    stamp: bytes
    text: bytes
    partial: bool = False
    own: bool = False
    run: str = ""


def parse(raw: bytes) -> Line | None:
    """None for what is no line of the format."""
    words = raw.split(b" ", 3)
    if len(words) != 4 or len(words[0]) != contract.STAMP_LENGTH:
        return None
    stamp, stream, tag, text = words
    if stream == contract.STREAM_OWN.encode():
        return Line(stamp, text, own=True, run=contract.run_of(text.decode(errors="replace")))
    return Line(stamp, text, partial=tag == contract.PARTIAL.encode())


def path_of(logs: str, ref: ports.WorkerRef) -> str:
    return f"{logs}/{contract.log_file(ref.namespace, ref.worker)}"


def files_of(path: str) -> list[str]:
    """The log's files that exist, oldest first."""
    numbers: list[int] = []
    folder, name = os.path.split(path)
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    for one in names:
        base, _, number = one.rpartition(".")
        if base == name and number.isdigit():
            numbers.append(int(number))
    rotated = [f"{path}.{number}" for number in sorted(numbers, reverse=True)]
    return [*rotated, path] if name in names else rotated


@dataclass(frozen=True, slots=True)
class Position:
    """A place between two lines: a file by its inode, whatever it is called by now."""

    inode: int
    offset: int


def backward(path: str) -> Iterator[tuple[Position, Line]]:
    """All lines with where they begin, newest first; reads no more than is asked for."""
    for file in reversed(files_of(path)):
        try:
            descriptor = os.open(file, os.O_RDONLY)
        except OSError:
            continue
        try:
            status = os.fstat(descriptor)
            for offset, raw in _backward(descriptor, status.st_size):
                line = parse(raw)
                if line is not None:
                    yield Position(status.st_ino, offset), line
        finally:
            os.close(descriptor)


def _backward(descriptor: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Whole lines from the end; what follows the last newline is none yet."""
    tail = b""
    has_end = False
    while end > 0:
        start = max(0, end - _BLOCK)
        block = os.pread(descriptor, end - start, start) + tail
        end = start
        pieces = block.split(b"\n")
        if not has_end:
            if len(pieces) == 1:
                tail = block
                continue
            block = block[: len(block) - len(pieces.pop()) - 1]
            has_end = True
        tail = pieces[0]
        at = start + len(block)
        for piece in reversed(pieces[1:]):
            at -= len(piece)
            yield at, piece
            at -= 1
    if has_end and tail:
        yield 0, tail


def start_of_tail(path: str, lines: int | None, since: bytes | None) -> Position | None:
    """Where to begin so that `lines` whole lines, none before the stamp `since`, follow.

    None: at the very beginning. Pieces of one long line count as one.
    """
    start: Position | None = None
    counted = 0
    for position, line in backward(path):
        if since is not None and line.stamp < since:
            return start or _end_of(path)
        if not line.run and not line.partial:
            if lines is not None and counted == lines:
                return start or _end_of(path)
            counted += 1
        start = position
    return None


def start_of_run(path: str, run: str) -> Position | None:
    """Where a run begins, or the end if it has not begun: looks back over at most `_RUNS` other runs."""
    others = 0
    for position, line in backward(path):
        if line.run == run:
            return position
        others += line.run != ""
        if others == _RUNS:
            break
    return _end_of(path)


def _end_of(path: str) -> Position | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return Position(status.st_ino, status.st_size)


@dataclass(frozen=True, slots=True)
class Previous:
    """The run before the current one: from a place (None: the beginning) up to the boundary of `until`."""

    start: Position | None
    until: str


def previous_run(path: str) -> Previous | None:
    """None if the log knows of one run only."""
    until = ""
    start: Position | None = None
    some = False
    for position, line in backward(path):
        if line.run and not until:
            until = line.run
        elif line.run:
            return Previous(position, until)
        elif until:
            start, some = position, True
    return Previous(start, until) if some else None


def run_tail(path: str, run: str, limit: int) -> tuple[str, ...]:
    """The last lines of one run; looks at the end of the log only."""
    found: list[str] = []
    size = 0
    for _, line in backward(path):
        size += len(line.text) + contract.STAMP_LENGTH
        if line.run:
            if line.run == run:
                break
            found.clear()  # what came after belongs to the next run
            continue
        if size > _RUN_TAIL_BYTES:
            break
        if not line.own and len(found) < limit:
            found.append(line.text.decode(errors="replace"))
    else:
        return ()
    return tuple(reversed(found))
