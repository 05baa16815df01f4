"""What the kernel says about processes (proc(5)); and the subreaper's mark (prctl(2)).

Every answer may be out of date when it is read: a missing process is an empty answer, never an error.
"""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_PR_SET_CHILD_SUBREAPER = 36
_SHOWN = 120
_LOOKS = 20
_LOOK_SECONDS = 0.0005
_ME = b"/proc/self/task/%d/children"


def run_as_subreaper(arguments: list[str]) -> None:
    """Become a subreaper, then execute this Python anew with `arguments`.

    The mark outlives execve and `ctypes` does not: half a megabyte less for as long as the workers live.
    """
    import ctypes

    if ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise SystemExit("this kernel has no subreapers (Linux 3.4 or newer is needed)")
    os.execv(sys.executable, [sys.executable, "-I", "-S", *arguments])


def read(path: str | bytes, size: int = 65536) -> bytes:
    """All of a file of /proc; empty if it cannot be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return b""
    try:
        data = more = os.read(descriptor, size)
        while len(more) == size:
            more = os.read(descriptor, size)
            data += more
        return data
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def own_children() -> set[bytes]:
    """Pids, as text, of the children of this process's first thread; every orphan is given to that one."""
    pid = os.getpid()
    path = _ME % pid
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:  # a kernel without CONFIG_PROC_CHILDREN
        return {b"%d" % child for child in children_by_parent().get(pid, ())}
    pieces = []
    try:
        while piece := os.read(descriptor, 65536):
            pieces.append(piece)
    finally:
        os.close(descriptor)
    return set(b"".join(pieces).split())


class Stat:
    """The fields of /proc/PID/stat that matter here."""

    __slots__ = ("group", "is_loaded", "parent", "session", "started", "state")

    def __init__(self, text: bytes) -> None:
        fields = text.rpartition(b")")[2].split()
        self.state = fields[0].decode()
        self.parent = int(fields[1])
        self.group = int(fields[2])
        self.session = int(fields[3])
        self.started = int(fields[19])
        self.is_loaded = fields[48] != b"0" or self.state in ("Z", "X")


def stat(pid: int) -> Stat | None:
    """None if there is no such process."""
    text = read(f"/proc/{pid}/stat", 4096)
    return Stat(text) if text else None


def is_running(pid: int) -> bool:
    """Alive and no zombie."""
    found = stat(pid)
    return found is not None and found.state not in ("Z", "X")


def variable(pid: int, name: str) -> str:
    """A variable of the environment the process was executed with; empty if unknown."""
    block = b"\0" + _environ(pid)
    _, found, rest = block.partition(b"\0" + name.encode() + b"=")
    return os.fsdecode(rest.split(b"\0", 1)[0]) if found else ""


def _environ(pid: int) -> bytes:
    """For a moment inside execve(2) there is new memory and nothing in it yet: look again."""
    for _ in range(_LOOKS):
        block = read(f"/proc/{pid}/environ")
        if block or (found := stat(pid)) is None or found.is_loaded:
            return block
        time.sleep(_LOOK_SECONDS)
    return b""


def command(pid: int) -> str:
    """The command line for people, shortened; the bare name in brackets if it has none."""
    words = read(f"/proc/{pid}/cmdline", 4096).split(b"\0")
    text = b" ".join(word for word in words if word).decode(errors="replace")
    if not text:
        name = read(f"/proc/{pid}/comm", 64).decode(errors="replace").strip()
        text = f"[{name}]" if name else "?"
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def pids() -> Iterable[int]:
    """Every process of this machine that is visible."""
    return (int(name) for name in os.listdir("/proc") if name.isdigit())


def children_by_parent() -> dict[int, list[int]]:
    """The whole process tree in one pass."""
    tree: dict[int, list[int]] = {}
    for pid in pids():
        found = stat(pid)
        if found is not None:
            tree.setdefault(found.parent, []).append(pid)
    return tree


def has_children(pid: int) -> bool:
    """Whether the main thread of a process has children: one read, for the common case that it has none."""
    return bool(read(f"/proc/{pid}/task/{pid}/children", 64))


def children(pid: int) -> list[int]:
    """Children of all threads of a process."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []
    found: list[int] = []
    for thread in threads:
        found += map(int, read(f"/proc/{pid}/task/{thread}/children").split())
    return found


def descendants(pid: int) -> list[int]:
    """Everything below a process, parents first."""
    found = children(pid)
    for child in found:  # grows while it is walked
        found += children(child)
    return found


def send(pid: int, number: int) -> bool:
    """Send a signal; False if the process is gone or not ours."""
    try:
        os.kill(pid, number)
    except OSError:
        return False
    return True
