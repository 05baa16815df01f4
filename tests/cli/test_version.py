"""`version`: both, and what to do where they differ."""

from __future__ import annotations

import json

import controller


def test_both(shell, api):
    outcome = shell("version")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == "workerctl   0.1.0\ncontroller  0.1.0\n"


def test_without_a_controller(shell):
    outcome = shell("version")
    assert (outcome.code, outcome.out) == (0, "workerctl   0.1.0\ncontroller  none runs for ~/shop\n")


def test_a_difference_says_how_to_replace_it(shell, api):
    api.on("GET", "/version", {"gitVersion": "v1.32.0+workerset-0.0.9"})
    outcome = shell("version")
    assert "the controller runs version 0.0.9, this command is 0.1.0" in outcome.err
    assert "kill -TERM $(cat .workerset/controller.pid)" in outcome.err


def test_json(shell, api):
    assert json.loads(shell("version", "-o", "json").out) == {
        "clientVersion": controller.__version__,
        "controllerVersion": "0.1.0",
    }


def test_option_asks_no_controller(shell, api):
    assert shell("--version").out == "workerctl   0.1.0\n"
    assert api.requests == []
