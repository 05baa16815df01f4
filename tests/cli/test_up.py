"""`up`: what it prints, how it ends, and what it leaves."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from controller.cli import launching, lines, watchstream
from tests.cli.sets import (
    APPLY,
    LOGS,
    MANIFEST,
    OWN_SETS,
    PROJECT,
    SETS,
    SHUTDOWN,
    applied,
    listed,
    project,
    story,
    workerset,
)
from tests.fakes.api_server import json_lines, status

STAMP = b"2026-01-02T10:14:02.5Z"
DONE = {"done": True, "stopped": 3, "killed": 0, "survivors": [], "seconds": 3.2}


def busy(*workers: str, stopped: int = 0, left: float = 27.4):
    entries = [
        {"namespace": "default", "workerset": "web", "worker": name, "pid": 1, "secondsLeft": left}
        for name in workers
    ]
    return {"remaining": entries, "stopped": stopped, "killed": 0}


class Stage:
    """A controller that this `up` has started, or (`is_new` False) found."""

    def __init__(self, shell, api, monkeypatch, *, is_new=True):
        self.shell, self.api = shell, api
        self.sets = story()
        self.events, self.logs_asked = threading.Event(), threading.Event()
        self.changes_wait_for_logs = False
        self.leash, self.started_with = os.pipe(), {}
        shell.write("manifests/10-web.yaml", MANIFEST % "web")
        api.on("GET", PROJECT, project())
        api.on("POST", APPLY, {"items": [applied("created", obj) for obj in self.sets]})
        api.on("GET", SETS, self._sets)
        api.on("GET", LOGS, self._logs)
        api.on("POST", SHUTDOWN, json_lines(busy("web-1", stopped=2), DONE))
        self.changes = []
        self.lines = [b"web-0 | " + STAMP + b" Application startup complete.\n"]
        self.signals = [signal.SIGINT]

        def start(context, wishes):
            self.started_with = wishes
            leash = self.leash[1] if is_new and wishes.foreground else None
            return launching.Started(context.client(), is_new=is_new, leash_fd=leash)

        monkeypatch.setattr(launching, "start_or_join", start)

    def _sets(self, request):
        if "watch" not in request.query:
            return listed(*self.sets)
        return self._changing() if self.changes_wait_for_logs else self._following(json_lines(*self.changes))

    def _changing(self):
        """Changes once the logs are followed, then the interrupt."""
        assert self.logs_asked.wait(10)
        yield from self._following(json_lines(*self.changes), then=self.signals)

    def _logs(self, request):
        self.logs_asked.set()
        return self._following(iter(self.lines), then=() if self.changes_wait_for_logs else self.signals)

    def _following(self, pieces, then=()):
        yield from pieces
        for number in then:
            os.kill(os.getpid(), number)
        self.events.wait(10)

    def up(self, *words):
        try:
            return self.shell("up", *words)
        finally:
            self.events.set()
            os.close(self.leash[0])

    def sources(self):
        return [item["source"] for item in self.api.asked("POST", APPLY)[0].json()["items"]]

    def shutdowns(self):
        return [request.json() for request in self.api.asked("POST", SHUTDOWN)]


@pytest.fixture
def stage(shell, api, monkeypatch):
    return Stage(shell, api, monkeypatch)


def test_the_layout_of_the_documents(stage, golden):
    outcome = stage.up()
    assert outcome.code == 130
    assert outcome.err == ""
    golden("up.txt", outcome.out)


def test_it_applies_recursively_and_prunes_its_inventory(stage):
    stage.shell.write("manifests/below/20-job.yaml", MANIFEST % "job")
    stage.up()
    body = stage.api.asked("POST", APPLY)[0].json()
    assert [item["source"] for item in body["items"]] == [
        "manifests/10-web.yaml:1",
        "manifests/below/20-job.yaml:1",
    ]
    assert (body["inventory"], body["prune"]) == ("default", True)


def test_workerset_yaml_comes_before_the_folder(stage):
    stage.shell.write("workerset.yaml", MANIFEST % "one")
    stage.up()
    assert [item["source"] for item in stage.api.asked("POST", APPLY)[0].json()["items"]] == [
        "workerset.yaml:1"
    ]


def test_without_manifests_it_says_what_to_write(shell):
    outcome = shell("up")
    assert outcome.code == 1
    assert outcome.err.startswith("nothing to run: no workerset.yaml and no manifests/ in ~/shop\n")


def test_changes_of_sets_are_lines(stage, monkeypatch):
    monkeypatch.setattr(lines.Printer, "_now", lambda self: "10:14:05")
    broken = workerset("web", "Backoff", 1, "exit 1; next try in 100ms", num=2)
    stage.changes = [{"type": "MODIFIED", "object": broken}, {"type": "DELETED", "object": story()[2]}]
    stage.changes_wait_for_logs = True
    outcome = stage.up()
    assert "10:14:05 web      · 1/2 Backoff  exit 1; next try in 100ms\n" in outcome.out
    assert "10:14:05 import   · 0/1 Deleted\n" in outcome.out


def test_a_second_interrupt_kills(stage):
    release = threading.Event()

    def draining(request):
        if request.json()["graceSeconds"] == 0:
            release.set()
            return json_lines(DONE)
        return _slowly()

    def _slowly():
        yield from json_lines(busy("web-1", stopped=2))
        os.kill(os.getpid(), signal.SIGINT)
        assert release.wait(10)
        yield from json_lines(DONE)

    stage.api.on("POST", SHUTDOWN, draining)
    outcome = stage.up()
    assert outcome.code == 130
    assert "killing what is left\nstopped 3 in 3.2s, killed 0." in outcome.out
    assert [body["graceSeconds"] for body in stage.shutdowns()] == [None, 0]


def test_sigterm_drains_too(stage):
    stage.signals = [signal.SIGTERM]
    outcome = stage.up()
    assert outcome.code == 143
    assert len(stage.shutdowns()) == 1


def test_s4_6_what_no_worker_can_be_held_for_is_listed(stage):
    left = {**DONE, "survivors": [{"pid": 77, "command": "redis-server *:6379"}]}
    stage.api.on("POST", SHUTDOWN, json_lines(left))
    outcome = stage.up()
    assert outcome.code == 130
    assert "77  redis-server *:6379" in outcome.err


def test_where_a_controller_runs_it_only_joins(shell, api, monkeypatch):
    stage = Stage(shell, api, monkeypatch, is_new=False)
    outcome = stage.up()
    assert "controller 4711 (was running)" in outcome.out
    assert outcome.out.endswith("^C detached; controller 4711 goes on (workerctl down ends it)\n")
    assert stage.shutdowns() == []


def test_refresh_env_needs_a_new_controller(shell, api, monkeypatch):
    stage = Stage(shell, api, monkeypatch, is_new=False)
    outcome = stage.up("--refresh-env")
    assert stage.started_with.refresh_env
    assert "keeps its environment; end it first: workerctl down" in outcome.err


def test_a_limit_of_processes_needs_a_new_controller(shell, api, monkeypatch):
    stage = Stage(shell, api, monkeypatch, is_new=False)
    outcome = stage.up("--max-processes", "64")
    assert stage.started_with.max_processes == 64
    assert "keeps its limit; end it first: workerctl down" in outcome.err


@pytest.mark.parametrize("given", ["-1", "many", "1.5", ""])
def test_a_limit_of_processes_is_a_number(stage, given):
    outcome = stage.up(f"--max-processes={given}")
    assert outcome.code == 2
    assert "not a whole number from 0 up" in outcome.err


def test_abort_on_failure_stops_everything_and_says_why(stage):
    stage.signals = []
    outcome = stage.up("--abort-on-failure")
    assert outcome.code == 1
    assert "import failed: exit 1 after 0.3s, 7th time" in outcome.err
    assert len(stage.shutdowns()) == 1


def test_a_refused_document_ends_what_was_started(stage):
    refused = applied("failed", workerset("web"))
    refused["status"] = {"reason": "Conflict", "message": "no"}
    stage.api.on("POST", APPLY, {"items": [refused]})
    outcome = stage.up()
    assert outcome.code == 1
    assert "manifests/10-web.yaml:1: error from server (Conflict): no" in outcome.err
    assert len(stage.shutdowns()) == 1


def test_ended_by_somebody_else(stage):
    def ending(request):
        os.unlink(stage.api.socket_path)
        stage.events.set()  # both streams end
        return iter([])

    stage.api.on("GET", LOGS, ending)
    outcome = stage.up()
    assert outcome.code == 0
    assert "the controller of ~/shop has ended" in outcome.err


def test_a_restarted_controller_is_followed(stage):
    def restarting(request):
        if len(stage.api.asked("GET", LOGS)) == 1:
            return iter(stage.lines)
        return stage._following(iter([b"web-0 | " + STAMP + b" still here\n"]), then=stage.signals)

    stage.api.on("GET", LOGS, restarting)
    outcome = stage.up()
    assert outcome.code == 130
    assert "controller restarted, workers keep running" in outcome.out
    assert "web-0    | still here" in outcome.out
    assert stage.api.asked("GET", LOGS)[1].query["sinceTime"] == STAMP.decode()


def test_detached_returns_when_all_is_ready(stage, golden):
    stage.sets = story()[:2]
    stage.api.on("POST", APPLY, {"items": [applied("created", obj) for obj in stage.sets]})
    outcome = stage.up("-d")
    assert (outcome.code, outcome.err) == (0, "")
    assert stage.started_with == launching.Wishes()
    assert outcome.out.splitlines()[0] == "project ~/shop   controller 4711 (new)   logs .workerset/logs"
    assert stage.shutdowns() == []


def test_s4_5_detached_fails_with_the_captured_failure_and_stops_what_it_started(stage):
    outcome = stage.up("-d")
    assert outcome.code == 1
    assert "import failed: exit 1 after 0.3s, 7th time: KeyError 'API_KEY' (src/import.py:12)" in outcome.err
    assert len(stage.shutdowns()) == 1


def test_detached_beside_a_running_controller_takes_back_only_what_it_created(shell, api, monkeypatch):
    stage = Stage(shell, api, monkeypatch, is_new=False)
    web, job, bad = stage.sets
    api.on(
        "POST",
        APPLY,
        {"items": [applied("unchanged", web), applied("configured", job), applied("created", bad)]},
    )
    api.on("DELETE", f"{OWN_SETS}/import", {"kind": "Status", "status": "Success"})
    assert stage.up("-d").code == 1
    assert [request.path for request in api.requests if request.method == "DELETE"] == [f"{OWN_SETS}/import"]
    assert stage.shutdowns() == []


def test_detached_gives_up_waiting(stage):
    stage.sets = [workerset("web", "Starting", 0)]
    stage.api.on("POST", APPLY, {"items": [applied("created", stage.sets[0])]})
    outcome = stage.up("-d", "--wait-timeout", "0")
    assert outcome.code == 1
    assert "web is not ready in time: Starting" in outcome.err


def test_detached_and_interrupted_says_what_runs_on_and_how_to_end_it(stage):
    starting = workerset("web", "Starting", 0)
    stage.api.on("POST", APPLY, {"items": [applied("created", starting)]})

    def answer(request):
        if "watch" not in request.query:
            return listed(starting)
        return stage._following(iter(()), then=[signal.SIGINT])

    stage.api.on("GET", SETS, answer)
    stage.shell.write(".workerset/controller.pid", f"{os.getpid()}\n")
    outcome = stage.up("-d")
    assert outcome.code == 130
    assert outcome.err == (
        f"interrupted, but controller {os.getpid()} goes on with 1 set: "
        "workerctl status shows how it goes, workerctl down ends it\n"
    )
    assert stage.shutdowns() == []


def test_a_failed_request_ends_what_was_started(stage):
    stage.api.on("POST", APPLY, status(507, "InsufficientStorage", "the disk is full"))
    outcome = stage.up()
    assert outcome.code == 1
    assert "the disk is full" in outcome.err
    assert len(stage.shutdowns()) == 1


def test_deadline_of_zero_is_over():
    assert watchstream.Deadline(0).left_ms == 0
