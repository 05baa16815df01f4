"""S8.2, S8.3, S3.6: what a PHP script sees, its handle, what is known of its death."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from tests.php.conftest import Php

NAMES = (
    "frankenphp_ensure_background_worker",
    "frankenphp_get_worker_handle",
    "frankenphp_set_vars",
    "frankenphp_get_vars",
)


def test_s8_2_a_worker_knows_that_it_is_one(php: Php) -> None:
    code = """foreach (['', '_NAME', '_BACKGROUND'] as $key) var_dump($_SERVER["FRANKENPHP_WORKER$key"]);
    $same = $_SERVER['argv'] === $argv;
    echo json_encode([array_slice($argv, 1), $argc, $same, ini_get('max_execution_time')]);"""
    assert php.says(code).splitlines() == [
        'string(2) "me"',
        'string(2) "me"',
        "bool(true)",
        '[["me","x"],3,true,"0"]',
    ]


def test_outside_of_a_background_worker_there_is_no_flag(php: Php) -> None:
    code = "echo json_encode($_SERVER['FRANKENPHP_WORKER_BACKGROUND'] ?? null);"
    none = {"WORKERSET_BACKGROUND": None, "FRANKENPHP_WORKER_BACKGROUND": None}
    assert php.says(code, **none) == "null"


def test_the_functions_are_there_under_both_names_and_nothing_was_opened(php: Php) -> None:
    code = """foreach (get_defined_functions()['user'] as $name)
        if (!str_starts_with($name, 'workerset\\\\')) echo $name, "\\n";
    echo count(get_included_files());"""
    *found, files = php.says(code).split()
    assert sorted(found) == sorted([*NAMES, *(name.replace("frankenphp", "workerset") for name in NAMES)])
    assert files == "3", "the script, the prepended file and what it needs at once"


def test_functions_that_the_server_brings_along_are_left_alone(php: Php) -> None:
    (php.folder / "real.php").write_text(
        "<?php function frankenphp_get_vars(string $n): array { return [$n]; }"
    )
    code = "echo frankenphp_get_vars('a')[0]; echo (int) function_exists('workerset_get_vars');"
    first = php.folder / "first.php"
    prepended = php.command(code)[2].partition("=")[2]
    first.write_text(f"<?php require '{php.folder}/real.php'; require '{prepended}';")
    assert php.says(code, "-d", f"auto_prepend_file={first}") == "a1"


def test_nothing_is_printed_and_the_exit_code_is_the_scripts(php: Php) -> None:
    done = php.run("exit(7);")
    assert (done.returncode, done.stdout, done.stderr, php.heard()) == (7, "", "", [])


# ------------------------------------------------------------------------------------------- handle


def test_s8_3_the_handle_is_a_stream_that_ends_when_the_worker_must_stop(php: Php) -> None:
    code = """$handle = frankenphp_get_worker_handle();
    echo json_encode([is_resource($handle), $handle === frankenphp_get_worker_handle()]), "\\n";
    unset($handle);
    gc_collect_cycles();
    $read = [frankenphp_get_worker_handle()]; $none = [];
    echo stream_select($read, $none, $none, 0), "\\n";
    $read = [frankenphp_get_worker_handle()];
    echo stream_select($read, $none, $none, null), json_encode([fgets($read[0]), feof($read[0])]);"""
    reading, writing = os.pipe()
    env = {**php.environ, "WORKERSET_HANDLE_FD": str(reading)}
    with subprocess.Popen(
        php.command(code), env=env, pass_fds=(reading,), stdout=subprocess.PIPE, text=True
    ) as run:
        os.close(reading)
        assert run.stdout is not None
        assert [run.stdout.readline().strip() for _ in range(2)] == ["[true,true]", "0"]
        os.close(writing)
        assert run.stdout.read() == "1[false,true]"
    assert php.heard() == [b"WORKERSET_HANDLE=1"]


def test_only_a_background_worker_has_a_handle(php: Php) -> None:
    kind, message = php.throws("frankenphp_get_worker_handle()", WORKERSET_BACKGROUND=None)
    assert kind == "RuntimeException"
    assert "only a background worker has a handle" in message
    kind, message = php.throws("frankenphp_get_worker_handle()", WORKERSET_HANDLE_FD="99")
    assert kind == "RuntimeException"
    assert "descriptor 99" in message
    assert php.heard() == []


# -------------------------------------------------------------------------------------------- death


@pytest.mark.parametrize(
    ("code", "kind", "message"),
    [
        ("throw new RuntimeException('boom in a: 1');", "RuntimeException", "boom in a: 1"),
        ('throw new LogicException("two\\nlines");', "LogicException", "two\nlines"),
        ("throw new class extends Error { protected $message = 'x'; };", "Error@anonymous", "x"),
        ("throw new Exception();", "Exception", ""),
        (
            "throw new RuntimeException('outer', 0, new LogicException('inner'));",
            "RuntimeException",
            "outer",
        ),
        ("nowhere();", "Error", "Call to undefined function nowhere()"),
        ("echo 1 +;", "ParseError", 'syntax error, unexpected token ";"'),
        ("trigger_error('given up', E_USER_ERROR);", "Fatal error", "given up"),
    ],
)
def test_s3_6_what_it_died_of_is_told(php: Php, code: str, kind: str, message: str) -> None:
    done = php.run(code)
    assert done.returncode == 255
    assert "PHP" in done.stderr or "error" in done.stderr
    (said,) = php.heard()
    name, _, value = said.partition(b"=")
    told = json.loads(value)
    assert name == b"WORKERSET_ERROR"
    assert (told["type"], told["message"]) == (kind, message)
    assert told["file"].endswith("script.php")
    assert told["line"] == 2


def test_s3_6_a_long_message_still_fits(php: Php) -> None:
    php.run('throw new Exception(str_repeat("\\xff", 9000));')
    (said,) = php.heard()
    assert len(said) <= 8192
    assert json.loads(said.partition(b"=")[2])["type"] == "Exception"


@pytest.mark.parametrize(
    "code",
    [
        "echo @$nothing['x'];",
        "trigger_error('only a warning', E_USER_WARNING);",
        "set_exception_handler(fn($e) => exit(3)); throw new Exception('mine');",
    ],
)
def test_what_does_not_kill_is_not_told(php: Php, code: str) -> None:
    php.run(code)
    assert php.heard() == []
