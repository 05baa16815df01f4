"""`stop` and `start`: suspend under its own owner."""

from __future__ import annotations

import pytest

from tests.cli.sets import OWN_SETS, SETS, listed, workerset
from tests.fakes.api_server import json_lines, status

WEB = f"{OWN_SETS}/web"


def test_stop_sets_suspend_as_its_own_owner_and_waits(shell, api):
    api.on("GET", WEB, workerset("web"))
    api.on("PATCH", WEB, workerset("web", suspend=True))
    gone = {"type": "MODIFIED", "object": workerset("web", "Suspended", 0, suspend=True)}
    api.on(
        "GET",
        SETS,
        lambda ask: json_lines(gone) if "watch" in ask.query else listed(workerset("web", suspend=True)),
    )
    outcome = shell("stop", "web")
    assert (outcome.code, outcome.out) == (0, "workerset.workerset.dev/web stopped\n")
    (patch,) = api.asked("PATCH", WEB)
    assert patch.headers["content-type"] == "application/apply-patch+yaml"
    assert patch.query == {"fieldManager": "workerctl-stop", "force": "true"}
    assert patch.json()["spec"] == {"suspend": True}


def test_stop_without_waiting(shell, api):
    api.on("GET", WEB, workerset("web"))
    api.on("PATCH", WEB, workerset("web", suspend=True))
    assert shell("stop", "ws/web", "--no-wait").out == "workerset.workerset.dev/web stopping\n"


def test_stop_that_takes_too_long_fails(shell, api):
    api.on("GET", WEB, workerset("web"))
    api.on("PATCH", WEB, workerset("web", suspend=True))
    api.on("GET", SETS, listed(workerset("web", suspend=True)))
    outcome = shell("stop", "web", "--timeout", "0")
    assert (outcome.code, outcome.err.splitlines()[0]) == (1, "not stopped in time: web")


def test_stop_of_an_unknown_set_creates_none(shell, api):
    api.on("GET", WEB, status(404, "NotFound", 'workersets.workerset.dev "web" not found'))
    assert shell("stop", "web").code == 1
    assert api.asked("PATCH", WEB) == []


def test_stop_all_of_a_namespace(shell, api):
    api.on("GET", OWN_SETS, listed(workerset("web", suspend=True)))
    api.on("GET", WEB, workerset("web", suspend=True))
    assert shell("stop", "--all").out == "workerset.workerset.dev/web was stopped already\n"


def test_start_lets_go_of_the_field(shell, api):
    api.on("GET", WEB, workerset("web", suspend=True))
    api.on("PATCH", WEB, workerset("web"))
    assert shell("start", "web").out == "workerset.workerset.dev/web started\n"
    (patch,) = api.asked("PATCH", WEB)
    assert "spec" not in patch.json()


def test_start_overrides_a_manifest_that_suspends(shell, api):
    api.on("GET", WEB, workerset("web", suspend=True))
    api.on("PATCH", WEB, workerset("web", suspend=True), workerset("web"))
    assert shell("start", "web").code == 0
    assert api.asked("PATCH", WEB)[1].json()["spec"] == {"suspend": False}


def test_start_wait_fails_with_the_reason(shell, api):
    api.on("GET", WEB, workerset("web", suspend=True))
    api.on("PATCH", WEB, workerset("web"))
    api.on("GET", SETS, listed(workerset("web", "Failed", 0, "exit 3")))
    outcome = shell("start", "web", "--wait")
    assert (outcome.code, outcome.err) == (1, "web failed: exit 3\n")


@pytest.mark.parametrize("words", [["stop"], ["start"], ["stop", "web", "--all"]])
def test_which_sets_must_be_said(shell, api, words):
    assert shell(*words).code == 2
