"""How long logs of workers that are gone for good are kept, in a real project: a week, a hundred, 256 MiB."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tests.e2e.project import DEADLINE_SECONDS, Project

DAY = 24 * 3600.0
MIB = 1024 * 1024


def put(folder: Path, worker: str, age_seconds: float, size: int = 1) -> None:
    """A log as a worker that is gone left it; a large one takes no room on the disk."""
    path = folder / f"{worker}.log"
    path.touch()
    os.truncate(path, size)
    written = time.time() - age_seconds
    os.utime(path, (written, written))


def wait_removed(project: Project, path: Path) -> None:
    """Nothing tells of it, so each look is an exchange."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while path.exists():
        assert time.monotonic() < deadline, f"{path} is there still\n{project.own_log()}"
        project.ask("/workerset/v1/project")


def test_a_week_a_hundred_and_256_mib_of_those_that_are_gone_are_kept(project: Project) -> None:
    logs = project.folder / "logs" / "default"
    project.declare("web", command=["sleep", "1000"])
    project.ctl("up", "-d")
    project.ctl("down")
    logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    for number in range(100):
        put(logs, f"gone-{number}", 60.0 * number)
    put(logs, "web-0", 30 * DAY)
    put(logs, "hundred-and-first-0", 6 * DAY)
    put(logs, "old-0", 7 * DAY + 60)
    declared = {"web-0.log"}

    project.ctl("up", "-d")
    wait_removed(project, logs / "hundred-and-first-0.log")
    wait_removed(project, logs / "old-0.log")
    assert set(os.listdir(logs)) == declared | {f"gone-{number}.log" for number in range(100)}

    project.ctl("down")
    for number in range(20, 100):
        (logs / f"gone-{number}.log").unlink()
    put(logs, "gone-9", 60.0 * 9, 200 * MIB)
    put(logs, "gone-10", 60.0 * 10, 57 * MIB)
    put(logs, "old-0", 7 * DAY + 60)
    project.ctl("up", "-d")
    wait_removed(project, logs / "old-0.log")
    assert set(os.listdir(logs)) == declared | {f"gone-{number}.log" for number in range(10)}
