"""`diff`: fields, workers, exit codes, masked secrets, another program."""

from __future__ import annotations

import pytest

from controller.cli import bulk, diff
from tests.cli.sets import APPLY, MANIFEST, applied, workerset
from tests.fakes.api_server import status


def declared(num, **env):
    obj = workerset("web", num=num, env=env)
    obj["metadata"].update(
        uid="u", managedFields=[{"manager": "x"}], creationTimestamp="2026-01-02T10:00:00Z"
    )
    return obj


@pytest.fixture
def changed(shell, api):
    shell.write("m.yaml", MANIFEST % "web")
    workers = [
        {"worker": "web-0", "action": "restart", "reason": "env PORT changed"},
        {"worker": "web-1", "action": "restart", "reason": "env PORT changed"},
        {"worker": "web-2", "action": "start", "reason": "num is 3"},
        {"worker": "job-0", "action": "keep", "reason": ""},
    ]
    before = declared(2, PORT="80", API_TOKEN="old", DB_PASSWORD="same")
    after = declared(3, PORT="81", API_TOKEN="new", DB_PASSWORD="same")
    api.on("POST", APPLY, {"items": [applied("configured", after, before=before, workers=workers)]})
    return shell


def test_fields_and_workers(changed, golden):
    outcome = changed("diff", "-f", "m.yaml")
    assert (outcome.code, outcome.err) == (1, "")
    golden("diff.txt", outcome.out)
    assert "old" not in outcome.out
    assert "new" not in outcome.out
    assert changed.api.asked("POST", APPLY)[0].json()["dryRun"] is True


def test_secrets_on_the_command_line_are_masked(shell, api):
    shell.write("m.yaml", MANIFEST % "web")
    before, after = workerset("web"), workerset("web")
    before["spec"] = {"command": "app --token hunter2 DB_PASSWORD=x", "args": ["--secret=hunter2", "1"]}
    after["spec"] = {"command": ["app", "--token", "hunter3"], "args": ["--secret=hunter3", "2"]}
    api.on("POST", APPLY, {"items": [applied("configured", after, before=before)]})
    outcome = shell("diff", "-f", "m.yaml")
    assert outcome.code == 1
    assert "hunter" not in outcome.out
    assert "-  command: app --token ******** (before) DB_PASSWORD=********\n" in outcome.out
    assert "+  - --secret=******** (after)\n" in outcome.out


def test_nothing_differs(shell, api):
    shell.write("m.yaml", MANIFEST % "web")
    keep = [{"worker": "web-0", "action": "keep", "reason": ""}]
    api.on("POST", APPLY, {"items": [applied("unchanged", workerset("web"), workers=keep)]})
    outcome = shell("diff", "-f", "m.yaml")
    assert (outcome.code, outcome.out) == (0, "")


@pytest.mark.parametrize(
    ("switch", "code"), [("--exit-code", 1), ("--exit-code=true", 1), ("--exit-code=false", 0)]
)
def test_differences_are_a_gate_unless_told_otherwise(changed, switch, code):
    outcome = changed("diff", "-f", "m.yaml", switch)
    assert (outcome.code, "PORT" in outcome.out) == (code, True)


@pytest.mark.parametrize("switch", ["--exit-code", "--exit-code=false"])
def test_what_could_not_be_compared_never_passes_a_gate(shell, api, switch):
    shell.write("m.yaml", MANIFEST % "web")
    assert shell("diff", "-f", "nope.yaml", switch).code == 2
    api.on(
        "POST",
        APPLY,
        {"items": [applied("failed", workerset("web"), code=409, status=status("Conflict", "taken", 409))]},
    )
    assert shell("diff", "-f", "m.yaml", switch).code == 2


def test_no_controller_is_no_difference_and_no_pass(shell):
    shell.write("m.yaml", MANIFEST % "web")
    outcome = shell("diff", "-f", "m.yaml", "--exit-code=false")
    assert (outcome.code, "no controller runs" in outcome.err) == (2, True)


def test_new_and_pruned_sets(shell, api):
    shell.write("m.yaml", MANIFEST % "web")
    gone = workerset("old")
    items = [applied("created", workerset("web")), applied("pruned", gone, before=gone)]
    api.on("POST", APPLY, {"items": items})
    outcome = shell("diff", "-f", "m.yaml", "--prune")
    assert outcome.code == 1
    assert "--- /dev/null\n+++ m.yaml:1\n" in outcome.out
    assert "--- live/default/old\n+++ /dev/null\n" in outcome.out


@pytest.mark.parametrize(
    "break_it",
    [lambda shell, api: api.on("POST", APPLY, status(500, "InternalError", "x")), lambda shell, api: None],
)
def test_trouble_is_above_one(shell, api, break_it):
    shell.write("m.yaml", MANIFEST % "web")
    break_it(shell, api)
    assert shell("diff", "-f", "m.yaml").code == 2
    assert shell("diff", "-f", "missing.yaml").code == 2


def test_no_controller_is_above_one(shell):
    shell.write("m.yaml", MANIFEST % "web")
    outcome = shell("diff", "-f", "m.yaml")
    assert outcome.code == 2
    assert "workerctl up -d" in outcome.err


@pytest.mark.parametrize(("command", "code"), [("diff -ruN", 1), ("true", 0), ("sh -c 'exit 7'", 7)])
def test_another_program(changed, command, code):
    changed.environ["KUBECTL_EXTERNAL_DIFF"] = command
    outcome = changed("diff", "-f", "m.yaml", "--no-workers")
    assert outcome.code == code
    if code == 1:
        assert "+  num: 3" in outcome.out
        assert "workerset.dev.v1.WorkerSet.default.web" in outcome.out


def test_another_program_that_is_not_there(changed):
    changed.environ["KUBECTL_EXTERNAL_DIFF"] = "no-such-program"
    outcome = changed("diff", "-f", "m.yaml")
    assert outcome.code == 2
    assert "it is: no-such-program" in outcome.err


def test_workers_with_one_reason_share_a_line():
    actions = [bulk.Action(f"web-{n}", "restart", "env changed") for n in range(3)] + [
        bulk.Action("x", "keep", "")
    ]
    assert diff.grouped(actions) == [
        ("restart", "env changed", ["web-0", "web-1", "web-2"]),
        ("keep", "", ["x"]),
    ]
