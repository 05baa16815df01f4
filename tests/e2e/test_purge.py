"""`down --purge`: a project that was run leaves nothing behind, neither files nor processes."""

from __future__ import annotations

import os
from pathlib import Path

from controller.shim import launch
from tests.e2e.project import Project

PUBLISHES = "import workerset\nworkerset.set_vars({'a': 1})\nworkerset.handle().wait()\n"


def everything(home: Path) -> list[str]:
    """Files and sockets below; folders alone are nothing."""
    return sorted(str(Path(at, name)) for at, _, names in os.walk(home) for name in names)


def test_nothing_is_left(project: Project, tmp_path: Path) -> None:
    project.write("job.py", PUBLISHES)
    project.declare("job", file="job.py", background=True, name="job", num=1, ready_when="vars")
    before = everything(tmp_path)
    project.ctl("up", "-d", "--listen")
    run = project.run_dir
    workers = project.pids("job")
    assert (project.folder / "kubeconfig").exists()
    assert Path(run, "vars").exists()
    assert "Removed .workerset/." in project.ctl("down", "--purge").stdout
    assert everything(tmp_path) == before
    assert not os.path.exists(run)
    assert launch.find_owner(str(project.root)) is None
    assert [pid for pid in workers if os.path.exists(f"/proc/{pid}")] == []
    assert project.leftovers() == []


def test_a_second_purge_has_nothing_to_remove(project: Project) -> None:
    project.declare("job", command=["sleep", "1000"])
    project.apply()
    project.ctl("down", "--purge")
    assert "nothing to remove" in project.ctl("down", "--purge", code=1).stderr


def test_what_is_declared_is_forgotten(project: Project) -> None:
    project.declare("job", command=["sleep", "1000"])
    project.apply()
    project.ctl("down", "--purge")
    project.declare("other", command=["sleep", "1000"])
    (project.root / "manifests/job.yaml").unlink()
    project.apply()
    assert project.ctl("get", "ws", "-o", "name").stdout.split() == ["workerset.workerset.dev/other"]


def test_a_project_whose_controller_is_down_is_purged_too(project: Project, tmp_path: Path) -> None:
    project.declare("job", command=["sleep", "1000"])
    before = everything(tmp_path)
    project.apply()
    project.ctl("down")
    project.ctl("down", "--purge")
    assert everything(tmp_path) == before
