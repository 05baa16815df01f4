"""Limits through cgroup v2 where it was delegated to us (cgroups(7), systemd's "Delegating control groups").

A cgroup with controllers may hold no processes beside its children. So in the delegated one everything that
is there moves into a child of its own, once, when the first limit is asked for; each run gets a child beside
that. Where nothing is delegated `problem` says so, and callers do with less.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MOUNT = "/sys/fs/cgroup"
OWN = "/proc/self/cgroup"
SUPERVISOR = "workerset"
_MARKS = ("user.delegate", "trusted.delegate")
_WANTED = ("cpu", "memory")
_PERIOD_MICROSECONDS = 100_000
_LOOKS = 20
_ADVICE = "systemd-run --user --scope -p Delegate=yes workerctl up -d starts it where it is"


def is_marked(path: str) -> bool:
    """Whether systemd has handed this cgroup over: the mark is made for that."""
    for mark in _MARKS:
        try:
            if os.getxattr(path, mark) == b"1":
                return True
        except OSError:
            continue
    return False


class Cgroups:
    """Looks once, when the first limit is asked for."""

    def __init__(
        self, mount: str = MOUNT, own: str = OWN, delegated: Callable[[str], bool] = is_marked
    ) -> None:
        self._mount, self._own, self._delegated = mount, own, delegated
        self._base: str | None = None
        self._enabled: tuple[str, ...] = ()
        self.problem = ""

    def has(self, controller: str) -> bool:
        """Whether `cpu` or `memory` can be limited; `problem` says why not."""
        if self._base is None:
            self._base = self._find()
            if self._base:
                self._settle(self._base)
        return controller in self._enabled

    def make(self, name: str, memory: int | None, cpu: float | None) -> str:
        """A cgroup with these limits, for `enter`. Raises `OSError`."""
        path = f"{self._base}/{SUPERVISOR}-{name}"
        os.mkdir(path)
        try:
            if memory is not None:
                _write(f"{path}/memory.max", str(memory))
                _write(f"{path}/memory.oom.group", "1")
            if cpu is not None:
                quota = max(1000, round(cpu * _PERIOD_MICROSECONDS))
                _write(f"{path}/cpu.max", f"{quota} {_PERIOD_MICROSECONDS}")
        except OSError:
            leave(path)
            raise
        return path

    # ------------------------------------------------------------------ looking

    def _find(self) -> str:
        """Our cgroup, or the one above if the unit has its processes in a subgroup; empty if none is ours."""
        place = _place(self._own)
        if place is None or not os.path.exists(f"{self._mount}/cgroup.controllers"):
            self.problem = f"there is no cgroup v2 at {self._mount}"
            return ""
        here = os.path.normpath(f"{self._mount}/{place}")
        for path in (here, os.path.dirname(here)):
            if path.startswith(self._mount) and self._delegated(path):
                return path
        self.problem = f"its cgroup is not delegated ({_ADVICE}): {here}"
        return ""

    def _settle(self, base: str) -> None:
        try:
            found = _read(f"{base}/cgroup.controllers").split()
            able = tuple(one for one in _WANTED if one in found)
            _make_room(base)
            _write(f"{base}/cgroup.subtree_control", " ".join(f"+{one}" for one in able))
        except OSError as error:
            self.problem = f"its cgroup cannot be divided, {error.strerror}: {base}"
            return
        self._enabled = able
        missing = [one for one in _WANTED if one not in able]
        if missing:
            self.problem = f"its cgroup is delegated without {' and '.join(missing)}: {base}"


def enter(path: str, pid: int) -> None:
    """The process and all that it starts from now on. Raises `OSError`."""
    _write(f"{path}/cgroup.procs", str(pid))


def ran_out(path: str) -> bool:
    """Whether anything in it was killed for want of memory (memory.events)."""
    try:
        lines = _read(f"{path}/memory.events").splitlines()
    except OSError:
        return False
    return any(line.startswith("oom_kill ") and line.split()[1] != "0" for line in lines)


def kill(path: str) -> None:
    """Everything in it, at one moment (since Linux 5.14)."""
    try:
        _write(f"{path}/cgroup.kill", "1")
    except OSError:
        pass


def leave(path: str) -> None:
    """Remove it; what still has processes stays."""
    try:
        os.rmdir(path)
    except OSError:
        pass


def _make_room(base: str) -> None:
    """What is forked while it is moved is found by the next look."""
    room = f"{base}/{SUPERVISOR}"
    os.makedirs(room, exist_ok=True)
    for _ in range(_LOOKS):
        pids = _read(f"{base}/cgroup.procs").split()
        if not pids:
            return
        for pid in pids:
            try:
                enter(room, int(pid))
            except ProcessLookupError:
                continue


def _place(own: str) -> str | None:
    """Our path in the hierarchy of version 2, which has number 0."""
    try:
        lines = _read(own).splitlines()
    except OSError:
        return None
    return next((line[3:].strip("/") for line in lines if line.startswith("0::")), None)


def _read(path: str) -> str:
    with open(path, encoding="ascii") as file:
        return file.read()


def _write(path: str, text: str) -> None:
    """One write(2), as these files want it; they are never made by it."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode("ascii"))
    finally:
        os.close(descriptor)
