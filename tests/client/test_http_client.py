"""HTTP over a Unix socket: framing, keep-alive, streams, errors."""

from __future__ import annotations

import os
import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.client import errors, http
from tests.fakes.api_server import Answer, ApiServer, json_lines, status


@pytest.fixture
def server(tmp_path):
    with ApiServer(str(tmp_path / "s")) as running:
        yield running


@pytest.fixture
def client(server):
    opened = http.Client(server.socket_path)
    yield opened
    opened.close()


def scripted(tmp_path, *answers: bytes):
    """A peer that accepts one connection per answer, reads something, says it, and hangs up."""
    path = str(tmp_path / "raw")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(8)
    listener.settimeout(10)

    def serve():
        with listener:
            for answer in answers:
                peer, _ = listener.accept()
                with peer:
                    peer.recv(65536)
                    peer.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    return path, thread


def test_request_sends_query_body_and_media_types(server, client):
    server.on("PATCH", "/a", {"ok": True})
    answer = client.request(
        "PATCH", "/a", {"x": "a b&c=ü", "force": True, "no": None, "n": 3}, {"k": "ü"}, http.MERGE_PATCH
    )
    assert answer.json() == {"ok": True}
    (seen,) = server.requests
    assert seen.query == {"x": "a b&c=ü", "force": "true", "n": "3"}
    assert seen.json() == {"k": "ü"}
    assert seen.headers["content-type"] == http.MERGE_PATCH


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=4))
def test_query_survives_any_text(values):
    from urllib.parse import parse_qsl, urlsplit

    try:
        where = http.target("/p", values)
    except UnicodeEncodeError:
        return
    assert dict(parse_qsl(urlsplit(where).query, keep_blank_values=True)) == values


def test_failure_status_is_an_api_error(server, client):
    server.on("GET", "/a", status(409, "Conflict", "the object has been modified"))
    with pytest.raises(errors.ApiError) as caught:
        client.request("GET", "/a")
    assert (caught.value.code, caught.value.reason) == (409, "Conflict")
    assert str(caught.value) == "the object has been modified"


def test_failure_without_a_status_keeps_the_text(server, client):
    server.on("GET", "/a", Answer(502, "bad gateway"))
    with pytest.raises(errors.ApiError, match="bad gateway"):
        client.request("GET", "/a")


def test_warning_headers(server, client):
    server.on("GET", "/a", Answer(200, {}, {"Warning": '299 - "unknown field \\"spec.x\\""'}))
    assert client.request("GET", "/a").warnings == ('unknown field "spec.x"',)


def test_chunked_body_in_one_piece(server, client):
    server.on("GET", "/a", Answer(200, iter([b"ab", b"cd" * 50000, b"e"])))
    assert client.request("GET", "/a").body == b"ab" + b"cd" * 50000 + b"e"


def test_stream_yields_lines_across_chunk_borders(server, client):
    server.on("GET", "/s", Answer(200, iter([b"on", b"e\ntwo\n", b"\nlast"])))
    with client.stream("GET", "/s") as stream:
        assert list(stream) == [b"one", b"two", b"", b"last"]


def test_stream_error_is_an_api_error(server, client):
    server.on("GET", "/s", status(400, "BadRequest", "no previous run"))
    with pytest.raises(errors.ApiError, match="no previous run"):
        client.stream("GET", "/s")


def test_stream_and_requests_do_not_disturb_each_other(server, client):
    server.on("GET", "/s", json_lines({"n": 1}, {"n": 2}))
    server.on("GET", "/a", {"n": 0})
    with client.stream("GET", "/s") as stream:
        assert client.request("GET", "/a").json() == {"n": 0}
        assert len(list(stream)) == 2


def test_reconnects_after_the_server_closed_an_idle_connection(tmp_path):
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    path, thread = scripted(tmp_path, answer, answer)
    client = http.Client(path)
    assert client.request("GET", "/").body == b"ok"
    assert client.request("GET", "/").body == b"ok"
    client.close()
    thread.join()


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok", "went away"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "went away"),
        (b"", "went away"),
        (b"SSH-2.0-x\r\n\r\n", "does not speak HTTP"),
    ],
)
def test_broken_answers_are_said(tmp_path, said, problem):
    path, thread = scripted(tmp_path, said)
    client = http.Client(path)
    with pytest.raises(errors.ClientError, match=problem):
        client.request("GET", "/")
    thread.join()


def test_until_close_and_interim_answers(tmp_path):
    path, thread = scripted(tmp_path, b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nto the end")
    assert http.Client(path).request("GET", "/").body == b"to the end"
    thread.join()


def test_nobody_listens(tmp_path):
    with pytest.raises(errors.NoController):
        http.Client(str(tmp_path / "none")).connect()
    dead = str(tmp_path / "dead")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(dead)
    with pytest.raises(errors.NoController):
        http.Client(dead).connect()
    os.unlink(dead)


def test_a_silent_controller_is_reported(tmp_path):
    path = str(tmp_path / "silent")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(1)
        with pytest.raises(errors.ClientError, match="stopped or stuck"):
            http.Client(path, timeout=0.05).request("GET", "/")
