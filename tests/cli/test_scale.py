"""`scale`: the scale subresource, a precondition, several sets."""

from __future__ import annotations

import pytest

from tests.cli import samples
from tests.fakes.api_server import json_lines, status

WEB = f"{samples.SETS}/web/scale"
SCALE = {
    "apiVersion": "autoscaling/v1",
    "kind": "Scale",
    "metadata": {"name": "web", "resourceVersion": "5"},
    "spec": {"replicas": 2},
}


@pytest.fixture
def web(api):
    api.on("GET", WEB, SCALE)
    api.on("PATCH", WEB, SCALE)
    return api


@pytest.mark.parametrize(
    "words", [["web", "--num", "3"], ["ws/web", "--replicas=3"], ["ws", "web", "--num=3"]]
)
def test_scale(shell, web, words):
    outcome = shell("scale", *words)
    assert (outcome.code, outcome.out, outcome.err) == (0, "workerset.workerset.dev/web scaled\n", "")
    patch = web.requests[-1]
    assert patch.json() == {"spec": {"replicas": 3}}
    assert patch.headers["content-type"] == "application/merge-patch+json"
    assert patch.query == {"fieldManager": "workerctl-scale"}


def test_precondition(shell, web):
    outcome = shell("scale", "web", "--current-replicas", "7", "--num", "3")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == "workerset.workerset.dev/web runs 2, not 7: not scaled\n"
    assert shell("scale", "web", "--current-replicas", "2", "--num", "3").code == 0
    assert web.requests[-1].json()["metadata"] == {"resourceVersion": "5"}


def test_with_a_timeout_it_waits_until_that_many_are_ready(shell, web):
    old = samples.workerset(metadata={"generation": 2}, status={"observedGeneration": 1})
    new = samples.workerset(metadata={"generation": 2}, status={"observedGeneration": 2}, version=11)
    web.on("GET", samples.SETS, samples.listing(old), json_lines({"type": "MODIFIED", "object": new}))
    outcome = shell("scale", "web", "--num", "3", "--timeout", "5s")
    assert outcome.code == 0
    assert outcome.out.splitlines()[0] == "workerset.workerset.dev/web scaled"
    assert outcome.out.splitlines()[-1] == "workerset.workerset.dev/web successfully rolled out"


def test_a_timeout_that_passes_fails(shell, web):
    old = samples.workerset(metadata={"generation": 2}, status={"observedGeneration": 1})
    with samples.quiet(samples.listing(old)) as answer:
        web.on("GET", samples.SETS, answer)
        outcome = shell("scale", "web", "--num", "3", "--timeout", "20ms")
    assert outcome.code == 1
    assert "timed out" in outcome.err


def test_dry_run(shell, web):
    assert shell("scale", "--dry-run", "web", "--num", "3").out.endswith("scaled (server dry run)\n")
    assert web.requests[-1].query["dryRun"] == "All"
    assert '"replicas": 3' in shell("scale", "web", "--num", "3", "--dry-run=client", "-o", "json").out


def test_all(shell, web):
    web.on("GET", samples.SETS, samples.listing(samples.workerset()))
    for words in (["ws", "--all"], ["--all"], ["-l", "app=shop"]):
        assert shell("scale", *words, "--num", "0").out == "workerset.workerset.dev/web scaled\n"
    assert web.asked("GET", samples.SETS)[-1].query == {"labelSelector": "app=shop"}


def test_failures_are_told_apart_from_the_rest(shell, web):
    web.on("PATCH", f"{samples.SETS}/x/scale", status(404, "NotFound", "no x"))
    outcome = shell("scale", "x", "web", "--num", "1")
    assert (outcome.code, outcome.out) == (1, "workerset.workerset.dev/web scaled\n")
    assert outcome.err == "error from server (NotFound): no x\n"


@pytest.mark.parametrize(
    "words",
    [
        ["web"],
        ["web", "--num", "-1"],
        ["web", "--num", "x"],
        ["--num", "1"],
        ["web", "--all", "--num", "1"],
        ["pod/web-0", "--num", "1"],
    ],
)
def test_usage(shell, web, words):
    assert shell("scale", *words).code == 2
