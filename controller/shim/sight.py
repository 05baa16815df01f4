"""Whether a process waits for connections on a socket, as seen from outside (proc(5)): the gate of S5.

Two ways to wait: an epoll set that holds the socket, which its fdinfo tells whatever the process does at the
moment; and a thread that is blocked in accept, poll or select with it, which its system call tells. A process
that waits by io_uring alone tells nothing.
"""

from __future__ import annotations

import os

from controller.shim import proc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from controller.shim.records import Run

Inode = tuple[int, int]

_READABLE = 1
"""EPOLLIN, and POLLIN."""

_CALLS = {
    "x86_64": {43: "accept", 288: "accept", 7: "poll", 271: "poll", 23: "select", 270: "select"},
    "aarch64": {202: "accept", 242: "accept", 73: "poll", 72: "select"},
}
"""System calls by number: accept, accept4; poll, ppoll; select, pselect6."""

_POLLFD = 8
_MOST_POLLED = 1024


class Sight:
    """What one look has seen. `blind`: some process cannot be looked into, so nothing seen means nothing."""

    __slots__ = ("blind", "waits")

    def __init__(self) -> None:
        self.waits = False
        self.blind = False


def note(run: Run, inodes: set[Inode]) -> bool:
    """Look once at a run and keep what is seen as levels; True if one changed."""
    if run.exit is not None or not run.pid or run.listening:
        return False
    seen = look((run.pid, *proc.descendants(run.pid)), inodes)
    before = (run.listening, run.blind)
    run.listening, run.blind = seen.waits, seen.blind
    return before != (run.listening, run.blind)


def look(pids: Iterable[int], inodes: set[Inode]) -> Sight:
    """Look at the processes of one worker until one is found that waits on one of the sockets."""
    sight = Sight()
    calls = _CALLS.get(os.uname().machine)
    for pid in pids:
        held = _descriptors(pid)
        if held is None:
            sight.blind = sight.blind or proc.is_running(pid)
            continue
        if _by_epoll(pid, held, inodes):
            sight.waits = True
            return sight
        mine = {number for number, target in held.items() if _inode_of(pid, number, target) in inodes}
        seen = _by_call(pid, mine, calls) if mine else False
        if seen:
            sight.waits = True
            return sight
        if mine and (seen is None or _by_ring_alone(held)):
            sight.blind = True
    return sight


def _descriptors(pid: int) -> dict[int, str] | None:
    """What each descriptor leads to; None if that is not told."""
    try:
        numbers = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return None
    found = {}
    for number in numbers:
        try:
            found[int(number)] = os.readlink(f"/proc/{pid}/fd/{number}")
        except OSError:
            continue
    return found


def _inode_of(pid: int, number: int, target: str) -> Inode | None:
    if not target.startswith("socket:"):
        return None
    try:
        found = os.stat(f"/proc/{pid}/fd/{number}")
    except OSError:
        return None
    return found.st_ino, found.st_dev


def _by_epoll(pid: int, held: dict[int, str], inodes: set[Inode]) -> bool:
    for number, target in held.items():
        if target != "anon_inode:[eventpoll]":
            continue
        for line in proc.read(f"/proc/{pid}/fdinfo/{number}").splitlines():
            if line.startswith(b"tfd:") and _epoll_entry(line.decode()) in inodes:
                return True
    return False


def _epoll_entry(line: str) -> Inode | None:
    """`tfd: 3 events: 19 data: 3 pos:0 ino:1a70f0 sdev:9`; None if it does not wait for input."""
    fields = dict(zip(*[iter(line.replace(":", " ").split())] * 2, strict=False))
    try:
        if not int(fields["events"], 16) & _READABLE:
            return None
        return int(fields["ino"], 16), _device(int(fields["sdev"], 16))
    except (KeyError, ValueError):
        return None


def _device(kernel: int) -> int:
    """The kernel's own numbering of devices (MKDEV) as stat(2) has it."""
    return os.makedev(kernel >> 20, kernel & 0xFFFFF)


def _by_ring_alone(held: dict[int, str]) -> bool:
    targets = set(held.values())
    return "anon_inode:[io_uring]" in targets and "anon_inode:[eventpoll]" not in targets


def _by_call(pid: int, mine: set[int], calls: dict[int, str] | None) -> bool | None:
    """Whether a thread is blocked with one of these descriptors; None if that is not told."""
    if calls is None:
        return None
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return False
    told = False
    for thread in threads:
        words = proc.read(f"/proc/{pid}/task/{thread}/syscall", 512).decode().split()
        told = told or bool(words)
        if len(words) < 3 or not words[0].isdigit():
            continue
        first, second = int(words[1], 16), int(words[2], 16)
        if _waits_with(pid, calls.get(int(words[0]), ""), first, second, mine):
            return True
    return False if told else None


def _waits_with(pid: int, call: str, first: int, second: int, mine: set[int]) -> bool:
    if call == "accept":
        return first & 0xFFFFFFFF in mine
    if call == "poll":
        return bool(mine & _polled(_memory(pid, first, min(second, _MOST_POLLED) * _POLLFD)))
    if call == "select":
        bits = _memory(pid, second, min(first, _MOST_POLLED) // 8 + 1)
        return any(number // 8 < len(bits) and bits[number // 8] >> number % 8 & 1 for number in mine)
    return False


def _polled(data: bytes) -> set[int]:
    """The descriptors of an array of struct pollfd that are polled for input (poll(2))."""
    import struct

    return {number for number, events, _ in struct.iter_unpack("=ihh", data) if events & _READABLE}


def _memory(pid: int, address: int, size: int) -> bytes:
    """A whole number of records of another process's memory; empty if that is not allowed."""
    if not address or not size:
        return b""
    try:
        descriptor = os.open(f"/proc/{pid}/mem", os.O_RDONLY)
    except OSError:
        return b""
    try:
        data = os.pread(descriptor, size, address)
    except (OSError, OverflowError):
        return b""
    finally:
        os.close(descriptor)
    return data if len(data) == size else b""
