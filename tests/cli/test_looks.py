"""Colours, ages, columns, and the words of states: the pure parts of what people see."""

from __future__ import annotations

import io
import os
import select
import signal
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.cli import common, context, objects, overview, progress, run, settled, style, text
from controller.core import masking
from tests.cli.sets import story, workerset


class Terminal(io.StringIO):
    def isatty(self):
        return True


def on_terminal(**environ):
    out = Terminal()
    return context.Context(
        io.StringIO(), out, io.StringIO(), {"TERM": "xterm", "COLUMNS": "80", **environ}, "/"
    ), out


@pytest.mark.parametrize(
    ("environ", "terminal", "wanted"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"TERM": "dumb"}, True, False),
        ({"CLICOLOR_FORCE": "1"}, False, True),
        ({"CLICOLOR_FORCE": "0"}, False, False),
        ({"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, True, False),
    ],
)
def test_when_to_colour(environ, terminal, wanted):
    assert style.is_wanted({"TERM": "xterm", **environ}, is_terminal=terminal) is wanted


def test_workers_keep_their_colours():
    paint = style.Style(enabled=True)
    first, second = paint.worker("a"), paint.worker("b")
    assert first != second.replace("b", "a")
    assert paint.worker("a") == first


def test_a_terminal_wraps_long_reasons_in_their_column(golden):
    shown, out = on_terminal()
    overview.show(story(), shown)
    golden("overview-terminal.txt", out.getvalue())


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (200, "3m20s"),
        (3600, "60m"),
        (18720, "5h12m"),
        (100000, "27h"),
        (273600, "3d4h"),
        (9e6, "104d"),
    ],
)
def test_ages_as_kubectl_has_them(seconds, said):
    assert text.age(seconds) == said


@pytest.mark.parametrize("stamp", ["", "yesterday", "2026-13-01T00:00:00Z", "2026-01-02"])
def test_no_stamp_no_age(stamp):
    assert text.age_of(stamp, 0) == "<unknown>"


def test_stamps_with_nanoseconds_and_zones():
    assert text.epoch("1970-01-01T00:00:01.123456789Z") == pytest.approx(1.123456789)
    assert text.epoch("1970-01-01T01:00:00+01:00") == 0


@given(st.lists(st.lists(st.text("ab ", max_size=5), min_size=2, max_size=4), max_size=5))
def test_columns_lose_nothing(rows):
    for row, line in zip(rows, text.columns(rows), strict=True):
        assert line.replace(" ", "") == "".join(row).replace(" ", "")
        assert line == line.rstrip()


@pytest.mark.parametrize(
    ("given_text", "seconds"), [("30s", 30), ("1m30s", 90), ("500ms", 0.5), ("2h", 7200), ("5", 5)]
)
def test_durations(given_text, seconds):
    assert common.duration(given_text) == seconds


@pytest.mark.parametrize("word", ["", "x", "5x", "s", "1m 30s", "-5s"])
def test_no_durations(word):
    import argparse

    with pytest.raises(argparse.ArgumentTypeError, match="not a duration"):
        common.duration(word)


def test_readiness_in_numbers():
    assert [objects.ready(obj) for obj in story()] == ["2/2", "0/16", "0/1"]
    assert objects.ready(workerset("a", "Lazy", 0, background=True, name="a")) == "0/0"
    assert objects.ready(workerset("a", "Ready", 1, background=True, max_threads=4)) == "1/4"


def test_s7_3_what_a_set_was_scaled_to_and_why():
    obj = workerset("web", "Ready", 2, num=1, max_threads=4)
    assert objects.scaling(obj) == ""
    message = "1 to 2: work has waited for 0.1s, 3 in the queue; not more: max_threads"
    obj["status"]["scaling"] = {"target": 2, "least": 1, "most": 4, "message": message}
    assert objects.ready(obj) == "2/2"
    assert objects.scaling(obj).splitlines() == [
        "2, from 1 to 4",
        "1 to 2: work has waited for 0.1s, 3 in the queue",
        "not more: max_threads",
    ]


def test_a_status_of_an_older_generation_says_nothing():
    obj = workerset("web", "Failed", 0, "exit 1")
    obj["metadata"]["generation"] = 3
    assert (objects.state(obj), objects.why(obj), objects.has_settled(obj)) == ("Starting", "", False)


def test_s4_5_the_boot_phase_ends_when_each_is_ready_completed_or_given_up():
    sets = {
        objects.key(obj): obj
        for obj in [*story(), workerset("late", "Starting", 0), workerset("once", "Completed", 0)]
    }
    verdict = settled.judge([*sets, ("default", "unseen")], sets)
    assert verdict.failed == (("default", "import"),)
    assert verdict.pending == (("default", "late"), ("default", "unseen"))
    assert settled.sentence(verdict, sets) == "waiting for late and unseen: late Starting"
    sets["default", "late"] = workerset("late", "Waiting", 0, "waits for db (not ready)")
    assert settled.sentence(verdict, sets) == "waiting for late and unseen: late waits for db (not ready)"


def test_s1_7_what_a_created_set_is():
    assert objects.introduce(workerset("a", background=True, name="a")).startswith("a created: lazy")
    assert "catch-all, 0 of 4 names" in objects.introduce(workerset("a", background=True, max_threads=4))
    assert objects.introduce(workerset("a", background=True, name="a", num=1)) == ""
    assert objects.introduce(workerset("a")) == ""


def test_a_countdown_is_rewritten_on_a_terminal_and_printed_once_elsewhere():
    shown, out = on_terminal()
    ticker = progress.Ticker(shown)
    ticker.show("27s left", ["web-1"])
    ticker.show("26s left", ["web-1"])
    ticker.clear()
    assert out.getvalue() == "\r\x1b[K27s left\r\x1b[K26s left\r\x1b[K"
    plain = io.StringIO()
    ticker = progress.Ticker(context.Context(io.StringIO(), plain, io.StringIO(), {}, "/"))
    ticker.show("27s left", ["web-1"])
    ticker.show("26s left", ["web-1"])
    assert plain.getvalue() == "27s left\n"


def test_interrupts_are_counted_and_handlers_put_back():
    before = signal.getsignal(signal.SIGINT)
    with run.Interrupts() as interrupts:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
        assert interrupts.take() == 2
        assert interrupts.take() == 0
        assert interrupts.last == signal.SIGTERM
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interrupt_that_another_thread_gets_ends_the_wait_all_the_same():
    other = threading.Thread(target=lambda: signal.pthread_kill(threading.get_ident(), signal.SIGINT))
    with run.Interrupts() as interrupts:
        poller = select.poll()
        poller.register(interrupts.fileno(), select.POLLIN)
        other.start()
        assert poller.poll(10_000)
        assert interrupts.take() == 1
        other.join()


@pytest.mark.parametrize(
    "name", ["API_KEY", "DB_PASSWORD", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "SENTRY_DSN", "key"]
)
def test_secrets_are_masked_by_name(name):
    assert masking.masked(name, "hunter2") == masking.MASK


@pytest.mark.parametrize("name", ["PATH", "KEYBOARD", "MONKEY", "PORT"])
def test_other_values_stay(name):
    assert masking.masked(name, "hunter2") == "hunter2"


def test_passwords_in_urls_are_masked():
    assert (
        masking.masked("DATABASE_URL", "postgres://me:pw@host/db") == f"postgres://me:{masking.MASK}@host/db"
    )


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["app", "--password", "hunter2", "x"], ["app", "--password", masking.MASK, "x"]),
        (["--api-key=hunter2"], [f"--api-key={masking.MASK}"]),
        (["env", "DB_PASSWORD=hunter2", "PORT=80"], ["env", f"DB_PASSWORD={masking.MASK}", "PORT=80"]),
        (["--db", "postgres://me:hunter2@h/d"], ["--db", f"postgres://me:{masking.MASK}@h/d"]),
        (["--token", "--verbose"], ["--token", "--verbose"]),
        (["-p", "80", "--port=80", "a=b=c"], ["-p", "80", "--port=80", "a=b=c"]),
    ],
)
def test_secrets_on_a_command_line_are_masked_by_their_names(words, shown):
    assert masking.masked_words(words) == shown


def test_a_changed_secret_on_a_command_line_still_differs():
    before, after = masking.masked_words_pair(["--token=a", "x"], ["--token=b", "x"])
    assert before != after
    assert "=a" not in before[0] + after[0]
    assert masking.masked_words_pair(["--token=a"], ["--token=a", "y"])[0] == [f"--token={masking.MASK}"]


def test_changed_secrets_still_differ():
    before, after = masking.masked_pair({"TOKEN": "a", "KEY": "k"}, {"TOKEN": "b", "KEY": "k"})
    assert before["TOKEN"] != after["TOKEN"]
    assert before["KEY"] == after["KEY"] == masking.MASK
