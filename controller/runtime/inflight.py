"""Requests in flight of a worker that counts them (`workerset/load.py`), read from outside."""

from __future__ import annotations

import os
import struct
from collections.abc import Collection, Iterable

from controller import ports
from controller.sdk.workerset import contract, layout

_WORDS = layout.LOAD_SIZE // 8


def of_workers(
    processes: Iterable[ports.Process], wanted: Collection[ports.WorkerRef]
) -> dict[ports.WorkerRef, int]:
    """Of the living ones of these workers, those that count."""
    found: dict[ports.WorkerRef, int] = {}
    for one in processes:
        if one.ref in wanted and one.pid and one.exit is None:
            number = read(file_of(one.pid))
            if number is not None:
                found[one.ref] = found.get(one.ref, 0) + number
    return found


def file_of(pid: int) -> str:
    """Where the process was told to count; empty if it was not, or is gone."""
    mark = f"{contract.LOAD}=".encode()
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            for word in file.read().split(b"\0"):
                if word.startswith(mark):
                    return os.fsdecode(word[len(mark) :])
    except OSError:
        pass
    return ""


def read(path: str) -> int | None:
    """Of all processes of the worker; None where nobody counts. Words are read while they are written, so
    that an end may be seen before its beginning: never below zero."""
    try:
        with open(path, "rb") as file:
            data = file.read(layout.LOAD_SIZE)
    except OSError:
        return None
    if len(data) < layout.LOAD_SIZE or not data.startswith(layout.LOAD_MAGIC):
        return None
    words: tuple[int, ...] = struct.unpack(f"<{_WORDS}Q", data)
    lines = (words[at : at + layout.LOAD_LINE] for at in range(layout.LOAD_LINE, _WORDS, layout.LOAD_LINE))
    return sum(
        max(0, line[layout.LOAD_BEGUN] - line[layout.LOAD_ENDED])
        for line in lines
        if line[layout.LOAD_PROCESS]
    )
