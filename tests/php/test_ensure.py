"""S3 in PHP: what is checked, what is asked of the controller, and what its answers become."""

from __future__ import annotations

import signal
import subprocess
from typing import Any

import pytest

from controller.sdk.workerset import layout
from tests.php.conftest import Object, Php

CALL = "frankenphp_ensure_background_worker"


def ready(php: Php) -> None:
    """A controller where everything is ready at once."""
    php.slot[layout.READY] = 1

    def answer(request: Object) -> Object:
        names = request.get("names", [])
        return {"ok": True, "instances": [php.instance(name) for name in names]}

    php.serve(answer)


def asked(php: Php) -> list[Object]:
    assert php.server is not None
    return php.server.asked


# -------------------------------------------------------------------------------------- what is checked


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ("[]", "ValueError", "must not be empty"),  # BatchEmpty
        ("''", "ValueError", "must not be empty"),
        ('"a\\0b"', "ValueError", "NUL"),
        ("['ok-name', 42]", "TypeError", "must contain only strings"),  # BatchNonString
        ("['ok-name', null]", "TypeError", "must contain only strings"),
        ("['ok', '']", "ValueError", "must not be empty"),
        ('["a\\0b"]', "ValueError", "NUL"),
        ("['dup', 'dup']", "ValueError", "duplicate"),  # BatchDuplicate
        ("['dup', 'dup', 42]", "ValueError", "duplicate"),
        ("'a', 0", "ValueError", "timeout"),
        ("'a', -1.5", "ValueError", "timeout"),
        ("'a', NAN", "ValueError", "timeout"),
        ("'a', INF", "ValueError", "timeout"),
        ("[], 0", "ValueError", "timeout"),
        ("null", "TypeError", "must be of type array|string, null given"),
        ("new stdClass", "TypeError", "must be of type array|string, stdClass given"),
        ("'a', 'soon'", "TypeError", "must be of type ?float, string given"),
    ],
)
def test_s3_1_malformed_input_asks_nobody(php: Php, arguments: str, kind: str, words: str) -> None:
    ready(php)
    found, message = php.throws(f"{CALL}({arguments})")
    assert (found, words in message) == (kind, True), message
    assert asked(php) == []


def test_names_are_coerced_as_php_does_unless_types_are_strict(php: Php) -> None:
    ready(php)
    php.says(f"{CALL}(42);")
    assert asked(php)[0]["names"] == ["42"]
    php.says(f"{CALL}('a', '2.5');")
    assert asked(php)[1]["timeout"] == pytest.approx(2.5, abs=1)


def test_frankenphp_get_vars_checks_its_name_too(php: Php) -> None:
    assert php.throws("frankenphp_get_vars('')")[0] == "ValueError"
    assert php.throws("frankenphp_get_vars(['a'])")[0] == "TypeError"


# ---------------------------------------------------------------------------------------- what is asked


def test_s3_one_request_for_the_whole_batch(php: Php) -> None:
    ready(php)
    php.says(f"{CALL}(['a', 'b', 'x' => 'c'], timeout: 5);", WORKERSET_SCOPE="shop")
    (request,) = asked(php)
    assert request.pop("timeout") == pytest.approx(5, abs=1)
    assert request == {
        "id": 1,
        "op": "ensure",
        "token": "token",
        "run": "run-1",
        "names": ["a", "b", "c"],
        "scope": "shop",
        "wait": True,
        "bootstrap": False,
    }


def test_the_default_is_thirty_seconds_in_the_callers_own_scope(php: Php) -> None:
    ready(php)
    php.says(f"{CALL}('a');")
    assert asked(php)[0]["timeout"] == pytest.approx(30, abs=1)
    assert asked(php)[0]["scope"] is None


def test_names_of_any_bytes_travel_and_come_back(php: Php) -> None:
    """As lone surrogates, which JSON of Python escapes and PHP does not know."""
    ready(php)
    names = r'["grün \u{1F600}", "caf\xe9", "\xed\xa0\x80\\u", "a/b\n\x7f"]'
    php.says(f"{CALL}({names});")
    raw = [b"gr\xc3\xbcn \xf0\x9f\x98\x80", b"caf\xe9", b"\xed\xa0\x80\\u", b"a/b\n\x7f"]
    assert [name.encode(errors="surrogateescape") for name in asked(php)[0]["names"]] == raw


def test_s3_9_what_is_ready_already_asks_nobody_again(php: Php) -> None:
    ready(php)
    php.says(f"for ($i = 0; $i < 5; $i++) {CALL}(['a', 'b']); {CALL}('b');")
    assert len(asked(php)) == 1


@pytest.mark.parametrize(("word", "value"), [(layout.READY, 0), (layout.EPOCH, 7)])
def test_s3_9_what_is_no_longer_ready_or_resolved_is_asked_for(php: Php, word: int, value: int) -> None:
    ready(php)
    change = (
        f"$f = fopen(getenv('WORKERSET_VARS'), 'r+b'); fseek($f, {8 * word}); fwrite($f, pack('P', {value}));"
    )
    php.says(f"{CALL}('a'); {change} {CALL}('a');")
    assert len(asked(php)) == 2


# ------------------------------------------------------------------------------------ what comes of it


@pytest.mark.parametrize("type_", ["undeclared", "cap", "given_up", "timeout", "invalid", "from the future"])
def test_s3_6_what_the_controller_refuses_keeps_its_words(php: Php, type_: str) -> None:
    error: dict[str, Any] = {"type": type_, "message": 'job: exit 255, attempt 3: "boom"\nin a.php:7'}
    php.serve(lambda _request: {"ok": False, "error": error})
    assert php.throws(f"{CALL}('job')") == ("RuntimeException", error["message"])
    error["advice"] = "repair it"
    assert php.throws(f"{CALL}('job')") == ("RuntimeException", f"{error['message']}; repair it")


def test_a_failed_ensure_is_asked_again(php: Php) -> None:
    php.serve(lambda _request: {"ok": False, "error": {"type": "timeout", "message": "late"}})
    php.says(f"for ($i = 0; $i < 2; $i++) try {{ {CALL}('a'); }} catch (RuntimeException) {{}}")
    assert len(asked(php)) == 2


def test_a_controller_that_is_replaced_is_asked_again(php: Php) -> None:
    """The connection breaks while the caller waits; the next controller knows what is desired."""
    answers = iter([{"hang_up": True}, {"hang_up": True}, {"ok": True, "instances": [php.instance("a")]}])
    php.serve(lambda _request: next(answers))
    assert php.says(f"{CALL}('a'); echo 'ready';") == "ready"
    assert [request["names"] for request in asked(php)] == [["a"]] * 3
    assert asked(php)[2]["timeout"] < asked(php)[0]["timeout"], "one deadline for all"


def test_a_connection_that_was_closed_meanwhile_is_made_again(php: Php) -> None:
    php.serve(lambda _request: {"ok": True, "instances": [php.instance("a")], "good_bye": True})
    assert php.says(f"for ($i = 0; $i < 3; $i++) {CALL}('a'); echo 'ready';") == "ready"
    assert len(asked(php)) == 3


def test_no_controller_at_all(php: Php) -> None:
    """Outside of a workerset the prepended functions say what is missing."""
    kind, message = php.throws(f"{CALL}('a')", WORKERSET_SOCKET=None)
    assert kind == "RuntimeException"
    assert "no controller is known here" in message
    assert php.throws("frankenphp_get_vars('a')", WORKERSET_SOCKET=None) == (kind, message)


def test_a_controller_that_is_away_is_waited_for_until_the_deadline(php: Php) -> None:
    kind, message = php.throws(f"{CALL}('a', 0.2)")
    assert kind == "RuntimeException"
    assert "does not answer" in message
    assert "workers" in message


def test_a_signal_does_not_end_the_wait(php: Php) -> None:
    php.slot[layout.READY] = 1

    def answer(request: Object) -> Object:
        run.send_signal(signal.SIGUSR1)
        return {"ok": True, "instances": [php.instance("a")]}

    php.serve(answer)
    code = f"""pcntl_async_signals(true);
    pcntl_signal(SIGUSR1, function () {{ echo 'signal '; }});
    {CALL}('a');
    echo 'ready';"""
    command = php.command(code)
    run = subprocess.Popen(command, env=php.environ, stdout=subprocess.PIPE, text=True)
    with run:
        assert run.stdout is not None
        assert run.stdout.read() == "signal ready"


def test_the_settings_of_a_server_come_from_its_ini(php: Php) -> None:
    ready(php)
    none = dict.fromkeys([name for name in php.environ if name.startswith(("WORKERSET", "FRANKEN"))])
    options = (
        "-d",
        f"workerset.socket={php.folder}/workers",
        "-d",
        "workerset.token=t",
        "-d",
        "workerset.scope=s",
    )
    assert php.says(f"{CALL}('a'); echo 'ready';", *options, **none) == "ready"
    (request,) = asked(php)
    assert (request["token"], request["scope"], "run" in request) == ("t", "s", False)


def test_s6_6_one_request_sees_one_snapshot(php: Php) -> None:
    """In a server, a second read in the same request is the first one's, whatever was published meanwhile."""
    import http.client
    import socket

    from controller.sdk.workerset import memory

    writer = memory.Slot(str(php.slot.path))
    writer.publish({"n": 0})
    count = iter(range(1, 100))

    def answer(request: Object) -> Object:
        if request["op"] == "ensure":
            writer.publish({"n": next(count)})
        return {"ok": True, "instance": php.instance(ensured=True), "instances": [php.instance()]}

    php.serve(answer)
    code = f"""$first = frankenphp_get_vars('job')['n'];
    {CALL}('publish something');
    echo json_encode([$first, frankenphp_get_vars('job')['n']]);"""
    options = php.command(code)[:-3]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = [*options, "-S", f"127.0.0.1:{port}", "-t", str(php.folder)]
    with subprocess.Popen(server, env=php.environ, stderr=subprocess.PIPE, text=True) as run:
        try:
            assert run.stderr is not None
            assert any("started" in line for line in run.stderr)
            seen = []
            for _ in range(2):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
                connection.request("GET", "/script.php")
                seen.append(connection.getresponse().read().decode())
                connection.close()
        finally:
            run.terminate()
    assert seen == ["[0,0]", "[1,1]"]
