"""A slot in a worker: identity, generations, waiting, threads, forks and signals (S6.3, S6.5, S6.8)."""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.sdk.workerset import futex, layout, memory
from tests.vars.forked import SECONDS, Child
from tests.vars.place import NAME, Place


@pytest.fixture(params=["futex", "degraded"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With futex(2), and without."""
    monkeypatch.setattr(futex, "AVAILABLE", request.param == "futex")
    return str(request.param)


def test_get_vars_cache_identity(place: Place) -> None:
    """Upstream's GetVarsCacheIdentity, S6.5: the very same object while the generation is unchanged."""
    worker, reader = place.worker(), place.worker()
    worker.publish({"a": [1]})
    first = reader.read()
    worker.publish({"a": [1]})
    place.vars.set_ready(NAME, True)
    assert reader.read() == first
    assert reader.read()[1] is first[1]
    worker.publish({"a": [2]})
    assert reader.read() == (first[0] + 1, {"a": [2]})
    assert first[1] == {"a": [1]}, "a snapshot that somebody holds stays what it was"


def test_many_reads(place: Place) -> None:
    """Upstream's ManyReads: every one of 500 is the same object, and reads cost no descriptor."""
    place.worker().publish({"n": 1})
    reader = place.worker()
    found = reader.read()[1]
    before = len(os.listdir("/proc/self/fd"))
    assert {id(reader.read()[1]) for _ in range(500)} == {id(found)}
    assert len(os.listdir("/proc/self/fd")) == before


def everything(place: Place) -> list[tuple[str, int, bytes]]:
    """Names, inodes and contents of all files."""
    paths = [place.folder / name for name in place.files()]
    return [(path.name, path.stat().st_ino, path.read_bytes()) for path in paths]


def test_s6_3_publishing_the_same_writes_nothing(place: Place) -> None:
    worker = place.worker()
    generation = worker.publish({"a": 1, "b": 2})
    before = everything(place)
    assert worker.publish({"a": 1, "b": 2}) == generation
    assert place.worker().publish({"a": 1, "b": 2}) == generation, "another process of the pool, too"
    assert everything(place) == before
    assert worker.publish({"b": 2, "a": 1}) == generation + 1, "the order of keys is kept"
    assert worker.publish({"b": True, "a": 1}) == generation + 2


def test_s6_1_what_cannot_be_published_leaves_the_old_in_place(place: Place) -> None:
    worker = place.worker()
    generation = worker.publish({"a": 1})
    for bad in ({"a": {1, 2}}, {"a": "\udc80"}):
        with pytest.raises(ValueError):
            worker.publish(bad)
    with pytest.raises(TypeError):
        worker.publish([1])  # type: ignore[arg-type]
    assert place.worker().read() == (generation, {"a": 1})


def test_s6_4_nothing_is_there_before_the_first_publish(place: Place) -> None:
    slot = place.worker()
    assert (slot.read(), slot.generation, slot.ready) == ((0, None), 0, False)


def test_files_do_not_pile_up(place: Place) -> None:
    worker = place.worker()
    for number in range(50):
        worker.publish({"n": number})
    last = worker.generation
    slot = Path(place.path()).name
    assert place.files() == sorted([slot, f"{slot}.name", f"{slot}.{last - 1}", f"{slot}.{last}"])


# ------------------------------------------------------------------------------------------ the epoch


def test_a_changed_epoch_is_the_callers_to_answer(place: Place) -> None:
    place.worker().publish({"a": 1})
    reader = place.worker()
    first = reader.read()[1]
    place.vars.look_again([NAME])
    assert reader.epoch != reader.seen_epoch
    assert not reader.wait(reader.generation, None)
    reader.seen_epoch = reader.epoch
    assert reader.read()[1] is first


def test_s6_9_a_sweep_is_counted_after_it_cleared(place: Place) -> None:
    """A reader that sees the count and touches is not swept by the sweep that it saw."""
    reader = place.worker()
    for number in range(3):
        assert reader.words[layout.SWEPT] == number
        reader.touch()
        assert place.vars.take_touched(NAME)
        assert not place.vars.take_touched(NAME)


# ------------------------------------------------------------------------------------------ waiting


def waiting(slot: memory.Slot, after: int, timeout: float | None) -> tuple[Child, int]:
    """A child that is about to wait, and where it says that it is."""
    said, say = os.pipe()

    def run() -> int:
        os.write(say, b"!")
        return 10 if slot.wait(after, timeout) else 11

    child = Child(run)
    os.close(say)
    return child, said


def heard(said: int) -> None:
    assert select.select([said], [], [], SECONDS)[0]
    os.close(said)


def test_s6_8_a_wait_ends_with_the_next_publish(place: Place, either_way: str) -> None:
    worker = place.worker()
    after = worker.publish({"n": 0})
    for number in range(1, 4):
        children = [waiting(place.worker(), after, None) for _ in range(3)]
        for _, said in children:
            heard(said)
        worker.publish({"n": number - 1})
        after = worker.publish({"n": number})
        assert [child.end() for child, _ in children] == [10, 10, 10]


def test_s6_8_a_wait_ends_even_if_nobody_wakes_it(place: Place) -> None:
    worker = place.worker()
    after = worker.publish({"n": 0})
    child, said = waiting(place.worker(), after, None)
    heard(said)
    worker.words[layout.GENERATION] += 1
    assert child.end() == 10


def test_s6_8_a_wait_that_a_killed_writer_did_not_end_is_ended_by_the_next(place: Place) -> None:
    """The next run publishes the same (S6.3); the word that sleepers look at was stored before the kill."""
    first = place.worker()
    generation = first.publish({"a": 1})
    child, said = waiting(place.worker(), generation, None)
    heard(said)
    first.publish({"a": 2})
    assert child.end() == 10
    child, said = waiting(place.worker(), generation + 1, None)
    heard(said)
    worker = place.worker()
    os.rename(place.payload(), layout.payload_file(place.path(), generation + 2))
    content = bytearray(Path(layout.payload_file(place.path(), generation + 2)).read_bytes())
    content[8:16] = (generation + 2).to_bytes(8, "little")
    Path(layout.payload_file(place.path(), generation + 2)).write_bytes(content)
    worker.words[layout.GENERATION] = generation + 2
    assert worker.publish({"a": 2}) == generation + 2
    assert child.end() == 10
    assert worker.words[layout.PUBLISHED] == generation + 2


def test_s6_8_a_wait_for_what_is_there_does_not_wait(place: Place, either_way: str) -> None:
    worker = place.worker()
    generation = worker.publish({"n": 0})
    assert worker.wait(generation - 1, 0)
    assert worker.wait(0)
    assert not worker.wait(generation, 0)
    assert not worker.wait(generation, 0.01)


def test_s6_8_the_seed_is_no_publish(place: Place, either_way: str) -> None:
    assert not place.worker().wait(0, 0.01)


def test_a_wait_ends_when_the_name_is_to_be_resolved_anew(place: Place, either_way: str) -> None:
    for change in (lambda: place.vars.look_again([NAME]), lambda: place.vars.remove(NAME)):
        child, said = waiting(place.worker(), 2**62, None)
        heard(said)
        change()
        assert child.end() == 11


def test_where_there_is_no_futex_the_wait_degrades_by_itself(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(futex, "AVAILABLE", True)
    monkeypatch.setattr(futex, "_call", None)
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(("Linux", "here", "6", "1", "pdp11")))
    slot = place.worker()
    assert not slot.wait(0, 0.01)
    assert futex.AVAILABLE is False
    slot.publish({"a": 1})
    assert slot.wait(0, 0.01)


# ------------------------------------------------------------------------------------------ one process


def test_threads_share_a_slot(place: Place) -> None:
    worker, reader = place.worker(), place.worker()
    worker.publish({"who": -1, "n": [-1] * 50})
    seen: list[int] = []
    wrong: list[object] = []
    done = threading.Event()

    def read() -> None:
        last = 0
        while not done.is_set():
            generation, value = reader.read()
            assert value is not None
            if value["n"] != [value["who"]] * 50 or generation < last:
                wrong.append((generation, last, value))
            last = generation
        seen.append(last)

    def publish(who: int) -> None:
        for number in range(100):
            worker.publish({"who": who * 1000 + number, "n": [who * 1000 + number] * 50})

    readers = [threading.Thread(target=read) for _ in range(3)]
    writers = [threading.Thread(target=publish, args=(who,)) for who in range(3)]
    start = worker.generation
    for thread in (*readers, *writers):
        thread.start()
    for thread in writers:
        thread.join(SECONDS)
    done.set()
    for thread in readers:
        thread.join(SECONDS)
    assert not wrong
    assert worker.generation == start + 300
    assert len(seen) == 3


def test_one_generation_is_one_object_for_all_threads(place: Place) -> None:
    worker, reader = place.worker(), place.worker()
    for number in range(20):
        worker.publish({"n": [number] * 200})
        found: list[object] = []

        def read(found: list[object] = found) -> None:
            found.append(reader.read()[1])

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(SECONDS)
        assert len(found) == 4
        assert len(set(map(id, found))) == 1


@pytest.fixture
def busy(place: Place) -> Iterator[memory.Slot]:
    """A slot that another thread publishes in and reads all the time."""
    slot = place.worker()
    stop = threading.Event()

    def run() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            slot.publish({"thread": number})
            slot.read()

    thread = threading.Thread(target=run)
    thread.start()
    assert slot.wait(0, SECONDS)
    yield slot
    stop.set()
    thread.join(SECONDS)


def test_a_worker_that_forks_goes_on_in_the_child(place: Place, busy: memory.Slot) -> None:
    """Whatever the other thread held at the fork."""
    for number in range(60):

        def child(number: int = number) -> int:
            locks = [one for one in os.listdir("/proc/self/fd") if is_header(one)]
            busy.publish({"child": number})
            generation, value = busy.read()
            return 0 if generation and value is not None and len(locks) <= 1 else 1

        def is_header(descriptor: str) -> bool:
            try:
                return os.readlink(f"/proc/self/fd/{descriptor}") == busy.path
            except OSError:
                return False

        assert Child(child).end() == 0


def test_a_child_that_lives_keeps_no_lock(place: Place, busy: memory.Slot) -> None:
    ends = []
    for _ in range(30):
        reading, writing = os.pipe()

        def child(reading: int = reading, writing: int = writing) -> int:
            os.close(writing)
            os.read(reading, 1)
            return 0

        one = Child(child)
        os.close(reading)
        ends.append((one, writing))
        before = busy.generation
        assert place.worker().publish({"fork": before}) > before
    for one, writing in reversed(ends):
        os.close(writing)
        one.end()


def test_a_signal_handler_may_publish_in_the_middle_of_a_publish(place: Place) -> None:
    slot = place.worker()
    handled: list[int] = []
    before = signal.signal(signal.SIGVTALRM, lambda *_: handled.append(slot.publish({"h": len(handled)})))
    signal.setitimer(signal.ITIMER_VIRTUAL, 0.0005, 0.0005)
    try:
        number = 0
        while len(handled) < 50:
            number += 1
            slot.publish({"n": number})
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    assert slot.publish({"end": 1}) == slot.generation
    assert place.worker().read() == (slot.generation, {"end": 1})


# ------------------------------------------------------------------------------------------ damage


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"", "it has 0 of 8192 bytes"), (b"x" * 8192, "it does not begin with the mark of one")],
)
def test_a_file_that_is_no_header_is_refused(place: Place, content: bytes, why: str) -> None:
    path = Path(place.path())
    path.unlink()
    path.write_bytes(content)
    with pytest.raises(memory.Damaged, match=f"{why}: ensure\\(\\) has it made anew: {path}"):
        memory.Slot(str(path))
    place.path()
    place.worker().publish({"a": 1})


@pytest.mark.parametrize("size", [0, 31, 32, 40])
def test_a_truncated_payload_is_told_and_healed(place: Place, size: int) -> None:
    worker = place.worker()
    generation = worker.publish({"a": "long enough"})
    os.truncate(place.payload(), size)
    reader = place.worker()
    with pytest.raises(memory.Damaged, match=rf"damaged, .*: the next publish heals it: {place.payload()}$"):
        reader.read()
    assert worker.publish({"a": "long enough"}) == generation + 1
    assert reader.read() == (generation + 1, {"a": "long enough"})


def test_a_payload_that_is_missing_or_of_another_generation_is_told(place: Place) -> None:
    worker = place.worker()
    worker.publish({"a": 1})
    old = place.payload().read_bytes()
    worker.publish({"a": 2})
    place.payload().write_bytes(old)
    with pytest.raises(memory.Damaged, match="it is no payload of this generation"):
        place.worker().read()
    place.payload().unlink()
    with pytest.raises(memory.Damaged, match="it is missing"):
        place.worker().read()


def test_who_has_read_a_snapshot_keeps_it_whatever_happens_to_the_file(place: Place) -> None:
    place.worker().publish({"a": 1})
    reader = place.worker()
    found = reader.read()
    place.payload().unlink()
    assert reader.read() == found


def test_a_publisher_follows_the_header_to_a_new_file_and_tells_readers(place: Place) -> None:
    worker, reader = place.worker(), place.worker()
    before = worker.publish({"a": 1})
    reader.read()
    Path(place.path()).unlink()
    place.path()
    assert worker.publish({"a": 1}) > before
    assert reader.epoch != reader.seen_epoch
    reader.renew()
    reader.seen_epoch = reader.epoch
    assert reader.read() == (worker.generation, {"a": 1})


def test_a_publish_where_the_slot_is_gone_says_so(place: Place) -> None:
    worker = place.worker()
    worker.publish({"a": 1})
    place.vars.remove(NAME)
    with pytest.raises(FileNotFoundError, match=r"is gone: the controller makes it anew .*: "):
        worker.publish({"a": 2})
    assert place.files() == []
    assert layout.payload_file("x", 7) == "x.7"
