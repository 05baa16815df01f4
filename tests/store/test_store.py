"""The store in memory and on a file does what every store must, and what only a file can show."""

from __future__ import annotations

import os
import resource as limits
import sqlite3
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller import ports
from controller.core import errors, kinds
from controller.store import db
from controller.store.store import Store
from tests.contracts import store as contract
from tests.contracts.store import PODS, WS, key, make, seen, take
from tests.fakes.flaky_store import FlakyStore


class FixedClock:
    def monotonic(self) -> float:
        return 0.0

    def wall(self) -> float:
        return 1_700_000_000.0


class TestInMemory(contract.StoreContract):
    @pytest.fixture
    def store(self) -> Iterator[Store]:
        opened = Store(":memory:")
        yield opened
        opened.close()


class TestOnFile(contract.StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        opened = Store(str(tmp_path / "store.db"))
        yield opened
        opened.close()


class TestFlaky(contract.StoreContract):
    @pytest.fixture
    def store(self) -> Iterator[Store]:
        opened = FlakyStore()
        yield opened
        opened.close()


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "store.db")


def test_everything_durable_is_there_after_a_restart(path: str) -> None:
    store = Store(path)
    kept = store.create(WS, make("a", spec={"env": {"KEY": "\udcff é"}}))
    store.create(WS, make("b"))
    store.delete(WS, key("b"))
    store.create(PODS, make("pod"))
    store.put_record("default", "a", "a-0", {"failures": 3})
    store.put_setting("base", ["x"])
    last = store.version()
    store.close()
    again = Store(path)
    assert again.list(WS)[0] == (kept,)
    assert again.list(PODS)[0] == ()
    assert again.record("default", "a") == {"a-0": {"failures": 3}}
    assert again.setting("base") == ["x"]
    assert again.version() > last
    again.close()


def test_versions_only_pods_used_are_not_used_again(path: str) -> None:
    store = Store(path)
    for number in range(10_000):
        store.create(PODS, make(f"pod-{number}"))
    last = store.version()
    reopened = Store(path)  # as after kill -9: nothing was closed
    assert reopened.version() > last
    reopened.close()
    store.close()


def test_a_watch_from_before_a_restart_goes_on_only_if_nothing_changed(path: str) -> None:
    store = Store(path)
    store.create(WS, make("a"))
    early = store.version()
    store.create(WS, make("b"))
    store.delete(WS, key("b"))
    late = store.version()
    store.close()
    again = Store(path)
    watch = again.watch(WS, since=late)
    again.create(WS, make("c"))
    assert seen(take(watch)) == [("ADDED", "c")]
    with pytest.raises(errors.Expired, match="too old resource version"):
        again.watch(WS, since=early)
    with pytest.raises(errors.Expired):
        again.watch(PODS, since=late)
    again.close()


def test_history_is_bounded_and_a_slow_reader_is_told(path: str) -> None:
    store = Store(path, history_limit=50)
    slow = store.watch(WS)
    store.create(WS, make("a", spec={"num": 0}))
    since = store.version()
    for number in range(1, 50):
        store.update(WS, make("a", spec={"num": number}))
    assert len(take(store.watch(WS, since=since))) == 49
    store.update(WS, make("a", spec={"num": 50}))
    with pytest.raises(errors.Expired, match="fell too far behind"):
        take(slow)
    with pytest.raises(errors.Expired, match="too old resource version"):
        store.watch(WS, since=since - 1)
    store.close()


def test_one_busy_resource_replays_old_changes_as_they_were() -> None:
    store = Store(":memory:")
    store.create(PODS, make("a", spec={"n": 0}))
    since = store.version()
    for number in range(1, 5000):
        store.update(PODS, make("a", spec={"n": number}))
    watch = store.watch(PODS, since=since)
    changes: list[ports.Change] = []
    while len(changes) < 4999:
        changes += take(watch)
    assert [one.object["spec"]["n"] for one in changes] == list(range(1, 5000))
    assert [one.previous["spec"]["n"] for one in changes if one.previous] == list(range(4999))
    assert [one.version for one in changes] == sorted(one.version for one in changes)
    store.close()


def test_a_full_disk_writes_nothing_and_is_recovered_from(path: str) -> None:
    store = Store(path)
    store.create(WS, make("a", spec={"num": 1}))
    before, version = store.list(WS)
    watch = store.watch(PODS)

    def write_much(durable: bool) -> None:
        with store.transaction(durable=durable):
            store.create(WS, make("b", spec={"text": "x" * 100_000}))
            store.update(WS, make("a", spec={"num": 2}))

    soft, hard = limits.getrlimit(limits.RLIMIT_FSIZE)
    limits.setrlimit(limits.RLIMIT_FSIZE, (os.path.getsize(path + "-wal"), hard))
    try:
        for durable in (False, True):
            with pytest.raises(errors.StorageFull, match="no space left"):
                write_much(durable)
        assert store.list(WS) == (before, version)
        store.create(PODS, make("pod"))
        assert seen(take(watch)) == [("ADDED", "pod")]
    finally:
        limits.setrlimit(limits.RLIMIT_FSIZE, (soft, hard))
    with store.transaction(durable=True):
        store.create(WS, make("b"))
    store.close()
    again = Store(path)
    assert [one["metadata"]["name"] for one in again.list(WS)[0]] == ["a", "b"]
    again.close()


def test_more_pods_than_promised_versions_on_a_full_disk(path: str) -> None:
    store = Store(path)
    store.create(WS, make("a"))
    soft, hard = limits.getrlimit(limits.RLIMIT_FSIZE)
    limits.setrlimit(limits.RLIMIT_FSIZE, (os.path.getsize(path + "-wal"), hard))
    try:
        for number in range(6000):
            store.create(PODS, make(f"pod-{number}"))
    finally:
        limits.setrlimit(limits.RLIMIT_FSIZE, (soft, hard))
    store.create(PODS, make("last"))
    last = store.version()
    reopened = Store(path)
    assert reopened.version() > last
    reopened.close()
    store.close()


def test_a_state_folder_deleted_under_the_store_is_written_anew(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    path = str(folder / "store.db")
    store = Store(path)
    store.create(WS, make("a"))
    store.put_record("default", "a", "a-0", {"failures": 1})
    store.put_setting("base", "x")
    for one in folder.iterdir():
        one.unlink()
    folder.rmdir()
    store.create(WS, make("b"))
    last = store.version()
    store.close()
    again = Store(path)
    assert [one["metadata"]["name"] for one in again.list(WS)[0]] == ["a", "b"]
    assert again.record("default", "a") == {"a-0": {"failures": 1}}
    assert again.setting("base") == "x"
    assert again.version() > last
    again.close()


@pytest.mark.parametrize("lost", [("store.db",), ("store.db-wal",), ("store.db", "store.db-wal")])
def test_what_is_lost_of_it_is_put_back_before_anybody_writes(tmp_path: Path, lost: tuple[str, ...]) -> None:
    path = str(tmp_path / "store.db")
    store = Store(path)
    store.create(WS, make("a"))
    for name in lost:
        (tmp_path / name).unlink()
    store.repair()
    store.create(WS, make("b"))
    # As it is on disk now, which is all that is left after a kill.
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in tmp_path.glob("store.db*"):
        (copy / file.name).write_bytes(file.read_bytes())
    store.close()
    again = Store(str(copy / "store.db"))
    assert [one["metadata"]["name"] for one in again.list(WS)[0]] == ["a", "b"]
    again.close()


@pytest.mark.parametrize("content", [b"this is no database, however long it may be" * 100, None])
def test_a_damaged_file_is_moved_aside_with_a_note(path: str, content: bytes | None) -> None:
    if content is None:  # a page in the middle overwritten, and a log left behind by a crash
        store = Store(path)
        for number in range(200):
            store.create(WS, make(f"a-{number}", spec={"text": "x" * 500}))
        store.close()
        raw = bytearray(Path(path).read_bytes())
        raw[4096:16384] = b"\xff" * 12288
        Path(path).write_bytes(raw)
        Path(path + "-wal").write_bytes(b"")
    else:
        Path(path).write_bytes(content)
    with pytest.raises(db.Damaged):
        Store(path)
    store = Store.open(path, FixedClock())
    assert store.list(WS)[0] == ()
    (note,) = store.notes
    assert note.endswith("kept: " + path + ".damaged-1700000000")
    assert os.path.exists(path + ".damaged-1700000000")
    store.create(WS, make("a"))
    store.close()


def test_an_object_that_is_no_json_is_damage(path: str) -> None:
    Store(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO objects VALUES ('workersets.workerset.dev', 'd', 'a', 1, x'7b')")
    connection.close()
    with pytest.raises(db.Damaged):
        Store(path)


def test_a_newer_format_is_refused_and_left_alone(path: str) -> None:
    Store(path).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version={db.FORMAT + 1}")
    connection.close()
    with pytest.raises(db.NewerFormat, match="a newer workerset wrote this state"):
        Store.open(path, FixedClock())


def test_a_folder_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(db.StoreProblem, match="cannot be opened"):
        Store(str(tmp_path / "none" / "store.db"))


def test_the_file_is_private(path: str) -> None:
    store = Store(path)
    store.create(WS, make("a"))
    modes = {stat.S_IMODE(os.stat(path + ending).st_mode) for ending in ("", "-wal", "-shm")}
    assert modes == {0o600}
    store.close()


def test_a_file_locked_by_another_program_is_unavailable(path: str) -> None:
    store = Store(path)
    rival = sqlite3.connect(path, isolation_level=None)
    rival.execute("BEGIN IMMEDIATE")
    with pytest.raises(errors.Unavailable, match="locked"):
        store.create(WS, make("a"))
    rival.execute("ROLLBACK")
    rival.close()
    store.create(WS, make("a"))
    store.close()


def test_values_json_cannot_hold_are_refused_whole(path: str) -> None:
    store = Store(path)
    with pytest.raises(errors.BadRequest, match="cannot be stored"):
        store.create(WS, make("a", spec={"num": float("nan")}))
    assert store.list(WS)[0] == ()
    store.close()


def test_no_thread_is_started(path: str) -> None:
    before = threading.active_count()
    store = Store(path)
    store.create(WS, make("a"))
    assert threading.active_count() == before
    store.close()


def test_flaky_store_refuses_as_a_full_disk_would() -> None:
    store = FlakyStore(conflicts=1)
    store.create(WS, make("a"))
    with pytest.raises(errors.Conflict):
        store.update(WS, make("a", spec={}))
    store.full = True

    def write_both() -> None:
        with store.transaction():
            store.update(WS, make("a", spec={}))
            store.create(PODS, make("pod"))

    with pytest.raises(errors.StorageFull):
        write_both()
    assert store.find(PODS, key("pod")) is None
    store.create(PODS, make("pod"))
    with pytest.raises(errors.StorageFull):
        store.put_record("default", "a", "a-0", {"failures": 1})
    store.full = False
    store.update(WS, make("a", spec={}))
    assert store.refused == 3


def test_kinds_agree_on_what_is_volatile() -> None:
    assert [one.kind for one in kinds.RESOURCES if not one.durable] == ["Pod"]


def test_s3_2_ensures_survive_a_restart_and_removed_ones_do_not(path: str) -> None:
    store = Store(path)
    store.put_ensure("default", "jobs", "a", {"default/web": "2024-01-01T00:00:00Z"})
    store.put_ensure("default", "jobs", "byte \udc80", {"workerctl": "2024-01-01T00:00:01Z"})
    store.put_ensure("default", "jobs", "gone", {"workerctl": "2024-01-01T00:00:01Z"})
    store.put_ensure("default", "jobs", "gone", None)
    store.close()
    again = Store(path)
    assert again.ensures("default", "jobs") == {
        "a": {"default/web": "2024-01-01T00:00:00Z"},
        "byte \udc80": {"workerctl": "2024-01-01T00:00:01Z"},
    }
    again.close()


def test_a_file_of_the_first_format_is_brought_up_to_date(path: str) -> None:
    store = Store(path)
    store.create(WS, make("a"))
    store.close()
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE ensures")
        connection.execute("PRAGMA user_version=1")
    connection.close()
    again = Store(path)
    assert again.find(WS, key("a")) is not None
    again.put_ensure("default", "a", "x", {"workerctl": "now"})
    again.close()
    third = Store(path)
    assert third.ensures("default", "a") == {"x": {"workerctl": "now"}}
    third.close()


def test_what_is_derived_is_seen_at_once_and_its_row_follows(path: str, tmp_path: Path) -> None:
    store = Store(path)
    first = store.create(WS, make("a"))
    with store.transaction():
        store.put_ensure("default", "a", "x", {"workerctl": "2024-01-01T00:00:00Z"})
        store.update(WS, {**first, "spec": {"instances": ["x"]}}, derived=True)
    assert store.get(WS, key("a"))["spec"] == {"instances": ["x"]}

    killed = Store(_copy(path, tmp_path / "killed.db"))
    assert killed.get(WS, key("a")) == first
    assert set(killed.ensures("default", "a")) == {"x"}
    assert killed.version() > store.version()

    store.update(WS, {**store.get(WS, key("a")), "status": {"state": "Ready"}})
    written = Store(_copy(path, tmp_path / "written.db"))
    assert written.get(WS, key("a")) == store.get(WS, key("a"))

    last = store.update(WS, {**store.get(WS, key("a")), "spec": {"instances": ["x", "y"]}}, derived=True)
    store.close()
    again = Store(path)
    assert again.get(WS, key("a")) == last
    for opened in (killed, written, again):
        opened.close()


def test_what_is_derived_is_undone_with_its_transaction(path: str) -> None:
    store = Store(path)
    first = store.create(WS, make("a"))
    transaction = store.transaction()
    transaction.__enter__()
    store.update(WS, {**first, "spec": {"instances": ["x"]}}, derived=True)
    transaction.__exit__(RuntimeError, RuntimeError(), None)
    store.close()
    again = Store(path)
    assert again.get(WS, key("a")) == first
    again.close()


def test_what_is_derived_is_replayed_like_all_else() -> None:
    store = Store(":memory:")
    obj = store.create(WS, make("a"))
    first = store.version()
    told = []
    for number in range(1100):
        obj = store.update(WS, {**obj, "spec": {"n": number}}, derived=number % 2 == 0)
        told.append(obj)
    watch = store.watch(WS, since=first)
    changes = [*take(watch), *take(watch), *take(watch)]
    assert [change.object for change in changes] == told
    assert [change.previous for change in changes[1:]] == told[:-1]
    store.close()


def _copy(path: str, to: Path) -> str:
    """As `kill -9` would leave it."""
    for ending in ("", "-wal"):
        Path(f"{to}{ending}").write_bytes(Path(path + ending).read_bytes())
    return str(to)
