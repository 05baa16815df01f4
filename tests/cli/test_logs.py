"""`logs`: which workers, which lines."""

from __future__ import annotations

import pytest

from tests.cli.sets import LOGS, OWN_SETS, PODS, listed, pod, workerset
from tests.fakes.api_server import Answer, status


@pytest.fixture
def said(shell, api):
    api.on("GET", LOGS, lambda request: iter([b"one\ntw", b"o\nhalf"]))
    api.on("GET", f"{OWN_SETS}/web", workerset("web"))
    api.on("GET", PODS, listed(pod("web-0", "web"), pod("web-1", "web")))
    api.on("GET", f"{PODS}/web-0", pod("web-0", "web"))
    return shell


def asked(shell):
    return shell.api.asked("GET", LOGS)[0].query


def test_a_worker_by_name(said):
    outcome = said("logs", "web-0")
    assert (outcome.code, outcome.out) == (0, "one\ntwo\nhalf\n")
    assert asked(said) == {"namespace": "default", "worker": "web-0"}


def test_a_set_has_prefixes_where_it_has_several_workers(said):
    said("logs", "web")
    assert asked(said) == {"namespace": "default", "workerset": "web", "prefix": "true"}


def test_a_set_of_one_worker_has_none(said):
    said.api.on("GET", PODS, listed(pod("web-0", "web")))
    said("logs", "ws/web")
    assert "prefix" not in asked(said)


@pytest.mark.parametrize(
    ("words", "query"),
    [
        (["pod/web-0", "--tail", "20"], {"worker": "web-0", "tailLines": "20"}),
        (["pod/web-0", "--since", "1m30s"], {"worker": "web-0", "sinceSeconds": "90"}),
        (
            ["pod/web-0", "--since-time", "2026-01-02T10:00:00Z"],
            {"worker": "web-0", "sinceTime": "2026-01-02T10:00:00Z"},
        ),
        (["pod/web-0", "--timestamps", "-p"], {"worker": "web-0", "timestamps": "true", "previous": "true"}),
        (["pod/web-0", "--prefix"], {"worker": "web-0", "prefix": "true"}),
        (["-l", "tier=back"], {"labelSelector": "tier=back", "prefix": "true"}),
        (["--all", "--no-prefix"], {}),
        (["web", "-f"], {"workerset": "web", "prefix": "true", "follow": "true"}),
    ],
)
def test_options_reach_the_request(said, words, query):
    assert said("logs", *words).code == 0
    assert asked(said) == {"namespace": "default", **query}


def test_unknown_name_says_what_there_is(said):
    said.api.on("GET", LOGS, status(404, "NotFound", "not found"))
    outcome = said("logs", "nope")
    assert outcome.code == 1
    assert outcome.err == (
        "no set and no worker of this name in namespace default, and no log of one: nope\n"
        "what there is: workerctl get ws,pods\n"
    )


@pytest.mark.parametrize("kind", ["worker", "workerset"])
def test_what_is_gone_is_read_from_what_it_left(shell, api, kind):
    def answer(request):
        gone = status(404, "NotFound", "not found")
        return iter([b"the end\n"]) if request.query.get(kind) == "old" else gone

    api.on("GET", LOGS, answer)
    api.on("GET", PODS, listed())
    outcome = shell("logs", "old")
    assert (outcome.code, outcome.out) == (0, "the end\n")


def test_paths_of_a_set_that_is_gone(said):
    folder = said.folder / ".workerset/logs/default"
    folder.mkdir(parents=True)
    for name in ("old-0.log", "old-0.log.1", "old-1.log", "old-api-0.log"):
        (folder / name).touch()
    said.api.on("GET", PODS, listed())
    assert said("logs", "ws/old", "--path").out == f"{folder}/old-0.log\n{folder}/old-1.log\n"


def test_no_previous_run(said):
    said.api.on("GET", LOGS, status(400, "BadRequest", 'previous run of worker "web-0" not found'))
    outcome = said("logs", "web-0", "--previous")
    assert (outcome.code, outcome.err) == (
        1,
        'error from server (BadRequest): previous run of worker "web-0" not found\n',
    )


def test_paths(said):
    folder = f"{said.folder}/.workerset/logs/default"
    assert said("logs", "web-0", "--path").out == f"{folder}/web-0.log\n"
    assert said("logs", "web", "--path").out == f"{folder}/web-0.log\n{folder}/web-1.log\n"


def test_bytes_that_are_no_text_do_not_stop_it(said):
    said.api.on("GET", LOGS, Answer(200, iter([b"\xff\xfe ok\n"])))
    assert said("logs", "web-0").out.endswith(" ok\n")


@pytest.mark.parametrize("words", [[], ["web", "--all"], ["-l", "a=b", "--all"], ["event/x"]])
def test_usage(said, words):
    assert said("logs", *words).code == 2
