"""`depends_on` and `user` as a user meets them: what the terminal says, and in which order things end."""

from __future__ import annotations

import os

import pytest

from controller.client import resources
from tests.e2e.project import Project

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may run processes of another user")
NOTES_END = "trap 'echo {0} >> ended; exit 0' TERM; sleep 1000 & wait"


def command(name: str) -> list[str]:
    return ["sh", "-c", NOTES_END.format(name)]


def test_s1_up_says_who_waits_for_whom_and_down_goes_the_other_way(project: Project) -> None:
    project.declare("web", command=command("web"), depends_on=["db"])
    project.declare(
        "db", command=command("db"), readiness_probe={"exec": ["test", "-e", "go"], "period": "1s"}
    )
    project.apply()
    project.wait(resources.WORKERSETS, "web", lambda one: (one.get("status") or {}).get("state") == "Waiting")
    assert "waits for db (not ready)" in project.ctl("status").stdout
    assert "DependencyNotReady" in project.ctl("describe", "ws/web").stdout
    late = project.ctl("up", "-d", "--wait-timeout", "1s", code=None)
    assert late.returncode != 0
    assert "web is not ready in time: Waiting, waits for db (not ready)" in late.stderr
    project.write("go", "")
    project.apply()
    project.wait_state("web", "Ready")
    project.ctl("down")
    assert (project.root / "ended").read_text().split() == ["web", "db"]


def test_s1_2_cycles_are_refused_and_unknown_names_told(project: Project) -> None:
    project.declare("a", command=["sleep", "1000"], depends_on=["b", "nobody"])
    project.declare("b", command=["sleep", "1000"], depends_on=["a"])
    done = project.ctl("apply", "-f", "manifests/", code=1)
    assert "waits for itself: a → b → a" in done.stderr
    assert "nothing here declares it: nobody" in done.stderr


def test_an_unknown_user_is_a_failure_that_says_so(project: Project) -> None:
    project.declare("app", command=["sleep", "1000"], user="no-such-user", max_consecutive_failures=0)
    project.apply()
    message = project.wait_state("app", "Failed")["status"]["message"]
    assert message.startswith("no such user on this machine, getent passwd lists them: no-such-user")


@as_root
def test_a_worker_of_another_user_is_heard_and_so_are_its_probes(project: Project) -> None:
    said = "import os,socket; socket.socket(1, 2).sendto(b'READY=1', os.environ['NOTIFY_SOCKET'])"
    script = f'python3 -c "{said}"; exec sleep 1000'
    probe = {"exec": ["sh", "-c", 'test "$(id -un)" = nobody'], "period": "1s"}
    words = {"command": ["sh", "-c", script], "working_dir": "/", "readiness_probe": probe}
    project.declare("app", **words, user="nobody", ready_when="notify")
    project.apply()
    project.wait_state("app", "Ready")


@as_root
def test_a_command_in_the_surroundings_of_a_set_is_its_user_too(project: Project) -> None:
    project.declare("app", command=["sleep", "1000"], user="nobody", working_dir="/")
    project.declare("typo", command=["sleep", "1000"], user="no-such-user")
    assert project.ctl("run", "--set", "app", "--", "id", "-un").stdout.strip() == "nobody"
    assert "no such user on this machine" in project.ctl("run", "--set", "typo", "--", "id", code=126).stderr
