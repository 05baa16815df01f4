"""`projects`: every project of this user with a controller."""

from __future__ import annotations

import json
import shutil

import pytest

from controller import clock
from controller.client import registry
from tests.cli.sets import PROJECT, SETS, listed, project, workerset


@pytest.fixture
def known(shell, api, tmp_path, monkeypatch):
    monkeypatch.setattr(clock.SystemClock, "wall", lambda self: 1767348060.0)
    api.on("GET", PROJECT, project())
    api.on("GET", SETS, listed(workerset("web")))
    (tmp_path / "idle").mkdir()
    (tmp_path / "gone").mkdir()
    for name in ("shop", "idle", "gone"):
        registry.remember(str(tmp_path / name), shell.environ)
    shutil.rmtree(tmp_path / "gone")
    return shell


def test_those_that_run(known, golden):
    golden("projects.txt", known("projects").out)


def test_all(known):
    lines = known("projects", "--all").out.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [["~/idle", "-"], ["~/shop", "4711"]]


def test_json(known, tmp_path):
    (entry,) = json.loads(known("projects", "-o", "json").out)
    assert (entry["root"], entry["controller"], entry["sets"]) == (str(tmp_path / "shop"), 4711, 1)


def test_none(shell):
    outcome = shell("projects")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "no controller runs in any project\n")
