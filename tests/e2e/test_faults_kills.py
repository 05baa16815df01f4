"""`kill -9` of our processes in every combination, at rest and during a stop: no copies, no remains."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

from controller.client import resources
from controller.sdk.workerset import contract
from controller.shim import proc
from tests.e2e.project import Object, Project, wait_exists, wait_gone

COMBINATIONS = (
    ("logwriter",),
    ("controller",),
    ("shim", "logwriter"),
    ("guardian", "logwriter"),
    ("controller", "shim"),
    ("controller", "guardian", "logwriter"),
    ("shim", "guardian"),
    ("controller", "shim", "guardian", "logwriter"),
)
"""Of the three that depend on each other, every one; the log writer, which nobody waits for, with some."""

NUM = 100
ONE_OF_EACH = {"guardian.py": 1, "shim.py": 1, "logwriter.py": 1, "_controller": 1}


def pid_of(project: Project, part: str) -> int:
    if part != "logwriter":
        return project.pid_of(part)
    return next(pid for pid in proc.children(project.pid_of("shim")) if "logwriter.py" in proc.command(pid))


def kill(project: Project, parts: tuple[str, ...]) -> None:
    """All of them at once."""
    pids = [pid_of(project, part) for part in parts]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    for pid in pids:
        wait_gone(pid)


def ours(project: Project) -> dict[str, int]:
    """How many there are of each of our parts."""
    commands = [proc.command(pid) for pid in project.leftovers() if not proc.variable(pid, contract.RUN)]
    return {part: sum(part in words for words in commands) for part in ONE_OF_EACH}


def workers(project: Project) -> set[int]:
    """Every process that was started as a worker, known to anybody or not."""
    return {pid for pid in project.leftovers() if proc.variable(pid, contract.RUN)}


def all_ready(project: Project, gone: set[int]) -> set[int]:
    """The processes of `web` once all of them are ready and none is of those that are gone."""

    def holds(obj: Object) -> bool:
        ready = obj.get("status", {}).get("readyReplicas") == NUM
        return ready and not gone & set(project.pids("web"))

    project.wait(resources.WORKERSETS, "web", holds)
    return set(project.pids("web"))


def stop_in_the_middle(project: Project, *, stubborn: bool) -> subprocess.Popen[str]:
    """`workerctl stop`, when the worker has been asked to end and has not."""
    end = "" if stubborn else "sleep 0.3; exit 0"
    script = f"trap 'touch asked; {end}' TERM; echo up > up; while :; do sleep 0.05; done"
    project.declare("busy", command=["sh", "-c", script], min_ready="50ms", stop_grace="800ms")
    project.apply()
    wait_exists(project.root / "up")
    stopping = project.popen("stop", "busy")
    wait_exists(project.root / "asked")
    return stopping


@pytest.mark.parametrize("parts", COMBINATIONS, ids="+".join)
def test_what_is_killed_comes_back_and_nothing_runs_twice(project: Project, parts: tuple[str, ...]) -> None:
    project.declare("web", command=["sleep", "1000"], num=NUM, min_ready="50ms")
    stopping = stop_in_the_middle(project, stubborn="guardian" not in parts)
    before = all_ready(project, set())
    kill(project, parts)
    stopping.communicate(timeout=50)
    project.apply()

    is_orphaned = {"guardian", "controller"} <= set(parts)
    after = all_ready(project, before if "shim" in parts or is_orphaned else set())
    if "shim" not in parts and not is_orphaned:
        assert after == before, "no worker is touched"
    project.wait(resources.WORKERSETS, "busy", lambda obj: is_stopped(obj["status"]))
    assert workers(project) == after
    if "guardian" not in parts or len(set(parts) - {"logwriter"}) > 1:
        assert ours(project) == ONE_OF_EACH
    project.ctl("down")
    assert project.leftovers() == []


def is_stopped(status: Object) -> bool:
    return status["state"] == "Suspended" and not status["replicas"]
