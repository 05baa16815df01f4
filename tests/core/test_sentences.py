"""How an exit reads."""

from __future__ import annotations

import pytest

from controller.core import backoff, records, sentences

TRACEBACK = (
    "Traceback (most recent call last):",
    '  File "src/import.py", line 12, in <module>',
    "    os.environ['API_KEY']",
    "KeyError: 'API_KEY'",
)


def test_the_sample_line() -> None:
    last = records.LastExit(code=1, seconds=0.3, lines=TRACEBACK)
    record = records.Record(counters=backoff.Counters(7, 7), last=last)
    assert sentences.failure(record, "next try in 30s") == (
        "exit 1 after 0.3s, 7th time: KeyError 'API_KEY' (src/import.py:12); next try in 30s"
    )


@pytest.mark.parametrize(
    ("last", "text"),
    [
        (records.LastExit(signal=11, seconds=75), "SIGSEGV after 1m15s"),
        (records.LastExit(signal=9, seconds=2), "SIGKILL (possibly out of memory) after 2s"),
        (records.LastExit(signal=9, seconds=2, stopped=True), "SIGKILL after 2s"),
        (records.LastExit(signal=9, seconds=2, out_of_memory=False), "SIGKILL after 2s"),
        (records.LastExit(signal=9, seconds=2, out_of_memory=True), "SIGKILL (out of memory) after 2s"),
        (records.LastExit(code=1, seconds=2, out_of_memory=True), "exit 1 (out of memory) after 2s"),
        (records.LastExit(error="command not found: jbos"), "command not found: jbos"),
        (records.LastExit(code=0, seconds=0.25, boot=True), "exit 0 after 0.2s, before it was ready"),
    ],
)
def test_endings(last: records.LastExit, text: str) -> None:
    assert sentences.ending(last) == text


def test_s4_3_a_one_shot_that_is_always_restarted_gets_a_hint() -> None:
    last = records.LastExit(code=0, seconds=0.2)
    record = records.Record(counters=backoff.Counters(0, 5), last=last)
    assert (
        sentences.failure(record, "")
        == "exited 0 after 0.2s, 5th time: for a one-off use restart: on_failure"
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.0004, "0s"),
        (0.004, "4ms"),
        (0.09, "90ms"),
        (0.1, "0.1s"),
        (0.64, "0.6s"),
        (9.96, "10s"),
        (59.4, "59s"),
        (60, "1m"),
        (61, "1m1s"),
        (7500, "2h5m"),
        (3600, "1h"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert sentences.seconds(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (112, "112th"), (21, "21st")],
)
def test_ordinals(number: int, text: str) -> None:
    assert sentences.ordinal(number) == text
