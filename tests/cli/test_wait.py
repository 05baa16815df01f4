"""`wait`: what can be waited for, and what is said when it does not come."""

from __future__ import annotations

import pytest

from controller.cli import conditions, errors
from tests.cli import samples
from tests.fakes.api_server import json_lines, status

WEB = f"{samples.SETS}/web"
READY = samples.workerset()
BROKEN = samples.not_ready("exit 1 after 0.3s")
STALE = samples.workerset(metadata={"generation": 2})


@pytest.mark.parametrize(
    ("wanted", "obj", "met"),
    [
        ("condition=Ready", READY, True),
        ("condition=ready=TRUE", READY, True),
        ("condition=Ready=False", READY, False),
        ("condition=Ready", BROKEN, False),
        ("condition=Ready=false", BROKEN, True),
        ("condition=Nope", READY, False),
        ("condition=Ready", STALE, False),
        ("condition=Ready", None, False),
        ("delete", READY, False),
        ("delete", None, True),
        ("create", READY, True),
        ("create", None, False),
        ("jsonpath={.status.readyReplicas}=2", READY, True),
        ("jsonpath={.status.readyReplicas}=3", READY, False),
        ("jsonpath=.status.state=Ready", READY, True),
        ("jsonpath={.status.state}='Ready'", READY, True),
        ('jsonpath={.status.conditions[?(@.type=="Ready")].status}=True', READY, True),
        ("jsonpath={.status.state}", READY, True),
        ("jsonpath={.status.nope}", READY, False),
        ("jsonpath={.status.nope[3]}", READY, False),
        ("jsonpath={.status.conditions[3]}", READY, False),
    ],
)
def test_predicates(wanted, obj, met):
    assert conditions.parse(wanted).is_met(obj) is met


@pytest.mark.parametrize(
    ("wanted", "obj", "state"),
    [
        ("condition=Ready", BROKEN, "Ready is False, exit 1 after 0.3s"),
        ("condition=Nope", READY, "it has no such condition yet"),
        ("condition=Ready", None, "it does not exist"),
        ("jsonpath={.status.readyReplicas}=3", READY, "the value is 2"),
        ("jsonpath={.x}", READY, "it has no such value yet"),
        ("delete", READY, "it exists"),
        ("create", None, "it does not exist"),
    ],
)
def test_states(wanted, obj, state):
    assert conditions.parse(wanted).state(obj) == state


@pytest.mark.parametrize(
    "text", ["ready", "condition", "condition=", "condition==x", "jsonpath=", "delete=1", ""]
)
def test_what_cannot_be_waited_for(text):
    with pytest.raises(errors.UsageError) as caught:
        conditions.parse(text)
    assert "condition=Ready" in caught.value.hint


def test_met_at_once(shell, api):
    api.on("GET", samples.SETS, samples.listing(READY))
    outcome = shell("wait", "ws", "web", "--for", "condition=Ready")
    assert (outcome.code, outcome.out) == (0, "workerset.workerset.dev/web condition met\n")
    assert len(api.requests) == 1
    assert api.requests[0].query == {"fieldSelector": "metadata.name=web"}


def test_met_by_a_later_event(shell, api):
    later = json_lines(
        {"type": "BOOKMARK", "object": {"metadata": {}}}, {"type": "MODIFIED", "object": READY}
    )
    api.on("GET", samples.SETS, samples.listing(BROKEN), later)
    assert shell("wait", "ws/web", "--for=condition=Ready").code == 0


def test_timeout_says_the_last_state(shell, api):
    with samples.quiet(samples.listing(BROKEN)) as answer:
        api.on("GET", samples.SETS, answer)
        outcome = shell("wait", "ws/web", "--for=condition=Ready", "--timeout", "20ms")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == (
        "timed out waiting for condition=Ready on workersets/web: Ready is False, exit 1 after 0.3s\n"
    )


def test_zero_looks_once(shell, api):
    with samples.quiet(samples.listing(BROKEN)) as answer:
        api.on("GET", samples.SETS, answer)
        assert shell("wait", "ws/web", "--for=condition=Ready", "--timeout=0").code == 1


def test_missing_is_an_error_except_for_create_and_delete(shell, api):
    created = json_lines({"type": "ADDED", "object": READY})
    api.on("GET", WEB, status(404, "NotFound", "no web"))
    api.on("GET", samples.SETS, samples.listing())
    assert shell("wait", "ws/web", "--for=condition=Ready").err == "error from server (NotFound): no web\n"
    assert shell("wait", "ws/web", "--for=delete").code == 0
    api.on("GET", samples.SETS, samples.listing(), created)
    assert shell("wait", "ws/web", "--for=create").code == 0


def test_delete_is_about_the_object_that_was_there(shell, api):
    new = samples.workerset(metadata={"uid": "another"})
    api.on("GET", samples.SETS, samples.listing(READY), json_lines({"type": "MODIFIED", "object": new}))
    assert shell("wait", "ws/web", "--for=delete").code == 0


def test_several(shell, api):
    job = samples.workerset("job")
    listed = samples.listing(BROKEN, job)
    later = json_lines({"type": "MODIFIED", "object": READY})
    api.on("GET", samples.SETS, listed, listed, later)
    outcome = shell("wait", "ws", "--all", "--for=condition=Ready")
    assert outcome.code == 0
    assert [line.split()[0][-3:] for line in outcome.out.splitlines()] == ["job", "web"]


def test_nothing_matches(shell, api):
    api.on("GET", samples.SETS, samples.listing())
    outcome = shell("wait", "ws", "-l", "a=b", "--for=condition=Ready")
    assert (outcome.code, outcome.err) == (1, "no matching resources found\n")


def test_outlives_an_expired_watch_and_a_lost_connection(shell, api):
    def broken():
        yield b'{"type":"MODIFIED","object":'
        raise ConnectionResetError

    gone = json_lines({"type": "ERROR", "object": {"kind": "Status", "code": 410}})
    later = json_lines({"type": "MODIFIED", "object": READY})
    old = samples.listing(BROKEN)
    api.on("GET", samples.SETS, old, gone, old, broken(), later)
    assert shell("wait", "ws/web", "--for=condition=Ready").code == 0


def test_other_errors_of_a_watch_are_told(shell, api):
    error = {"kind": "Status", "code": 500, "reason": "InternalError", "message": "oops"}
    api.on("GET", samples.SETS, samples.listing(BROKEN), json_lines({"type": "ERROR", "object": error}))
    assert shell("wait", "ws/web", "--for=condition=Ready").err == "error from server (InternalError): oops\n"
