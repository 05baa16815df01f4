"""`workerctl ensure`, `release`, `vars` and `describe` on real workers (S2, S3, S6)."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
from typing import Any

import pytest

from controller.client import resources
from tests.e2e.project import Project, wait_gone

BOX = """\
import workerset
workerset.set_vars({"of": workerset.name(), "raw": b"\\0\\1"})
workerset.handle().wait()
"""
LATER = """\
import os, workerset
handle = workerset.handle()
while not os.path.exists("go") and not handle.wait(0.05):
    pass
for number in workerset.ticks(0.2):
    workerset.set_vars({"number": number})
"""
BAD = "raise KeyError('API_KEY')"


@pytest.fixture
def shop(project: Project) -> Project:
    for file, text in {"box.py": BOX, "later.py": LATER, "bad.py": BAD}.items():
        project.write(file, text)
    lazy: dict[str, Any] = {"background": True, "ready_when": "vars"}
    project.declare("box", **lazy, scope="mail", file="box.py", max_threads=2)
    project.declare("later", **lazy, name="later", file="later.py")
    project.declare("bad", **lazy, name="bad", file="bad.py", max_consecutive_failures=1, retry_after="0s")
    project.apply()
    return project


def fails(project: Project, code: int, *words: str) -> str:
    done = project.ctl(*words, code=code)
    assert done.stdout == ""
    return done.stderr


def kill_controller(project: Project) -> None:
    pid = project.pid_of("controller")
    os.kill(pid, signal.SIGKILL)
    wait_gone(pid)


def test_s3_2_from_ensure_to_release(shop: Project) -> None:
    assert "nobody has ensured ada" in fails(shop, 7, "vars", "get", "ada", "--scope", "mail")
    said = shop.ctl("ensure", "ada", "bob", "--scope", "mail").stdout.splitlines()
    assert [line.split(":")[0] for line in said] == ["ada ready", "bob ready"]
    again = json.loads(shop.ctl("ensure", "ada", "--scope", "mail", "-o", "json").stdout)
    assert f"process {again['instances'][0]['pid']}" in said[0]
    assert json.loads(shop.ctl("vars", "get", "ada", "--scope", "mail", "-o", "json").stdout) == {
        "of": "ada",
        "raw": {"$bytes": "AAE="},
    }
    told = shop.ctl("describe", "ws", "box").stdout
    assert "2 of 2 names" in told
    assert "ensured ada by workerctl, bob by workerctl" in told
    assert len([line for line in told.splitlines() if "Ready" in line and "workerctl" in line]) == 2
    assert " box" in shop.ctl("vars", "list", "--scope", "mail").stdout
    worker = again["instances"][0]["worker"]
    assert "Ensured by:  workerctl" in shop.ctl("describe", "pod", worker).stdout
    assert shop.ctl("describe", "ada").stdout.splitlines()[0].endswith(worker)
    shop.ctl("logs", "ada")
    assert worker in shop.ctl("get", "pods").stdout
    assert shop.ctl("release", "ada", "--scope", "mail").stdout == "ada released\n"
    wait_gone(again["instances"][0]["pid"])
    assert "nothing to release" in shop.ctl("release", "ada", "--scope", "mail").stderr
    assert "no longer ensured: ada" in shop.ctl("events", "--for", "ws/box").stdout


def test_s3_6_each_refusal_has_its_exit_code_and_says_what_to_do(shop: Project) -> None:
    shop.ctl("ensure", "ada", "bob", "--scope", "mail")
    full = fails(shop, 4, "ensure", "eve", "--scope", "mail")
    assert "ada (workerctl since " in full
    assert "workerctl release NAME --scope mail" in full
    assert "which declares bad, later and no catch-all" in fails(shop, 3, "ensure", "nope")
    given_up = fails(shop, 5, "ensure", "bad")
    assert "bad was given up: exit 1" in given_up
    assert "KeyError: 'API_KEY'" in given_up
    assert "workerctl logs bad-0" in given_up
    late = fails(shop, 6, "ensure", "later", "--timeout", "200ms")
    assert "later was not ready within 0.2s: " in late
    assert "duplicate name" in fails(shop, 2, "ensure", "later", "later")


def test_s3_3_an_ensure_waits_through_a_kill_of_the_controller(shop: Project) -> None:
    waiting = shop.popen("ensure", "later", "--timeout", "40s")
    pid = shop.wait_pid("later-0")
    kill_controller(shop)
    shop.write("go", "")
    said, _ = waiting.communicate(timeout=40)
    assert (waiting.returncode, said) == (0, f"later ready: later-0, process {pid}\n")


def test_s6_8_a_watch_goes_on_over_a_kill_of_the_controller_and_ends_with_the_name(shop: Project) -> None:
    shop.write("go", "")
    shop.ctl("ensure", "later")
    watching = shop.popen("vars", "get", "later", "-w", "-o", "json")
    assert watching.stdout is not None
    first = [json.loads(watching.stdout.readline()) for _ in range(3)]
    kill_controller(shop)
    more = [json.loads(watching.stdout.readline()) for _ in range(3)]
    generations = [one["generation"] for one in first + more]
    assert generations == sorted(set(generations))
    assert first[0]["vars"].keys() == {"number"}
    shop.wait_state("later", "Ready")
    shop.ctl("release", "later")
    rest, _ = watching.communicate(timeout=40)
    assert "nobody has ensured later" in rest
    assert watching.returncode == 7


def test_a_terminal_shows_what_is_waited_for(shop: Project) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        shop.command("ensure", "later"), cwd=shop.root, env=shop.environ, stdout=theirs, stderr=theirs
    ) as waiting:
        os.close(theirs)
        seen = b""
        while b"later: it has not " not in seen:
            seen += os.read(ours, 4096)
        assert b"waiting for later, " in seen
        shop.write("go", "")
        shop.wait(resources.WORKERSETS, "later", lambda obj: obj["status"]["readyReplicas"] == 1)
        assert waiting.wait(40) == 0
    while b"later ready: later-0, process " not in seen:
        seen += os.read(ours, 4096)
    os.close(ours)
