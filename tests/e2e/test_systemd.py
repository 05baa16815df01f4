"""`workerctl systemd`: a unit under which workers outlive whatever ends the rest."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.client import waiting
from tests.e2e.manager import Service
from tests.e2e.project import Project


@pytest.fixture
def service(project: Project, tmp_path: Path) -> Iterator[Service]:
    project.declare("job", command=["sleep", "1000"], num=2)
    found = Service(project, tmp_path)
    yield found
    found.close()


def start(service: Service) -> None:
    service.start()
    assert service.hear() == ["READY=1", "STATUS=1 set"]


def test_the_unit_has_what_keeps_workers(service: Service) -> None:
    expected = {"Type": "notify", "KillMode": "process", "Delegate": "yes", "NotifyAccess": "main"}
    assert {key: service.settings[key] for key in expected} == expected
    assert service.argv("ExecStop")[-1] == "down"


@pytest.mark.parametrize("options", [(), ("--user",)])
def test_systemd_takes_the_unit(
    service: Service, project: Project, tmp_path: Path, options: tuple[str]
) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze here")
    unit = tmp_path / "workerset-shop.service"
    unit.write_text(project.ctl("systemd", *options).stdout)
    words = ["systemd-analyze", *options, "--man=no", "verify", str(unit)]
    env = {**os.environ, "XDG_RUNTIME_DIR": project.environ["XDG_RUNTIME_DIR"]}
    done = subprocess.run(words, capture_output=True, text=True, env=env)
    complaints = [line for line in done.stderr.splitlines() if unit.name in line]
    assert (done.returncode, complaints) == (0, [])


def test_ready_is_said_when_everything_is(service: Service, project: Project) -> None:
    start(service)
    assert project.workerset("job")["status"]["readyReplicas"] == 2


def test_workers_outlive_the_main_process_and_the_next_one_finds_them(
    service: Service, project: Project
) -> None:
    """KillMode=process, then Restart=on-failure."""
    start(service)
    before, controller = project.pids("job"), project.pid_of("controller")
    assert service.kill_main() == -signal.SIGKILL
    assert project.pids("job") == before
    start(service)
    assert (project.pids("job"), project.pid_of("controller")) == (before, controller)


def test_workers_outlive_the_controller_and_are_adopted(service: Service, project: Project) -> None:
    start(service)
    before, controller = project.pids("job"), project.pid_of("controller")
    os.kill(controller, signal.SIGKILL)
    assert waiting.until_gone(controller, 20000)
    assert project.ctl("status").returncode == 0
    assert (project.pids("job"), project.pid_of("controller") == controller) == (before, False)
    assert service.main is not None
    assert service.main.poll() is None


def test_stop_ends_everything_and_the_main_process_says_so(service: Service, project: Project) -> None:
    start(service)
    workers = project.pids("job")
    stopped = service.run("ExecStop")
    assert (stopped.returncode, service.hear(), service.wait()[0]) == (0, ["STOPPING=1"], 0)
    assert all(waiting.until_gone(pid, 0) for pid in workers)


def test_a_reload_takes_new_manifests_and_restarts_nothing_else(service: Service, project: Project) -> None:
    start(service)
    before = project.pids("job")
    project.declare("more", command=["sleep", "1000"])
    assert service.run("ExecReload").returncode == 0
    assert (project.pids("job"), len(project.pids("more"))) == (before, 1)


def test_a_signal_to_the_main_process_leaves_all_running(service: Service, project: Project) -> None:
    start(service)
    before = project.pids("job")
    assert service.kill_main(signal.SIGTERM) == int(service.settings["SuccessExitStatus"])
    assert project.pids("job") == before


def test_an_end_that_nobody_asked_for_is_a_failure(service: Service, project: Project) -> None:
    """So that Restart=on-failure starts anew."""
    start(service)
    ours = [project.pid_of(part) for part in ("guardian", "controller", "shim")]
    for pid in ours:
        os.kill(pid, signal.SIGKILL)
    code, out = service.wait()
    assert code == 1, out
    assert "nobody asked it to" in out
    assert service.hear() == ["STOPPING=1"]
    start(service)
    assert len(project.pids("job")) == 2


def test_a_manifest_that_is_refused_is_a_start_that_failed(service: Service, project: Project) -> None:
    project.declare("job", command=["sleep", "1000"], nun=2)
    service.start()
    code, out = service.wait()
    assert (code, "nun" in out) == (1, True)
    service.words.setblocking(False)
    with pytest.raises(BlockingIOError):
        service.hear()
