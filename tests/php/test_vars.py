"""S6 in PHP: publishing and reading the shared memory that Python workers use."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from controller.sdk.workerset import layout, memory
from tests.php.conftest import DEADLINE_SECONDS, Object, Php


def test_only_a_background_worker_can_publish(php: Php) -> None:
    for without in ("WORKERSET_BACKGROUND", "WORKERSET_VARS"):
        kind, message = php.throws("frankenphp_set_vars(['a' => 1])", **{without: None})
        assert kind == "RuntimeException"
        assert "only a background worker can publish" in message
    assert php.throws("frankenphp_set_vars('text')")[0] == "TypeError"
    assert php.slot[layout.PUBLISHED] == 0


# ---------------------------------------------------------------------------------------- publishing


def test_s6_1_a_publish_replaces_everything_and_is_told_once(php: Php) -> None:
    php.says("frankenphp_set_vars(['a' => 1, 'b' => 2]); frankenphp_set_vars(['c' => 3]);")
    assert php.published() == {"c": 3}
    assert php.slot[layout.GENERATION] == php.slot[layout.PUBLISHED] == 1002
    assert php.heard() == [b"WORKERSET_VARS=1"]
    assert php.slot.payload().stat().st_mode & 0o777 == 0o600


def test_s6_3_publishing_what_is_published_writes_nothing(php: Php) -> None:
    php.publish({"a": 1, "text": "ü"})
    php.says("frankenphp_set_vars(['a' => 1, 'text' => 'ü']);")
    assert php.slot[layout.GENERATION] == 1001
    assert php.heard() == [b"WORKERSET_VARS=1"], "this run has published all the same"


def test_an_empty_snapshot_is_a_snapshot(php: Php) -> None:
    php.running()
    assert php.says("frankenphp_set_vars([]); echo json_encode(frankenphp_get_vars('job'));") == "[]"
    assert php.published() == {}


def test_old_payloads_and_what_killed_writers_left_are_removed(php: Php) -> None:
    for name in ("new", "999", "1000", "998"):
        Path(f"{php.slot.path}.{name}").write_bytes(b"left behind")
    php.says("for ($i = 0; $i < 5; $i++) frankenphp_set_vars(['i' => $i]);")
    assert php.slot.files() == {"1004", "1005"}


def test_s6_7_a_writer_killed_between_the_two_words_is_healed(php: Php) -> None:
    php.says("frankenphp_set_vars(['i' => 1]); frankenphp_set_vars(['i' => 2]);")
    php.slot[layout.PUBLISHED] = 1001
    php.says("frankenphp_set_vars(['i' => 2]);")
    assert (php.slot[layout.GENERATION], php.slot[layout.PUBLISHED]) == (1002, 1002)
    php.slot[layout.PUBLISHED] = 1001
    php.says("frankenphp_set_vars(['i' => 3]);")
    assert php.published() == {"i": 3}
    assert (php.slot[layout.GENERATION], php.slot[layout.PUBLISHED]) == (1003, 1003)


def test_s6_8_whoever_waits_is_woken(php: Php) -> None:
    """A waiter of Python, asleep on the word, sees what PHP publishes."""
    waiter = memory.Slot(str(php.slot.path))
    code = "fgets(STDIN); frankenphp_set_vars(['now' => true]); fgets(STDIN);"
    with subprocess.Popen(php.command(code), env=php.environ, stdin=subprocess.PIPE, text=True) as run:
        assert run.stdin is not None
        run.stdin.write("\n")
        run.stdin.flush()
        assert waiter.wait(after=0, timeout=DEADLINE_SECONDS)
        assert waiter.read()[1] == {"now": True}
        run.stdin.close()


@pytest.mark.parametrize("option", ["ffi.enable=false", "serialize_precision=5", "precision=3"])
def test_settings_of_php_change_nothing(php: Php, option: str) -> None:
    php.says("frankenphp_set_vars(['third' => 1 / 3]);", "-d", option)
    assert php.published() == {"third": 1 / 3}


def test_handlers_of_the_script_never_see_our_warnings(php: Php) -> None:
    """As frameworks do: every warning becomes an exception."""
    php.running()
    code = """set_error_handler(function ($level, $text) { throw new ErrorException($text); });
    for ($i = 0; $i < 4; $i++) frankenphp_set_vars(['i' => $i]);
    echo frankenphp_get_vars('job')['i'], json_encode(error_get_last());"""
    assert php.says(code, NOTIFY_SOCKET="/nowhere") == "3null"


# ------------------------------------------------------------------------------------------- reading


def test_s6_5_an_unchanged_generation_reads_no_file(php: Php) -> None:
    """GetVarsCacheIdentity and ManyReads: the payload may even be gone; memory does not grow."""
    php.running()
    php.publish({"big": ["x" * 1000] * 100})
    code = """$first = frankenphp_get_vars('job');
    unlink($argv_payload = glob(getenv('WORKERSET_VARS') . '.*')[0]);
    $before = memory_get_usage();
    for ($i = 0; $i < 500; $i++) $again[] = frankenphp_get_vars('job');
    echo $first === $again[499] ? 'same' : 'other', memory_get_usage() - $before < 100000 ? '' : ' copied';"""
    assert php.says(code) == "same"
    assert php.server is not None
    assert [one["op"] for one in php.server.asked] == ["resolve"]


def test_s6_5_a_new_generation_is_seen_at_the_next_read(php: Php) -> None:
    php.running()
    code = """for ($i = 0; $i < 3; $i++) {
        frankenphp_set_vars(['i' => $i]);
        $all[] = frankenphp_get_vars('job')['i'];
    }
    echo implode(',', $all);"""
    assert php.says(code) == "0,1,2"


def test_a_changed_array_of_the_reader_changes_nobody_elses(php: Php) -> None:
    php.running()
    php.publish({"list": [1]})
    code = """$mine = frankenphp_get_vars('job'); $mine['list'][] = 2;
    echo json_encode(frankenphp_get_vars('job'));"""
    assert php.says(code) == '{"list":[1]}'


def test_s6_4_a_changed_epoch_is_asked_for_again(php: Php) -> None:
    php.running()
    php.publish({"a": 1})
    epoch = f"""function epoch(int $value) {{
        $f = fopen(getenv('WORKERSET_VARS'), 'r+b');
        fseek($f, {8 * layout.EPOCH}); fwrite($f, pack('P', $value)); fclose($f);
    }}
    """
    php.says(epoch + "for ($i = 0; $i < 4; $i++) { frankenphp_get_vars('job'); if ($i % 2) epoch($i); }")
    assert php.server is not None
    assert len(php.server.asked) == 2


def test_s6_9_a_reader_leaves_a_mark_each_time_it_was_cleared(php: Php) -> None:
    php.running()
    php.publish({"a": 1})
    code = "while (fgets(STDIN) !== false) { frankenphp_get_vars('job'); echo \"read\\n\"; }"
    with subprocess.Popen(
        php.command(code), env=php.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdin is not None
        assert run.stdout is not None

        def read() -> int:
            assert run.stdin is not None
            assert run.stdout is not None
            run.stdin.write("\n")
            run.stdin.flush()
            assert run.stdout.readline() == "read\n"
            return php.slot[layout.TOUCHED]

        assert read() == 1
        php.slot[layout.TOUCHED] = 0
        php.slot[layout.SWEPT] += 1
        assert read() == 1
        run.stdin.close()


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            {"ensured": False, "num": 0, "vars": None},
            "is not running: call frankenphp_ensure_background_worker() first",
        ),
        ({"ensured": False, "num": 1}, "has not published vars yet"),
        ({"ensured": True, "num": 0}, "has not published vars yet"),
        ({"ensured": True, "num": 0, "gate": "handle"}, "says ready_when: handle"),
    ],
)
def test_s6_4_nothing_to_read_says_why(php: Php, said: Object, message: str) -> None:
    php.serve(lambda _request: {"ok": True, "instance": php.instance(**said)})
    kind, text = php.throws("frankenphp_get_vars('job')")
    assert kind == "RuntimeException"
    assert message in text
    assert '"job"' in text


def test_s6_4_an_undeclared_name_is_what_the_controller_says(php: Php) -> None:
    error = {"type": "undeclared", "message": "nothing in the global scope answers to: job"}
    php.serve(lambda _request: {"ok": False, "error": error})
    assert php.throws("frankenphp_get_vars('job')") == ("RuntimeException", error["message"])


@pytest.mark.parametrize("damage", ["truncate", "flip", "remove", "tag", "no json"])
def test_a_damaged_payload_is_told_and_the_next_publish_heals_it(php: Php, damage: str) -> None:
    php.running()
    php.publish({"a": "text"})
    payload = php.slot.payload()
    good = payload.read_bytes()
    if damage == "truncate":
        payload.write_bytes(good[:-3])
    elif damage == "flip":
        payload.write_bytes(good[:-3] + b"XXX")
    elif damage == "remove":
        payload.unlink()
    else:
        php.slot.put('{"a":{"$new":1}}' if damage == "tag" else "[1")
    kind, message = php.throws("frankenphp_get_vars('job')")
    assert kind == "RuntimeException"
    assert "damaged" in message or "cannot be read" in message
    php.publish({"a": "better"})
    assert php.says("echo frankenphp_get_vars('job')['a'];") == "better"


def test_a_file_that_is_no_header_is_told(php: Php) -> None:
    php.running()
    php.slot.path.write_bytes(b"x" * layout.HEADER_SIZE)
    assert php.throws("frankenphp_get_vars('job')")[0] == "RuntimeException"
    assert php.throws("frankenphp_set_vars(['a' => 1])")[0] == "RuntimeException"


def test_s6_7_a_writer_killed_at_any_moment_harms_nobody(php: Php) -> None:
    """Readers see whole snapshots with rising generations, and the next writer goes on."""
    reader = memory.Slot(str(php.slot.path))
    code = "for ($i = 0; ; $i++) frankenphp_set_vars(['i' => $i, 'text' => str_repeat('x', $i % 5000)]);"
    last = 0
    for round_ in range(6):
        with subprocess.Popen(php.command(code), env=php.environ) as run:
            for _ in range(3 * round_ + 1):
                assert reader.wait(after=last, timeout=DEADLINE_SECONDS)
                generation, value = reader.read()
                assert value is not None
                assert generation > last
                assert len(value["text"]) == value["i"] % 5000
                last = generation
            os.kill(run.pid, signal.SIGKILL)
    php.says("frankenphp_set_vars(['i' => 'last']);")
    assert reader.read()[1] == {"i": "last"}
    assert len(php.slot.files()) <= 2


def test_a_forked_child_reads_and_publishes_for_itself(php: Php) -> None:
    php.running()
    code = """frankenphp_set_vars(['by' => 'parent']);
    frankenphp_get_vars('job');
    $pid = pcntl_fork();
    if ($pid === 0) { frankenphp_set_vars(['by' => frankenphp_get_vars('job')['by'] . "'s child"]); exit(0); }
    pcntl_waitpid($pid, $status);
    echo $status, frankenphp_get_vars('job')['by'], frankenphp_get_vars('other')['by'];"""
    assert php.says(code) == "0parent's childparent's child"
    assert php.server is not None
    assert php.server.connections == 2, "each process has its own"


def test_whoever_looks_at_a_header_that_was_made_anew_is_told(php: Php) -> None:
    """The run-time folder was lost and put back: readers of the old files find the new ones."""
    php.running()
    code = """frankenphp_set_vars(['n' => 1]);
    echo frankenphp_get_vars('job')['n'], "\\n";
    fgets(STDIN);
    frankenphp_set_vars(['n' => 2]);
    echo frankenphp_get_vars('job')['n'], "\\n";"""
    with subprocess.Popen(
        php.command(code), env=php.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdin is not None
        assert run.stdout is not None
        assert run.stdout.readline() == "1\n"
        for path in (php.slot.path, php.slot.payload()):
            path.unlink()
        type(php.slot)(php.slot.path, seed=2000)
        run.stdin.write("\n")
        run.stdin.flush()
        assert run.stdout.readline() == "2\n"
        run.stdin.close()
    assert php.slot[layout.GENERATION] == 2001


def test_s8_4_where_only_ffi_could_reach_the_folder_that_is_said(php: Php) -> None:
    said = php.says(
        "try { frankenphp_set_vars(['a' => 1]); } catch (RuntimeException $e) { echo $e->getMessage(); }",
        "-d",
        "ffi.enable=false",
        WORKERSET_VARS="/proc/self/fd/9/slot",
    )
    assert said == (
        "there is no shared memory at /proc/self/fd/9/slot: "
        "PHP needs FFI to reach it as another user: see ffi.enable in php.ini, or remove user"
    )
