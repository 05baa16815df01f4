"""`max_processes` of a real project (S7.4)."""

from __future__ import annotations

import os
import signal

from tests.e2e.project import Project, wait_gone

SLEEP = ["sleep", "1000"]


def test_s7_4_a_limit_is_kept_through_kills_and_ends_and_can_be_taken_away(project: Project) -> None:
    project.declare("first", command=SLEEP, num=2)
    project.ctl("up", "-d", "--max-processes", "3")
    project.declare("second", command=SLEEP, num=2)
    said = project.ctl("apply", "-f", "manifests/", code=1)
    assert "spec.num: Forbidden: max_processes is exceeded by 1" in said.stderr
    assert "kept for: default/first 2" in said.stderr
    os.kill(pid := project.pid_of("controller"), signal.SIGKILL)
    wait_gone(pid)
    said = project.ctl("scale", "first", "--num", "4", code=1)
    assert "exceeded by 1" in said.stderr
    assert len(project.pids("first")) == 2
    project.ctl("down")
    assert "exceeded by 1" in project.ctl("up", "-d", code=1).stderr
    project.ctl("up", "-d", "--max-processes", "0")
    project.wait_state("second", "Ready")
    assert project.troubles() == {}
    project.ctl("down")
    project.ctl("up", "-d", "--max-processes", "3")
    project.wait_state("second", "Ready")
    (said,) = project.wait_troubles("ProcessesFit").values()
    assert said.startswith(
        "max_processes is exceeded by 1: the sets may need 4, the limit is 3; nothing is stopped"
    )
    assert "max_processes is exceeded by 1" in project.ctl("status", code=None).stdout
