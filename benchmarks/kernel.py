"""What the kernel knows about processes: proc(5), read as cheaply as it goes."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Iterator, Sequence


def read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def children(pid: int) -> list[int]:
    """Of every thread, in order of birth; empty if it has ended."""
    return [int(word) for task in tasks(pid) for word in read(f"/proc/{pid}/task/{task}/children").split()]


def tasks(pid: int) -> list[str]:
    try:
        return os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []


def descendants(pid: int) -> Iterator[int]:
    for child in children(pid):
        yield child
        yield from descendants(child)


def carrying(variable: str) -> list[int]:
    """Processes with this variable in their environment."""
    mark = variable.encode()
    pids = [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]
    return [pid for pid in pids if pid != os.getpid() and mark in read(f"/proc/{pid}/environ").split(b"\0")]


def born(pid: int) -> float:
    """When a process was forked (monotonic), at the latest: the kernel counts in ticks."""
    fields = read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    since_boot = (int(fields[19]) + 1) / os.sysconf("SC_CLK_TCK")
    return since_boot - (time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic())


def wait_gone(pidfds: Sequence[int], what: str, seconds: float = 60) -> float:
    """The moment the last of these ended (monotonic). It sleeps meanwhile: who polls takes a processor from
    what is measured."""
    deadline = time.monotonic() + seconds
    for pidfd in pidfds:
        ended = select.poll()
        ended.register(pidfd, select.POLLIN)
        if not ended.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise SystemExit(f"not within {seconds:g} s: {what}")
        os.close(pidfd)
    return time.monotonic()


def wait_until(true: Callable[[], bool], what: str, seconds: float = 60, pause: float = 0.005) -> float:
    """The moment it became true (monotonic)."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise SystemExit(f"not within {seconds:g} s: {what}")
        time.sleep(pause)
    return time.monotonic()
