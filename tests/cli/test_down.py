"""`down`: drains, ends the controller, and says what is left."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from controller.cli import progress
from tests.cli.sets import PROJECT, SHUTDOWN, project
from tests.fakes.api_server import Answer, json_lines


def step(*names_and_seconds, stopped=0):
    entries = [
        {"namespace": "default", "workerset": "web", "worker": name, "pid": 1, "secondsLeft": left}
        for name, left in names_and_seconds
    ]
    return {"remaining": entries, "stopped": stopped, "killed": 0}


DONE = {"done": True, "stopped": 3, "killed": 1, "survivors": [], "seconds": 30.04}


@pytest.fixture
def ending(api):
    api.on("GET", PROJECT, project())
    steps = [
        step(("web-0", 30), ("web-1", 30), ("job-0", 5)),
        step(("web-1", 28), stopped=2),
        step(("web-1", 12), stopped=2),
    ]
    api.on("POST", SHUTDOWN, json_lines(*steps, DONE))
    return api


def test_progress_and_the_last_line(shell, ending, golden):
    outcome = shell("down")
    assert (outcome.code, outcome.err) == (0, "")
    golden("down.txt", outcome.out)
    assert ending.asked("POST", SHUTDOWN)[0].json() == {"graceSeconds": None, "purge": False}


def test_now_has_no_grace(shell, ending):
    shell("down", "--now")
    assert ending.asked("POST", SHUTDOWN)[0].json()["graceSeconds"] == 0


def test_s4_6_what_no_worker_can_be_held_for_is_listed_and_ends_with_the_project(shell, ending):
    left = [{"pid": 77, "command": "redis-server\n*:6379"}]
    ending.on("POST", SHUTDOWN, json_lines({**DONE, "survivors": left}))
    outcome = shell("down")
    assert outcome.code == 0
    assert outcome.err == (
        "ended with the project, left behind by no worker in particular:\n  77  redis-server *:6379\n"
    )


def test_purge_removes_the_folders(shell, ending):
    outcome = shell("down", "--purge")
    assert outcome.code == 0
    assert outcome.out.endswith("Removed .workerset/.\n")
    assert ending.asked("POST", SHUTDOWN)[0].json()["purge"] is True
    assert not (shell.folder / ".workerset").exists()


def test_purge_without_a_controller(shell):
    shell.write(".workerset/store.db", "")
    outcome = shell("down", "--purge")
    assert (outcome.code, outcome.out) == (0, "Removed .workerset/.\n")
    assert not (shell.folder / ".workerset").exists()


def test_purge_refuses_while_workers_run_without_a_controller(shell):
    shell.write(".workerset/shim.pid", str(os.getpid()))
    outcome = shell("down", "--purge")
    assert outcome.code == 1
    assert "workers still run without a controller" in outcome.err
    assert (shell.folder / ".workerset").exists()


def test_without_a_controller(shell):
    assert shell("down").err == "no controller runs for project ~/shop\nstart one: workerctl up -d\n"


def test_interrupt_kills_at_once(shell, api):
    api.on("GET", PROJECT, project())

    hurried = threading.Event()

    def draining(request):
        if request.json()["graceSeconds"] == 0:
            hurried.set()
            return json_lines(DONE)
        return _interrupted()

    def _interrupted():
        yield from json_lines(step(("web-1", 30)))
        os.kill(os.getpid(), signal.SIGINT)
        assert hurried.wait(10)
        yield from json_lines(DONE)

    api.on("POST", SHUTDOWN, draining)
    outcome = shell("down")
    assert outcome.code == 0
    assert "killing what is left" in outcome.out


def test_a_controller_that_dies_meanwhile_is_said(shell, api):
    api.on("GET", PROJECT, project())
    api.on("POST", SHUTDOWN, Answer(200, json_lines(step(("web-1", 30)))))
    outcome = shell("down")
    assert "ended before it said how the stop went" in outcome.err


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (step(), "stopping 0 workers"),
        (step(("a", 1.4)), "stopping 1 worker: a still busy, 1s left"),
        (step(("a", 1), ("b", 9)), "stopping 2 workers: b and a still busy, 9s left"),
        (
            step(("a", 1), ("b", 9), ("c", 2), stopped=4),
            "stopping 7 workers: b, a and 1 more still busy, 9s left",
        ),
        (step(("a", None)), "stopping 1 worker: a still busy"),
    ],
)
def test_sentence(state, said):
    assert progress.sentence(state) == said
