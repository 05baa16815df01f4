"""Limits by cgroup v2: against a folder that looks like one, and the real thing as far as it is there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.shim import cgroups

FILES = ("memory.max", "memory.oom.group", "cpu.max", "cgroup.procs", "cgroup.kill")


class Look:
    """A hierarchy at `mount` with us in `user/app`; what the kernel would make is made by `made`."""

    def __init__(self, root: Path, controllers: str = "cpuset cpu io memory pids") -> None:
        self.mount = root / "cgroup"
        self.base = self.mount / "user" / "app"
        self.base.mkdir(parents=True)
        self.own = root / "own"
        self.own.write_text("1:name=systemd:/other\n0::/user/app\n")
        (self.mount / "cgroup.controllers").write_text(controllers)
        (self.base / "cgroup.controllers").write_text(controllers)
        (self.base / "cgroup.subtree_control").write_text("")
        (self.base / "cgroup.procs").write_text("")

    def groups(self, *delegated: Path) -> cgroups.Cgroups:
        marked = [str(one) for one in delegated or (self.base,)]
        return cgroups.Cgroups(str(self.mount), str(self.own), lambda path: path in marked)

    def answering(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A folder that is made has the files of a cgroup in it."""
        plain = os.mkdir

        def mkdir(path: str) -> None:
            plain(path)
            for name in FILES:
                Path(path, name).write_text("")

        monkeypatch.setattr(cgroups.os, "mkdir", mkdir)


@pytest.fixture
def look(tmp_path: Path) -> Look:
    return Look(tmp_path)


def test_limits_are_written_in_the_cgroup_that_was_delegated(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups = look.groups()
    assert groups.has("memory")
    assert groups.has("cpu")
    assert groups.problem == ""
    assert (look.base / "cgroup.subtree_control").read_text() == "+cpu +memory"
    look.answering(monkeypatch)
    made = Path(groups.make("r1", 64 << 20, 0.5))
    assert made == look.base / "workerset-r1"
    assert (made / "memory.max").read_text() == str(64 << 20)
    assert (made / "memory.oom.group").read_text() == "1"
    assert (made / "cpu.max").read_text() == "50000 100000"
    cgroups.enter(str(made), 4711)
    assert (made / "cgroup.procs").read_text() == "4711"
    cgroups.kill(str(made))
    assert (made / "cgroup.kill").read_text() == "1"


def test_a_subgroup_that_the_unit_has_its_processes_in_is_left(look: Look) -> None:
    """systemd's DelegateSubgroup=, and where a controller was before."""
    inner = look.base / "supervisor"
    inner.mkdir()
    look.own.write_text("0::/user/app/supervisor\n")
    assert look.groups(look.base).has("cpu")
    assert (look.base / "cgroup.subtree_control").read_text() == "+cpu +memory"


def test_without_the_mark_nothing_is_touched(look: Look) -> None:
    groups = look.groups(look.mount)
    assert not groups.has("memory")
    assert "its cgroup is not delegated (systemd-run --user --scope -p Delegate=yes" in groups.problem
    assert (look.base / "cgroup.subtree_control").read_text() == ""
    assert not (look.base / "workerset").exists()


def test_a_controller_that_was_not_delegated_is_named(tmp_path: Path) -> None:
    groups = Look(tmp_path, "memory pids").groups()
    assert groups.has("memory")
    assert not groups.has("cpu")
    assert groups.problem.startswith("its cgroup is delegated without cpu: ")


@pytest.mark.parametrize("own", ["4:memory:/v1\n", "", None])
def test_no_hierarchy_of_version_2(look: Look, own: str | None) -> None:
    if own is None:
        look.own.unlink()
    else:
        look.own.write_text(own)
    groups = look.groups()
    assert not groups.has("memory")
    assert groups.problem == f"there is no cgroup v2 at {look.mount}"


def test_a_cgroup_that_cannot_be_divided_says_why(look: Look) -> None:
    (look.base / "cgroup.subtree_control").unlink()
    groups = look.groups()
    assert not groups.has("cpu")
    assert groups.problem == f"its cgroup cannot be divided, No such file or directory: {look.base}"


@pytest.mark.parametrize(
    ("events", "out"),
    [("low 0\noom 3\noom_kill 0\n", False), ("oom 1\noom_kill 1\noom_group_kill 1\n", True), (None, False)],
)
def test_kills_for_want_of_memory_are_counted_by_the_kernel(
    tmp_path: Path, events: str | None, out: bool
) -> None:
    if events is not None:
        (tmp_path / "memory.events").write_text(events)
    assert cgroups.ran_out(str(tmp_path)) is out


# ------------------------------------------------------------------ the kernel's own


def _hierarchy() -> str:
    """Where cgroup v2 is mounted; empty where there is none that may be written."""
    for line in Path("/proc/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        if kind == "cgroup2" and os.geteuid() == 0 and os.access(place, os.W_OK):
            return place
    return ""


@pytest.fixture
def real() -> Iterator[str]:
    place = _hierarchy()
    if not place:
        pytest.skip("needs root and cgroup v2, writable")
    path = f"{place}/workerset-test-{os.getpid()}"
    try:
        os.mkdir(path)
    except OSError as error:
        pytest.skip(f"cgroup v2 is there, but {error.strerror}")
    yield path
    for inner in Path(path).iterdir():
        if inner.is_dir():
            cgroups.leave(str(inner))
    cgroups.leave(path)
    assert not os.path.exists(path)


def test_a_real_cgroup_is_emptied_entered_killed_and_removed(real: str) -> None:
    """As far as it goes without controllers: rooms, processes, kill. Limits need a delegated one."""
    script = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"
    child = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE)
    cgroups.enter(real, child.pid)
    cgroups._make_room(real)
    room = f"{real}/{cgroups.SUPERVISOR}"
    assert str(child.pid) in Path(room, "cgroup.procs").read_text().split()
    assert Path(real, "cgroup.procs").read_text() == ""
    cgroups.kill(room)
    assert child.wait(10) == -9
    assert child.stdin is not None
    child.stdin.close()
