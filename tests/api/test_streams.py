"""exec and attach over WebSockets: channels, ends, refusals; nothing is left running."""

from __future__ import annotations

import json
from typing import Any

import pytest

from controller.core import kinds
from tests.api.driver import PODS, Api
from tests.api.talking import Talk
from tests.fakes.session import FakeSession

V5, V4 = "v5.channel.k8s.io", "v4.channel.k8s.io"
EXEC = f"{PODS}/web-0/exec?command=sh&command=-c&command=true&stdin=true&stdout=true&stderr=true"


@pytest.fixture
def running(api: Api) -> Api:
    put_pod(api, {"running": {"startedAt": "2026-01-01T00:00:00Z"}}, "Running")
    return api


def put_pod(api: Api, state: dict[str, Any], phase: str, **container: Any) -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "web-0",
            "namespace": "default",
            "uid": "u",
            "ownerReferences": [{"name": "web"}],
        },
        "spec": {"containers": [{"name": "main", "image": "local", **container}]},
        "status": {"phase": phase, "containerStatuses": [{"name": "main", "state": state}]},
    }
    api.store.create(kinds.PODS, pod)


def begun(api: Api, target: str = EXEC, protocol: str = V5) -> tuple[Talk, FakeSession]:
    talk = Talk(api, target, protocol)
    talk.until(lambda: api.control.sessions)
    return talk, api.control.sessions[0]


def status(message: bytes) -> Any:
    assert message[0] == 3
    return json.loads(message[1:])


def test_outputs_come_on_channels_and_a_status_at_the_end(running: Api) -> None:
    talk, session = begun(running)
    assert talk.subprotocol == V5
    assert session.asked is not None
    assert session.asked.argv == ("sh", "-c", "true")
    session.prints(b"out")
    assert talk.hear() == b"\x01out"
    session.prints(b"err", 2)
    assert talk.hear() == b"\x02err"
    session.ends(0)
    assert status(talk.hear()) == {"metadata": {}, "status": "Success"}
    assert talk.ended() == 1000
    assert session.closed.is_set()


@pytest.mark.parametrize(("ended", "told"), [({"code": 7}, "7"), ({"code": None, "signal": 9}, "137")])
def test_the_exit_code_is_a_cause_of_the_status(running: Api, ended: dict[str, Any], told: str) -> None:
    talk, session = begun(running, protocol=V4)
    session.ends(**ended)
    found = status(talk.hear())
    assert (found["status"], found["reason"]) == ("Failure", "NonZeroExitCode")
    assert found["details"]["causes"] == [{"reason": "ExitCode", "message": told}]


def test_stdin_its_end_and_the_size_arrive(running: Api) -> None:
    talk, session = begun(running)
    for message in (b"\x00some", b'\x04{"Width":101,"Height":33}', b"\x04nonsense", b"\x04{}", b"\xff\x00"):
        talk.say(message)
    talk.until(lambda: session.input_ended)
    assert (session.sent, session.sizes) == (b"some", [(101, 33)])
    talk.hang_up()


def test_who_hangs_up_ends_the_command(running: Api) -> None:
    talk, session = begun(running)
    talk.hang_up()
    assert session.closed.is_set()


def test_the_end_of_the_server_ends_the_command(running: Api) -> None:
    talk, session = begun(running)
    running.app.state.streams.end_all()
    talk.ended()
    assert session.closed.is_set()


@pytest.mark.parametrize(
    "problem",
    [LookupError("it does not run any more"), ConnectionError("the part that runs processes is away")],
)
def test_a_worker_that_dies_meanwhile_is_told_in_a_sentence(running: Api, problem: Exception) -> None:
    talk, session = begun(running)
    session.fails(problem)
    found = status(talk.hear())
    assert found["status"] == "Failure"
    assert found["message"]


def test_a_command_that_ends_with_its_worker_says_so(running: Api) -> None:
    talk, session = begun(running)
    session.ends(None, signal=9, error="the worker has ended, and with it what ran beside it")
    assert status(talk.hear())["message"] == "the worker has ended, and with it what ran beside it"


def test_a_worker_that_is_gone_by_then_is_told_on_the_channel(running: Api) -> None:
    running.control.no_session = LookupError("it does not run: web-0")
    talk = Talk(running, EXEC, V5)
    assert status(talk.hear())["message"] == "it does not run: web-0"
    assert talk.ended() == 1000


def test_no_subprotocol_is_taken_as_it_comes(running: Api) -> None:
    talk = Talk(running, EXEC)
    assert talk.accepted
    talk.hang_up()


@pytest.mark.parametrize(
    ("target", "protocols", "code", "words"),
    [
        (f"{PODS}/nope/exec?command=x&stdout=true", [V5], 404, 'pods "nope" not found'),
        (f"{PODS}/web-0/exec?stdout=true", [V5], 400, "at least one command"),
        (f"{PODS}/web-0/exec?command=x", [V5], 400, "at least one of stdin, stdout, stderr"),
        (f"{PODS}/web-0/exec?command=x&tty=true&stderr=true", [V5], 400, "a terminal has one output"),
        (f"{PODS}/web-0/exec?command=x&stdout=true&container=side", [V5], 400, "a worker has one: main"),
        (f"{PODS}/web-0/exec?command=x&stdout=true", ["v9.channel"], 400, "no subprotocol in common"),
        (f"{PODS}/web-0/attach?stdin=true&stdout=true", [V5], 400, "attach without -i"),
        (f"{PODS}/web-0/portforward?ports=99999", [V4], 400, "a port is a number up to 65535"),
    ],
)
def test_what_cannot_be_is_refused_before_it_begins(
    running: Api, target: str, protocols: list[str], code: int, words: str
) -> None:
    talk = Talk(running, target, *protocols)
    assert (talk.code, talk.refused["code"]) == (code, code)
    assert words in talk.refused["message"]


@pytest.mark.parametrize("kind", ["exec", "attach", "portforward"])
def test_a_worker_that_does_not_run_has_no_streams(api: Api, kind: str) -> None:
    put_pod(api, {"waiting": {"reason": "CrashLoopBackOff"}}, "Running")
    talk = Talk(api, f"{PODS}/web-0/{kind}?command=x&stdout=true", V5 if kind != "portforward" else V4)
    assert talk.code == 400
    assert "the worker does not run now" in talk.refused["message"]


@pytest.mark.parametrize("kind", ["exec", "attach", "portforward"])
def test_old_clients_are_told_what_they_lack(running: Api, kind: str) -> None:
    """They ask by POST for an upgrade to SPDY; so do new ones that were refused, and show this answer."""
    answer = running.send("POST", f"{PODS}/web-0/{kind}?command=x&stdout=true")
    assert answer.code == 400
    assert "kubectl 1.30 or newer" in answer.json()["message"]
    assert running.send("POST", f"{PODS}/nope/{kind}?command=x").code == 404


def test_attach_talks_to_a_worker_with_a_terminal(api: Api) -> None:
    put_pod(api, {"running": {"startedAt": "2026-01-01T00:00:00Z"}}, "Running", tty=True)
    talk, session = begun(api, f"{PODS}/web-0/attach?stdin=true&stdout=true&tty=true")
    assert session.asked is not None
    assert (session.asked.argv, session.asked.stdin, session.asked.stderr) == ((), True, False)
    talk.say(b"\x00c\n")
    talk.until(lambda: session.sent == b"c\n")
    talk.say(b'\x04{"Width": 91, "Height": 37}')
    talk.until(lambda: session.sizes == [(91, 37)])
    talk.hang_up()


def test_attach_prints_what_comes_from_now_on(running: Api) -> None:
    talk = Talk(running, f"{PODS}/web-0/attach?stdout=true&stderr=true", V5)
    talk.until(lambda: running.logs.readers)
    [(workers, query)] = running.logs.queries
    assert (query.follow, query.tail_lines) == (True, 0)
    running.logs.write(workers[0], "news")
    assert talk.hear() == b"\x01news\n"
    talk.hang_up()
    assert not running.logs.readers
