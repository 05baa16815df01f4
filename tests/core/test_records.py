"""Run records survive being stored."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from controller.core import backoff, records

LAST = st.builds(
    records.LastExit,
    run=st.text(max_size=4),
    pid=st.integers(0, 9),
    code=st.none() | st.integers(0, 255),
    signal=st.none() | st.integers(1, 31),
    error=st.text(max_size=5),
    seconds=st.floats(0, 100),
    lines=st.lists(st.text(max_size=5), max_size=3).map(tuple),
    boot=st.booleans(),
    stopped=st.booleans(),
)
RECORDS = st.builds(
    records.Record,
    template_hash=st.text(max_size=4),
    counters=st.builds(backoff.Counters, st.integers(0, 9), st.integers(0, 9)),
    phase=st.sampled_from(records.Phase),
    exits=st.integers(0, 9),
    exited_at=st.floats(0, 100),
    boot_id=st.text(max_size=4),
    generation=st.integers(0, 9),
    incarnation=st.integers(0, 9),
    recorded=st.lists(st.text(max_size=3), max_size=2).map(tuple),
    last=st.none() | LAST,
)


@given(RECORDS)
def test_what_is_stored_comes_back(record: records.Record) -> None:
    assert records.from_json(json.loads(json.dumps(records.to_json(record)))) == record


def test_a_quiet_record_is_nothing_and_unknown_fields_are_ignored() -> None:
    assert records.to_json(records.EMPTY) == {}
    assert records.from_json({"later": 1, "last": {"later": 2}}).last == records.LastExit()


def test_s4_11_under_another_boot_every_wait_is_over() -> None:
    record = records.Record(exited_at=100, boot_id="a")
    assert record.due_at(30, "a") == 130
    assert record.due_at(30, "b") == float("-inf")
