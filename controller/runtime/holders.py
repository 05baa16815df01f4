"""Who listens on an address that could not be bound (proc(5)), as far as this user may see."""

from __future__ import annotations

import os
import socket

_LISTENS = "0A"
_TABLES = {"tcp4": ("/proc/net/tcp", "/proc/net/tcp6"), "tcp6": ("/proc/net/tcp6",)}


def of_port(family: str, host: str, port: int) -> str:
    """`python (pid 4711)`; empty if it cannot be told."""
    inodes = set()
    for table in _TABLES[family]:
        for words in _rows(table):
            local, _, number = words[1].rpartition(":")
            if words[3] == _LISTENS and int(number, 16) == port and _meets(local, family, host):
                inodes.add(words[9])
    return _holder(inodes)


def of_path(path: str) -> str:
    """The same for a Unix socket."""
    return _holder({words[6] for words in _rows("/proc/net/unix") if len(words) > 7 and words[7] == path})


def _meets(local: str, family: str, host: str) -> bool:
    """Whether a row's address excludes this one: the same, or either covers every interface."""
    if set(local) == {"0"}:
        return True
    kind = socket.AF_INET6 if family == "tcp6" else socket.AF_INET
    raw = socket.inet_pton(kind, host)
    if not any(raw):
        return True
    words = [raw[at : at + 4][::-1].hex().upper() for at in range(0, len(raw), 4)]
    return local.endswith("".join(words))


def _rows(path: str) -> list[list[str]]:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return [line.split() for line in file.readlines()[1:]]
    except OSError:
        return []


def _holder(inodes: set[str]) -> str:
    if not inodes:
        return ""
    targets = {f"socket:[{inode}]" for inode in inodes}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and _holds(entry, targets):
            return f"{_command(entry)} (pid {entry})"
    return ""


def _holds(pid: str, targets: set[str]) -> bool:
    try:
        return any(
            os.readlink(f"/proc/{pid}/fd/{number}") in targets for number in os.listdir(f"/proc/{pid}/fd")
        )
    except OSError:
        return False


def _command(pid: str) -> str:
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().strip() or "a process"
    except OSError:
        return "a process"
