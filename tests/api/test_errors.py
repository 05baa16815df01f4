"""Whatever goes wrong, a client gets a Status it can read."""

from __future__ import annotations

import logging

import pytest

from controller.api import bodies, encode
from controller.core import errors
from tests.api.driver import PODS, SETS, Api


def test_unknown_paths_are_not_found_in_the_words_kubectl_knows(api: Api):
    for path in ("/nope", "/apis/workerset.dev/v1/nope", "/api/v2/pods", "/", "/a//"):
        refused = api.get(path)
        assert (refused.code, refused.json()["kind"]) == (404, "Status")
        assert refused.json()["message"] == "the server could not find the requested resource"


def test_a_slash_too_many_does_no_harm(api: Api):
    assert api.get("/version/").code == 200
    assert api.get(f"{SETS}/").json()["kind"] == "WorkerSetList"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"a": 1,}', "line 1 column 9"),
        (b'{\n "a": }', "line 2 column 7"),
        (b"", "line 1 column 1"),
        (b'{"a": NaN}', "no such number"),
        (b'{"a": "\xff"}', "no valid UTF-8"),
        (b'{"spec": ' * 50_000, "nested too deeply"),
    ],
)
def test_malformed_json_is_shown_where(api: Api, body: bytes, words: str):
    refused = api.send("POST", SETS, body)
    assert (refused.code, refused.json()["reason"]) == (400, "BadRequest")
    assert words in refused.json()["message"]


def test_depth_that_only_later_code_trips_over_is_refused_too(api: Api):
    deep = b'{"metadata":{"name":"a"},"spec":{"command":' + b"[" * 900 + b"]" * 900 + b"}}"
    assert api.send("POST", SETS, deep).code in (400, 422)


def test_an_infinity_has_no_json_form():
    with pytest.raises(errors.BadRequest, match="no JSON form"):
        encode.dump({"a": float("inf")})


def test_a_body_beyond_the_limit_is_413(api: Api):
    refused = api.send("POST", SETS, b" " * (bodies.LIMIT + 1))
    assert (refused.code, refused.json()["reason"]) == (413, "RequestEntityTooLarge")
    assert not refused.header("connection"), "nothing of it is left to read"
    declared = api.send("POST", SETS, b"{}", content_length=str(bodies.LIMIT + 1))
    assert (declared.code, declared.header("connection")) == (413, "close")


def test_a_form_is_no_object(api: Api):
    refused = api.send("POST", SETS, b"a=b", content_type="application/x-www-form-urlencoded")
    assert refused.code == 415
    assert "application/json" in refused.json()["message"]


def test_what_breaks_inside_is_500_with_a_mark_that_the_log_has(api: Api, caplog: pytest.LogCaptureFixture):
    def broken() -> None:
        raise ZeroDivisionError("oops")

    api.control.project = broken
    with caplog.at_level(logging.ERROR):
        refused = api.get("/workerset/v1/project")
    assert (refused.code, refused.json()["reason"]) == (500, "InternalError")
    mark = refused.json()["message"].rpartition(": ")[2]
    assert mark in caplog.text
    assert "oops" in caplog.text
    assert "oops" not in refused.json()["message"]


def test_only_an_error_that_says_so_asks_to_try_again(api: Api):
    def later() -> None:
        raise errors.Unavailable("starting", retry_after_seconds=1)

    assert api.get(f"{SETS}/nope").header("retry-after") == ""
    api.control.project = later
    refused = api.get("/workerset/v1/project")
    assert (refused.code, refused.header("retry-after")) == (503, "1")
    assert refused.json()["details"] == {"retryAfterSeconds": 1}


def test_a_full_disk_is_told_and_nothing_is_there(api: Api):
    def full(*_: object, **__: object) -> None:
        raise errors.StorageFull("the disk is full")

    api.store.create = full
    refused = api.send("POST", SETS, {"metadata": {"name": "web"}, "spec": {"command": "x"}})
    assert (refused.code, refused.json()["reason"]) == (507, "InsufficientStorage")
    assert api.get(f"{SETS}/web").code == 404


def test_warnings_are_one_printable_line(api: Api):
    body = {"metadata": {"name": "a"}, "spec": {"command": "x", 'ü"\n\\': 1}}
    made = api.send("POST", SETS, body)
    assert made.code == 201
    assert made.warnings[0].isascii()
    assert made.warnings[0].isprintable()


def test_head_is_get_without_its_body_left_to_the_server(api: Api):
    assert api.send("HEAD", PODS).code == 200
