"""`max_processes` of a real project (S7.4)."""

from __future__ import annotations

import os
import signal

from tests.e2e import rolling
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


def test_s7_2_a_set_rolls_though_every_process_is_taken(project: Project) -> None:
    """The surge is on top, for the moment, and nobody else gets in meanwhile."""
    rolling.prepare(project)
    for version in ("v0", "v1"):
        project.write(f"gate-{version}", "")
    rolling.write(project, "v0", source=rolling.GATED)
    project.ctl("up", "-d", "--max-processes", "2")
    before = set(project.pids("web"))
    with rolling.shut(project, "v1"):
        rolling.declare(project, "v1", source=rolling.GATED)
        rolling.counted(project, replicas=3, readyReplicas=2, updatedReplicas=1)
        assert len(rolling.newcomers(project, before)) == 1
        assert before < set(project.pids("web"))
        assert project.troubles() == {}
        other = project.declare("other", command=SLEEP)
        said = project.ctl("apply", "-f", str(other), code=1).stderr
        assert "max_processes is exceeded by 1: this set may need 1, 0 of 2 are free" in said
    rolling.wait_rolled(project)
    assert not before & set(project.pids("web"))
