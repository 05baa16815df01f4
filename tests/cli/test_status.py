"""`status`: one screen."""

from __future__ import annotations

import json

from controller import clock
from tests.cli.sets import PROJECT, SETS, event, listed, pod, project, story, workerset

NOW = 1767348060.0  # 2026-01-02T10:01:00Z


def prepare(api, monkeypatch, sets, **more):
    monkeypatch.setattr(clock.SystemClock, "wall", lambda self: NOW)
    api.on("GET", PROJECT, project(**more))
    api.on("GET", SETS, listed(*sets))
    api.on("GET", "/api/v1/pods", listed(pod("web-0", "web"), pod("web-1", "web")))
    warnings = [event("import", "BackOff", "exit 1\nafter 0.3s", count=6), event("web", "Odd", "not shown")]
    api.on("GET", "/api/v1/events", listed(*warnings))


def test_what_has_failed_comes_first_and_says_why(shell, api, monkeypatch, golden):
    prepare(api, monkeypatch, story())
    outcome = shell("status")
    assert outcome.code == 1
    golden("status-failed.txt", outcome.out)


def test_all_is_well(shell, api, monkeypatch, golden):
    prepare(api, monkeypatch, [*story()[:2], workerset("old", "Suspended", 0)])
    outcome = shell("status")
    assert outcome.code == 0
    golden("status-well.txt", outcome.out)


def test_what_may_still_come_right_is_no_failure(shell, api, monkeypatch):
    prepare(api, monkeypatch, [workerset("web", "Backoff", 0, "exit 1; next try in 400ms")])
    outcome = shell("status")
    assert outcome.code == 0
    assert "1 of 1 set is not well, none failed" in outcome.out


def test_a_full_disk_is_a_failure(shell, api, monkeypatch):
    full = {
        "type": "StorageWritable",
        "status": "False",
        "reason": "StorageFull",
        "message": "the disk is full",
    }
    prepare(api, monkeypatch, story()[:2], conditions=[full])
    outcome = shell("status")
    assert outcome.code == 1
    assert "  the disk is full\n" in outcome.out


def test_nothing_declared_says_what_to_do(shell, api, monkeypatch):
    prepare(api, monkeypatch, [])
    assert "nothing is declared: workerctl apply -f FILE" in shell("status").out


def test_json(shell, api, monkeypatch):
    prepare(api, monkeypatch, story())
    said = json.loads(shell("status", "-o", "json").out)
    assert (said["well"], said["failed"], said["workers"]) == (False, True, {"total": 2, "running": 2})
    assert [entry["state"] for entry in said["sets"]] == ["Failed", "CatchAll", "Ready"]
