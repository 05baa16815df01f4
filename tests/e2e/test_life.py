"""What outlives what: Pods the controller, logs their workers; how long a delete lasts, what `down` names."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from controller.client import resources
from tests.e2e.project import Object, Project, pid_of, wait_gone

WORKER = Path(__file__).parents[1] / "children" / "worker.py"
SLEEP = ["sleep", "1000"]
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on'); time.sleep(1000)"


def identity(pod: Object) -> tuple[str, str]:
    return pod["metadata"]["uid"], pod["metadata"]["creationTimestamp"]


def test_s1_10_pods_keep_uid_and_age_when_the_controller_is_killed(project: Project) -> None:
    project.declare("web", command=SLEEP)
    project.declare("crash", command=["sh", "-c", "echo $$ > pid; exec sleep 1000"])
    project.apply()
    for name in ("web", "crash"):
        project.wait_state(name, "Ready")
    first = project.wait_pid("crash-0")
    os.kill(first, signal.SIGKILL)
    project.wait_pid("crash-0", first)
    before = {name: identity(project.workers(name)[0]) for name in ("web", "crash")}
    controller = project.pid_of("controller")
    os.kill(controller, signal.SIGKILL)
    wait_gone(controller)
    project.ctl("get", "ws")
    for name, known in before.items():
        pod = project.wait(resources.PODS, f"{name}-0", lambda pod: bool(pid_of(pod)))
        assert identity(pod) == known


@pytest.mark.parametrize("words", [["--now"], ["--force"], ["--grace-period", "1"]])
def test_s4_6_a_delete_lasts_as_long_as_it_was_given(project: Project, words: list[str]) -> None:
    project.declare("web", command=["python3", "-u", "-c", STUBBORN], stop_grace="1h")
    project.apply()
    project.wait_state("web", "Ready")
    pid = project.wait_pid("web-0")
    project.ctl("delete", "ws", "web", "--wait=false")
    project.wait(resources.PODS, "web-0", lambda pod: pod["status"].get("reason") == "Stopping")
    project.ctl("delete", "ws", "web", *words)
    wait_gone(pid)


def test_what_an_ended_worker_said_can_still_be_read(project: Project) -> None:
    project.declare("web", command=["sh", "-c", "echo hello from $WORKERSET_ORDINAL; exec sleep 1000"], num=2)
    project.apply()
    project.wait_state("web", "Ready")
    project.ctl("delete", "ws", "web")
    assert project.ctl("logs", "web-1").stdout == "hello from 1\n"
    of_both = project.ctl("logs", "web", "--prefix").stdout.splitlines()
    assert sorted(of_both) == ["web-0 | hello from 0", "web-1 | hello from 1"], "whoever spoke first is first"
    assert "no log of one" in project.ctl("logs", "other", code=1).stderr
    path = project.ctl("logs", "web-1", "--path").stdout.strip()
    os.unlink(path)
    project.ctl("logs", "web-1", code=1)


def test_following_a_set_hears_the_first_words_of_a_newcomer(project: Project) -> None:
    project.declare("web", command=["sh", "-c", "echo first of $WORKERSET_ORDINAL; exec sleep 1000"])
    project.apply()
    project.wait_state("web", "Ready")
    with project.lines(*project.command("logs", "-f", "web", "--prefix")) as lines:
        assert next(lines) == "web-0 | first of 0\n"
        project.ctl("scale", "web", "--num", "3")
        found = {next(lines), next(lines)}
    assert found == {"web-1 | first of 1\n", "web-2 | first of 2\n"}


def test_s4_6_down_names_what_no_worker_can_be_held_for_and_ends_it(project: Project) -> None:
    place = project.root / "grandchild"
    daemon = [sys.executable, "-I", "-S", str(WORKER), "daemon", str(place), "clean"]
    project.declare("web", command=daemon, ready_when="notify")
    project.apply()
    project.wait_state("web", "Ready")
    said = project.ctl("down").stderr
    pid = int(place.read_text())
    assert said.startswith("ended with the project, left behind by no worker in particular:\n")
    assert f"  {pid}  " in said
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_lost_guardian_is_an_event(project: Project) -> None:
    project.declare("web", command=SLEEP)
    project.apply()
    guardian = project.pid_of("guardian")
    os.kill(guardian, signal.SIGKILL)
    wait_gone(guardian)
    project.wait_troubles("GuardianAlive")
    (event,) = project.events(project.root.name)
    assert (event["reason"], event["type"]) == ("GuardianLost", "Warning")
    assert "GuardianLost" in project.ctl("events").stdout


def test_a_one_off_of_a_set_that_no_manifest_declares_asks_the_controller(project: Project) -> None:
    project.declare("web", command=["sleep", "1000"], env={"A": "applied"}, working_dir="jobs")
    project.write("jobs/.keep", "")
    (project.root / "manifests").rename(project.root / "elsewhere")
    project.ctl("apply", "-f", "elsewhere")
    done = project.ctl("run", "--set", "web", "--", "sh", "-c", "echo $A; pwd")
    assert done.stdout == f"applied\n{project.root}/jobs\n"
    project.declare("web", command=["sleep", "1000"], env={"A": "newer"})
    assert project.ctl("run", "--set", "web", "--", "sh", "-c", "echo $A").stdout == "newer\n"
    missing = project.ctl("run", "--set", "other", "--", "env", code=1)
    assert "no manifest declares a set other" in missing.stderr
