"""Requests in flight as they are seen from outside: what the worker library writes is what is read."""

from __future__ import annotations

from pathlib import Path

from controller.runtime import inflight
from controller.sdk.workerset import layout, load


def test_what_a_worker_counts_is_read(tmp_path: Path) -> None:
    path = str(tmp_path / "1.load")
    counted = load.Load(path)
    counted.begin()
    counted.begin()
    counted.end()
    assert inflight.read(path) == 1


def test_where_nobody_counts_there_is_no_number(tmp_path: Path) -> None:
    assert inflight.read(str(tmp_path / "none")) is None
    short = tmp_path / "short"
    short.write_bytes(layout.LOAD_MAGIC)
    assert inflight.read(str(short)) is None


def test_an_end_that_is_seen_before_its_beginning_is_not_negative(tmp_path: Path) -> None:
    path = tmp_path / "torn"
    words = [0] * (layout.LOAD_SIZE // 8)
    words[layout.LOAD_LINE + layout.LOAD_PROCESS] = 7
    words[layout.LOAD_LINE + layout.LOAD_ENDED] = 3
    data = b"".join(word.to_bytes(8, "little") for word in words)
    path.write_bytes(layout.LOAD_MAGIC + data[8:])
    assert inflight.read(str(path)) == 0
