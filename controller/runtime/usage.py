"""What processes use, read from /proc when somebody asks (proc(5)); never sampled on a timer."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from controller import ports

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Used:
    """CPU since the start, memory now: PSS where it can be had, else RSS."""

    cpu_seconds: float
    memory_bytes: int


def of_workers(processes: Iterable[ports.Process], wanted: Collection[ports.WorkerRef]) -> list[ports.Usage]:
    """Of the living ones of these workers."""
    return [
        ports.Usage(one.ref, one.pid, used.cpu_seconds, used.memory_bytes, one.started_wall)
        for one in processes
        if one.ref in wanted and one.pid and one.exit is None
        if (used := of_tree(one.pid)) is not None
    ]


def of(pid: int) -> Used | None:
    """One process; None if it is gone."""
    fields = _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    if not fields:
        return None
    ticks = int(fields[11]) + int(fields[12]) + int(fields[13]) + int(fields[14])
    return Used(ticks / _TICKS, _pss(pid) or int(fields[21]) * _PAGE)


def of_tree(pid: int) -> Used | None:
    """A process and everything below it."""
    own = of(pid)
    if own is None:
        return None
    below = [used for child in _below(pid) if (used := of(child)) is not None]
    return Used(
        own.cpu_seconds + sum(used.cpu_seconds for used in below),
        own.memory_bytes + sum(used.memory_bytes for used in below),
    )


def _below(pid: int) -> list[int]:
    found = _children(pid)
    for child in found:  # grows while it is walked
        found += _children(child)
    return found


def _children(pid: int) -> list[int]:
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []
    return [int(word) for thread in threads for word in _read(f"/proc/{pid}/task/{thread}/children").split()]


def _pss(pid: int) -> int:
    for line in _read(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith(b"Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def _read(path: str) -> bytes:
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read()
    except OSError:
        return b""
