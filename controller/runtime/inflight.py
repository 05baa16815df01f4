"""Requests in flight of a worker that counts them (`workerset/load.py`), read from outside."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable

from controller import ports
from controller.sdk.workerset import contract, counts


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
    """Of all processes of the worker; None where nobody counts."""
    found = counts.read(path)
    return None if found is None else found[1]
