"""S3.6: what a worker says it dies of, from its message to the sentence people read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from controller.core import backoff, records, sentences
from controller.shim import notify
from controller.shim.records import Run, Slot, Spec


def heard(*messages: bytes) -> dict[str, Any] | None:
    spec = Spec({"argv": ["x"], "cwd": "/", "env": {}, "max_size": 1, "keep": 1}, {})
    run = Run("r", Slot(("default", "jobs", "jobs-0"), 1), spec, "h", 0)
    for message in messages:
        notify.note(run, message)
    return run.exception


def said(**told: Any) -> bytes:
    return b"WORKERSET_ERROR=" + json.dumps(told).encode()


def test_s3_6_the_last_message_counts() -> None:
    first, second = (
        said(type="A", message="1"),
        said(type="KeyError", message="'API_KEY'", file="a.py", line=12),
    )
    assert heard(first, b"READY=1\n" + second) == {
        "type": "KeyError",
        "message": "'API_KEY'",
        "file": "a.py",
        "line": 12,
    }


@pytest.mark.parametrize(
    "message",
    [
        b"WORKERSET_ERROR=",
        b"WORKERSET_ERROR=[]",
        b"WORKERSET_ERROR={",
        b"WORKERSET_ERROR={}",
        b"WORKERSET_ERROR=\xff",
    ],
)
def test_s3_6_what_is_no_such_message_is_ignored(message: bytes) -> None:
    assert heard(message) is None
    assert heard(said(type="A", message=""), message) is not None


def test_s3_6_it_is_bounded_and_has_nothing_unknown_in_it() -> None:
    found = heard(said(type="T" * 5000, message=None, line=True, password="x"))
    assert found == {"type": "T" * 1000, "message": "", "file": "", "line": 0}


def test_s3_6_it_is_what_people_read_and_outlives_the_controller() -> None:
    told = {"type": "KeyError", "message": "'API_KEY'", "file": "src/import.py", "line": 12}
    last = records.LastExit(run="r", code=1, seconds=0.3, lines=("noise",), exception=told)
    record = records.Record(counters=backoff.Counters(7, 7), last=last)
    again = records.from_json(json.loads(json.dumps(records.to_json(record))))
    assert again == record
    assert sentences.failure(again, "next try in 30s") == (
        "exit 1 after 0.3s, 7th time: KeyError 'API_KEY' (src/import.py:12); next try in 30s"
    )
