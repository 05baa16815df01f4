"""The main job: what is declared runs, and keeps running (S1.7, S4)."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

from controller.client import resources
from tests.e2e.project import Project, pid_of, wait_gone

SLEEP = ["sleep", "1000"]


def test_apply_starts_a_controller_and_runs_what_is_declared(project: Project) -> None:
    project.declare("web", command=SLEEP, num=2)
    said = project.ctl("apply", "-f", "manifests/")
    assert "workerset.workerset.dev/web created" in said.stdout
    assert "controller" in said.stderr
    project.wait_state("web", "Ready")
    assert len(set(project.pids("web"))) == 2


def test_apply_again_changes_nothing(project: Project) -> None:
    project.declare("web", command=SLEEP)
    project.apply()
    before = project.wait_state("web", "Ready")
    pids = project.pids("web")
    said = project.ctl("apply", "-f", "manifests/")
    assert "workerset.workerset.dev/web unchanged" in said.stdout
    assert project.workerset("web")["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    assert project.pids("web") == pids


def test_s4_2_a_killed_worker_is_replaced(project: Project) -> None:
    project.declare("web", command=SLEEP)
    project.apply()
    project.wait_state("web", "Ready")
    pid = project.wait_pid("web-0")
    os.kill(pid, signal.SIGKILL)
    assert project.wait_pid("web-0", other_than=pid) != pid


def test_s4_10_a_new_template_restarts_in_place(project: Project) -> None:
    project.declare("web", command=SLEEP)
    project.apply()
    project.wait_state("web", "Ready")
    pid = project.wait_pid("web-0")
    project.declare("web", command=[*SLEEP], env={"COLOUR": "blue"})
    said = project.ctl("diff", "-f", "manifests/", code=1)
    assert "restart" in said.stdout
    project.apply()
    new = project.wait_pid("web-0", other_than=pid)
    wait_gone(pid)
    assert b"COLOUR=blue" in Path(f"/proc/{new}/environ").read_bytes().split(b"\0")


def test_scale_stop_start_and_delete(project: Project) -> None:
    project.declare("web", command=SLEEP)
    project.apply()
    project.wait_state("web", "Ready")
    project.ctl("scale", "ws/web", "--num", "3")
    project.wait(resources.WORKERSETS, "web", lambda obj: obj["status"].get("readyReplicas") == 3)
    project.ctl("stop", "web")
    project.wait_state("web", "Suspended")
    assert project.pids("web") == []
    project.apply()
    assert project.workerset("web")["status"]["state"] == "Suspended"
    project.ctl("start", "web")
    project.wait(resources.WORKERSETS, "web", lambda obj: obj["status"].get("readyReplicas") == 3)
    pids = project.pids("web")
    project.ctl("delete", "ws", "web")
    for pid in pids:
        wait_gone(pid)
    assert "No resources found" in project.ctl("get", "ws").stderr


def test_a_one_shot_completes_and_is_not_run_again(project: Project) -> None:
    project.declare(
        "prepare",
        command=["sh", "-c", "echo ran >> ran.txt"],
        restart="on_failure",
        ready_when="completed",
    )
    project.apply()
    project.wait_state("prepare", "Completed")
    controller = project.pid_of("controller")
    os.kill(controller, signal.SIGKILL)
    wait_gone(controller)
    project.apply()
    project.wait_state("prepare", "Completed")
    assert (project.root / "ran.txt").read_text() == "ran\n"


def test_the_worker_sees_its_environment(project: Project) -> None:
    project.declare(
        "job",
        background=True,
        name="job-runner",
        scope="shop",
        num=1,
        command=["sh", "-c", "env > env.txt; exec sleep 1000"],
        env={"VERSION": "1.10"},
    )
    project.apply()
    project.wait_state("job", "Ready")
    lines = (project.root / "env.txt").read_text().splitlines()
    for expected in (
        "WORKERSET_NAME=job-runner",
        "WORKERSET_SCOPE=shop",
        "WORKERSET_ORDINAL=0",
        "WORKERSET_BACKGROUND=1",
        "VERSION=1.10",
    ):
        assert expected in lines


def test_s8_3_a_shell_worker_takes_its_handle_and_ends_on_eof(project: Project) -> None:
    project.write(
        "worker.py",
        "import os, socket, select\n"
        "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
        "s.connect(os.environ['NOTIFY_SOCKET'])\n"
        "s.send(b'WORKERSET_HANDLE=1')\n"
        "fd = int(os.environ['WORKERSET_HANDLE_FD'])\n"
        "select.select([fd], [], [])\n"
        "assert os.read(fd, 1) == b''\n"
        "open('ended.txt', 'w').write('by the handle')\n",
    )
    project.declare("job", background=True, name="job", num=1, file="worker.py", ready_when="handle")
    project.apply()
    project.wait_state("job", "Ready")
    project.ctl("stop", "job")
    project.wait_state("job", "Suspended")
    assert (project.root / "ended.txt").read_text() == "by the handle"


def test_logs_by_set_and_previous(project: Project) -> None:
    project.declare("web", command=["sh", "-c", "echo hello from $$; exec sleep 1000"])
    project.apply()
    project.wait_state("web", "Ready")
    pid = project.wait_pid("web-0")
    assert f"hello from {pid}" in project.ctl("logs", "web").stdout
    os.kill(pid, signal.SIGKILL)
    new = project.wait_pid("web-0", other_than=pid)
    project.wait_state("web", "Ready")
    assert f"hello from {pid}" in project.ctl("logs", "web-0", "--previous").stdout
    assert f"hello from {new}" in project.ctl("logs", "web-0").stdout


def test_up_runs_in_the_foreground_and_drains_on_interrupt(project: Project) -> None:
    project.declare("web", command=["sh", "-c", "echo started; exec sleep 1000"])
    running = project.popen("up")
    assert running.stdout is not None
    said = []
    for line in running.stdout:
        said.append(line)
        if "started" in line and "web-0" in line:
            break
    pids = project.pids("web")
    running.send_signal(signal.SIGINT)
    rest, _ = running.communicate(timeout=40)
    assert len(pids) == 1
    wait_gone(pids[0])
    assert "stopped 1" in rest, "".join(said) + rest
    assert project.leftovers() == []


def test_up_detached_returns_when_ready_and_fails_with_the_reason(project: Project) -> None:
    project.declare("web", command=SLEEP)
    project.ctl("up", "-d")
    assert project.workerset("web")["status"]["state"] == "Ready"
    project.declare("bad", command=["sh", "-c", "echo no API_KEY >&2; exit 3"], max_consecutive_failures=1)
    said = project.ctl("up", "-d", code=1)
    assert "no API_KEY" in said.stdout + said.stderr


def test_history_and_undo(project: Project) -> None:
    project.declare("web", command=SLEEP, env={"COLOUR": "green"})
    project.apply()
    project.wait_state("web", "Ready")
    project.declare("web", command=SLEEP, env={"COLOUR": "blue"})
    project.apply()
    project.wait_state("web", "Ready")
    assert project.ctl("rollout", "history", "ws/web").stdout.count("\n") >= 3
    project.ctl("rollout", "undo", "ws/web")
    obj = project.wait_state("web", "Ready")
    assert obj["spec"]["env"] == {"COLOUR": "green"}


def test_get_speaks_json_and_jsonpath(project: Project) -> None:
    project.declare("web", command=SLEEP)
    project.apply()
    project.wait_state("web", "Ready")
    assert json.loads(project.ctl("get", "ws", "-o", "json").stdout)["items"][0]["metadata"]["name"] == "web"
    assert project.ctl("get", "ws", "web", "-o", "jsonpath={.status.state}").stdout == "Ready"
    assert pid_of(project.workers("web")[0]) > 1
