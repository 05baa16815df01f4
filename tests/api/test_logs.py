"""Logs of one Pod and of many workers."""

from __future__ import annotations

import pytest

from controller import ports
from controller.core import kinds
from tests.api.driver import PODS, Api, pod

MANY = "/workerset/v1/logs"


def ref(worker: str, workerset: str = "web") -> ports.WorkerRef:
    return ports.WorkerRef("default", workerset, worker)


def test_lines_of_a_pod(api: Api):
    api.pod("web-0")
    api.logs.write(ref("web-0"), "one")
    api.logs.write(ref("web-0"), "two")
    answer = api.get(f"{PODS}/web-0/log?container=main")
    assert (answer.code, answer.body) == (200, b"one\ntwo\n")
    assert answer.header("content-type") == "text/plain; charset=utf-8"
    assert api.get(f"{PODS}/web-0/log?tailLines=1").body == b"two\n"


def test_nothing_written_is_an_empty_answer(api: Api):
    api.pod("web-0")
    assert api.get(f"{PODS}/web-0/log").body == b""


def test_every_option_reaches_the_reader(api: Api):
    api.pod("web-0")
    api.get(f"{PODS}/web-0/log?timestamps=true&tailLines=3&sinceSeconds=10&limitBytes=100&follow=false")
    assert api.logs.queries[-1] == (
        [ref("web-0")],
        ports.LogQuery(tail_lines=3, since_wall=api.clock.wall() - 10, timestamps=True, limit_bytes=100),
    )
    api.get(f"{PODS}/web-0/log?sinceTime=2023-11-14T22:13:20Z")
    assert api.logs.queries[-1][1].since_wall == 1_700_000_000.0


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("container=sidecar", 400),
        ("tailLines=-1", 422),
        ("tailLines=x", 400),
        ("sinceSeconds=0", 422),
        ("limitBytes=0", 422),
        ("sinceTime=yesterday", 422),
        ("sinceSeconds=1&sinceTime=2023-11-14T22:13:20Z", 422),
        ("previous=true", 400),
        ("previous=true&follow=true", 400),
    ],
)
def test_options_that_make_no_sense(api: Api, query: str, code: int):
    api.pod("web-0")
    assert api.get(f"{PODS}/web-0/log?{query}").code == code


def test_the_previous_run(api: Api):
    api.pod("web-0")
    api.logs.previous.add(ref("web-0"))
    api.logs.write(ref("web-0"), "the end")
    assert api.get(f"{PODS}/web-0/log?previous=true").body == b"the end\n"


def test_no_pod_no_log(api: Api):
    assert api.get(f"{PODS}/web-0/log").json()["message"] == 'pods "web-0" not found'


def test_following_goes_on_until_the_client_hangs_up(api: Api):
    api.pod("web-0")
    follow = api.stream(f"{PODS}/web-0/log?follow=true")
    api.logs.write(ref("web-0"), "later")
    assert follow.line() == b"later"
    follow.hang_up()
    assert api.logs.readers == 0


def test_following_ends_with_the_server(api: Api):
    api.pod("web-0")
    follow = api.stream(f"{PODS}/web-0/log?follow=true")
    api.app.state.streams.end_all()
    assert follow.ended()


def test_many_workers_are_merged(api: Api):
    for name, workerset in (("web-0", "web"), ("web-1", "web"), ("db-0", "db")):
        api.pod(name, workerset)
        api.logs.write(ref(name, workerset), "hello")
    assert api.get(f"{MANY}?namespace=default&workerset=web&prefix=true").body == (
        b"web-0 | hello\nweb-1 | hello\n"
    )
    assert api.get(f"{MANY}?worker=db-0&prefix=true").body == b"db-0 | hello\n"
    assert api.get(f"{MANY}?labelSelector=workerset.dev/set%3Ddb").body == b"hello\n"
    assert len(api.get(MANY).body.splitlines()) == 3


def test_a_set_without_workers_is_silent_and_one_that_is_not_there_an_error(api: Api):
    api.create("web")
    assert api.get(f"{MANY}?workerset=web").body == b""
    assert api.get(f"{MANY}?workerset=nope").code == 404
    assert api.get(f"{MANY}?worker=nope-0").code == 404


def test_a_worker_that_comes_later_is_read_from_the_start_of_its_run(api: Api):
    api.create("web")
    follow = api.stream(f"{MANY}?workerset=web&follow=true&sinceSeconds=1&tailLines=0")
    api.logs.write(ref("web-0"), "of another worker of this name")
    api.logs.begin(ref("web-0"), "r1")
    api.logs.write(ref("web-0"), "first")
    status = {"containerStatuses": [{"name": "main", "containerID": "workerset://r1"}]}
    api.store.create(kinds.PODS, {**pod("web-0"), "status": status})
    assert follow.line() == b"first"


def test_s4_6_what_an_ended_worker_wrote_can_be_read_while_it_is_there(api: Api):
    for worker in ("web-0", "web-1", "web-api-0"):
        api.logs.write(ref(worker), worker)
    assert api.get(f"{MANY}?namespace=default&worker=web-1").body == b"web-1\n"
    assert api.get(f"{MANY}?namespace=default&workerset=web").body == b"web-0\nweb-1\n"
    assert api.get(f"{MANY}?namespace=other&worker=web-1").code == 404
    api.create("web")
    assert api.get(f"{MANY}?namespace=default&workerset=web").body == b"web-0\nweb-1\n"


def test_a_worker_that_comes_back_while_its_past_is_followed_is_read_once(api: Api):
    api.logs.write(ref("web-0"), "old")
    follow = api.stream(f"{MANY}?namespace=default&worker=web-0&follow=true")
    assert follow.line() == b"old"
    api.pod("web-0")
    api.logs.write(ref("web-0", ""), "new")
    assert follow.line() == b"new"
    assert len(api.logs.queries) == 1


def test_following_a_set_takes_in_workers_that_come_later(api: Api):
    api.create("web")
    api.pod("web-0")
    follow = api.stream(f"{MANY}?workerset=web&follow=true&prefix=true&tailLines=5")
    api.logs.write(ref("web-0"), "a")
    assert follow.line() == b"web-0 | a"
    api.pod("db-0", "db")
    api.pod("web-1")
    api.logs.write(ref("db-0", "db"), "not this")
    api.logs.write(ref("web-1"), "b")
    assert follow.line() == b"web-1 | b"
    follow.hang_up()
    assert api.logs.readers == 0


def test_following_goes_on_when_a_worker_is_made_anew(api: Api):
    api.pod("web-0")
    follow = api.stream(f"{MANY}?worker=web-0&follow=true")
    api.logs.write(ref("web-0"), "a")
    assert follow.line() == b"a"
    api.store.delete(kinds.PODS, kinds.Key("default", "web-0"))
    api.store.create(kinds.PODS, pod("web-0", uid="another"))
    api.logs.write(ref("web-0"), "b")
    assert follow.line() == b"b"
    follow.hang_up()
    assert len(api.logs.queries) == 1
