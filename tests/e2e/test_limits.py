"""Limits as a user meets them: declared in a manifest, read in `describe`, Events and logs."""

from __future__ import annotations

import os
import signal
import sys

from controller.client import resources
from tests.e2e.project import Object, Project

FILES = """\
import os
held = []
try:
    while True:
        held.append(os.open(os.devnull, os.O_RDONLY))
except OSError as error:
    os.close(held.pop())
    print(f"stopped at {len(held) < 64}: {error.strerror}", flush=True)
"""


def degraded(obj: Object) -> Object:
    conditions = (obj.get("status") or {}).get("conditions") or []
    found: Object = next((one for one in conditions if one["type"] == "Degraded"), {})
    return found


def test_memory_beyond_the_limit_fails_and_says_so(project: Project) -> None:
    project.write("big.py", f"block = bytearray({512 << 20})\n")
    project.declare("big", command=[sys.executable, "big.py"], resources={"memory": "128Mi"}, restart="never")
    project.apply()
    message = project.wait_state("big", "Failed")["status"]["message"]
    assert message.startswith("exit 1 after ")
    assert "MemoryError" in project.ctl("logs", "big").stdout


def test_open_files_beyond_the_limit_fail(project: Project) -> None:
    project.write("files.py", FILES)
    project.declare("files", command=[sys.executable, "files.py"], resources={"files": 64}, restart="never")
    project.apply()
    project.wait_state("files", "Completed")
    assert "stopped at True: Too many open files" in project.ctl("logs", "files").stdout


def test_cpu_that_does_not_hold_is_told_and_the_worker_runs(project: Project) -> None:
    project.declare("busy", command=["sleep", "1000"], resources={"cpu": "500m"})
    project.apply()
    obj = project.wait_state("busy", "Ready")
    assert degraded(obj)["status"] == "True"
    assert degraded(obj)["reason"] == "NotEnforced"
    assert degraded(obj)["message"].startswith("resources.cpu does not hold here: ")
    told = [one for one in project.events("busy") if one["reason"] == "NotEnforced"]
    assert [one["message"] for one in told] == [degraded(obj)["message"]]
    assert "NotEnforced" in project.ctl("describe", "ws/busy").stdout


def test_a_kill_from_outside_is_possibly_for_want_of_memory(project: Project) -> None:
    project.declare("victim", command=["sleep", "1000"], restart="never")
    project.apply()
    os.kill(project.wait_pid("victim-0"), signal.SIGKILL)
    obj = project.wait(
        resources.WORKERSETS, "victim", lambda one: (one.get("status") or {}).get("state") == "Failed"
    )
    assert "SIGKILL (possibly out of memory) after" in obj["status"]["message"]
