"""S6.7: a reader or a writer that is killed anywhere harms nobody; a pool never shows a mixture."""

from __future__ import annotations

import itertools
import os
import random
from pathlib import Path

import pytest

from controller.sdk.workerset import layout, memory
from tests.vars.forked import SECONDS, Child, killed_at
from tests.vars.place import NAME, Place

CYCLES = 10_000


def body(number: int) -> dict[str, object]:
    """Consistent in itself, of a length that depends on the number."""
    return {"n": number, "copies": [number] * (number % 97), "text": str(number) * (number % 13)}


def check(value: object) -> None:
    assert isinstance(value, dict)
    assert value == body(value["n"])


@pytest.mark.parametrize("published", [0, 3])
def test_s6_7_a_writer_killed_at_every_step_of_a_publish(tmp_path: Path, published: int) -> None:
    """The old snapshot or the new one, never neither; the lock is free, and nothing is left for long."""
    for step in itertools.count():
        place = Place(tmp_path / str(step))
        worker, reader = place.worker(), place.worker()
        seed = worker.words[layout.GENERATION]
        for number in range(published):
            worker.publish(body(number))
        before = reader.read()
        assert before[0] == (seed + published if published else 0)
        finished = killed_at(step, lambda worker=worker: worker.publish(body(100)))
        generation, value = place.worker().read()
        assert (generation, value) in (before, (seed + published + 1, body(100)))
        assert reader.read() == (generation, value)
        assert (place.vars.generation(NAME), place.vars.read(NAME) is None) == (generation, value is None)
        last = worker.publish(body(101))
        assert last > generation
        assert reader.read() == (last, body(101))
        for number in range(102, 104):
            last = worker.publish(body(number))
        slot = Path(place.path()).name
        assert set(place.files()) == {slot, f"{slot}.name", f"{slot}.{last - 1}", f"{slot}.{last}"}
        if finished:
            assert value == body(100)
            break
    assert step > 40, "the steps were traced"


def test_s6_7_a_reader_killed_at_every_step_of_a_read(place: Place) -> None:
    worker = place.worker()
    for step in itertools.count():
        worker.publish(body(step))
        reader = place.worker()
        files = place.files()
        finished = killed_at(step, reader.read)
        assert place.files() == files
        assert place.worker().read()[1] == body(step)
        if finished:
            break
    assert step > 40


def test_s6_7_ten_thousand_cycles_while_either_side_is_killed(place: Place) -> None:
    """Readers check every snapshot they see and that generations only grow; deaths are at random places."""
    chance = random.Random(6)
    watcher = place.worker()
    start = watcher.words[layout.GENERATION]

    def write() -> None:
        slot = place.worker()
        for number in itertools.count(slot.generation):
            slot.publish(body(number))

    def read() -> None:
        slot = place.worker()
        last = 0
        while slot.wait(last):
            generation, value = slot.read()
            assert generation > last
            check(value)
            last = generation

    children = {write: Child(write), read: Child(read)}
    last = start
    while last < start + CYCLES:
        assert watcher.wait(last + chance.randrange(400), SECONDS)
        victim = chance.choice([write, read])
        children[victim].kill()
        assert children[victim].end() == -9
        last, value = watcher.read()
        check(value)
        children[victim] = Child(victim)
    for child in children.values():
        child.kill()
        assert child.end() == -9
    assert watcher.publish(body(-1)) > last
    watcher.publish(body(-2))
    watcher.publish(body(-3))
    assert len(place.files()) == 4
    assert memory.Slot(place.path()).read() == watcher.read()


def test_s6_7_a_pool_of_three_shares_a_slot_and_readers_never_see_a_mixture(place: Place) -> None:
    each = 300
    watcher = place.worker()
    start = watcher.words[layout.GENERATION]

    def write(who: int) -> None:
        slot = place.worker()
        for number in range(each):
            slot.publish(body(1000 * who + number))

    def read() -> None:
        slot = place.worker()
        last = 0
        while last < start + 3 * each and slot.wait(last, SECONDS):
            generation, value = slot.read()
            assert generation > last
            check(value)
            last = generation
        assert last == start + 3 * each

    readers = [Child(read) for _ in range(2)]
    writers = [Child(lambda who=who: write(who)) for who in range(3)]
    assert [child.end() for child in (*writers, *readers)] == [0] * 5
    assert watcher.generation == start + 3 * each


def test_a_full_disk_leaves_the_old_snapshot(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = place.worker()
    worker.publish(body(1))
    before = worker.read()
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[:10]) if len(data) > 60 else full())

    def full() -> int:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        worker.publish(body(50))
    monkeypatch.undo()
    assert place.worker().read() == before
    assert [name for name in place.files() if name.endswith(".new")] == []
    assert worker.publish(body(50)) == before[0] + 1
