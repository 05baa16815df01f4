"""Shared memory: reads of unchanged vars, a publish until another process has it, a crowd of readers."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
import timeit
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from common import ROOT, Measurement, Options, compare, run_alone

sys.path[:0] = [str(ROOT), str(ROOT / "controller/sdk")]

from controller import ports  # noqa: E402
from controller.vars import shared  # noqa: E402

READERS = 100
LOOPS = 10_000
PUBLISHES = 500
NAME = ports.VarsName("default", "", "feed")


def measure(options: Options) -> list[Measurement]:
    with slot() as path:
        reads = unchanged(path)
    with slot() as path:
        seen = visible(path)
    with slot() as path:
        return [*reads, *seen, *crowd(path, options.idle_seconds)]


@contextmanager
def slot() -> Iterator[str]:
    """The header file of a slot in memory, as for a user who logs in."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        marks = [0]
        made = shared.SharedVars(f"{folder}/vars", "", time.time, lambda: marks[-1], marks.append)
        yield made.slot(NAME)


def kibibyte(number: int) -> dict[str, object]:
    """About 1 KiB that is consistent in itself."""
    return {"n": number, "copies": [number] * 20, "text": {f"key{one:02}": "v" * 20 for one in range(25)}}


# ----------------------------------------------------------------------------------------- one process


def unchanged(path: str) -> list[Measurement]:
    """`get_vars` of a name that was read before, in a request's view and without one."""
    from workerset import memory, places, reading, request

    memory.Slot(path).publish(kibibyte(0))
    place = places.place_for(None)
    learned = place.learn({"name": "feed", "vars": path, "gate": "vars"}, ensured=True)
    assert learned is not None
    plain = against_empty("get_vars, unchanged", reading.get_vars)
    with request():
        return [plain, against_empty("get_vars, unchanged, in a request", reading.get_vars)]


def against_empty(name: str, function: Callable[[str], object]) -> Measurement:
    mine, empty = [], []
    for _ in range(151):
        empty.append(each(nothing))
        mine.append(each(function))
    return compare(name, mine, empty, unit="ns", budget=6, against="an empty function")


def nothing(_name: str) -> None:
    pass


def each(function: Callable[[str], object]) -> float:
    """Nanoseconds a call."""
    return timeit.timeit("f('feed')", globals={"f": function}, number=LOOPS) / LOOPS * 1e9


# ----------------------------------------------------------------------------------------- two processes


def visible(path: str) -> list[Measurement]:
    """From before `publish` to a decoded value in a process that sleeps in `wait`."""
    found = latencies(path)
    name = "set_vars of 1 KiB until another process has it"
    return [Measurement(name, statistics.median(found), "µs", 200, samples={"ours": found})]


def latencies(path: str) -> list[float]:
    from workerset import memory

    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        watch(path, writing)
    os.close(writing)
    slot = memory.Slot(path)
    found = []
    with os.fdopen(reading) as lines:
        lines.readline()
        for number in range(PUBLISHES):
            began = time.monotonic_ns()
            slot.publish(kibibyte(number))
            found.append((int(lines.readline()) - began) / 1000)
    os.waitpid(child, 0)
    return found


def watch(path: str, writing: int) -> None:
    """Says when it has each publish; never returns."""
    from workerset import memory

    slot = memory.Slot(path)
    last = 0
    os.write(writing, b"ready\n")
    for _ in range(PUBLISHES):
        slot.wait(last)
        last, _value = slot.read()
        os.write(writing, b"%d\n" % time.monotonic_ns())
    os._exit(0)


# ----------------------------------------------------------------------------------------- a crowd


def crowd(path: str, seconds: float) -> list[Measurement]:
    """Readers as fast as they are let beside a writer as fast as it is let: nothing torn, nothing grows."""
    from workerset import memory

    writer = memory.Slot(path)
    writer.publish(kibibyte(0))
    reading, writing = os.pipe()
    until = time.monotonic() + seconds  # what is shared with a reader counts as the writer's once it ends
    children = [start_reader(path, writing, seconds) for _ in range(READERS)]
    os.close(writing)
    files, rooms = [], []
    number = 0
    while time.monotonic() < until:
        for _ in range(100):
            number += 1
            writer.publish(kibibyte(number))
        files.append(float(len(os.listdir(os.path.dirname(path)))))
        rooms.append(resident())
    with os.fdopen(reading) as lines:
        reports = [[int(word) for word in line.split()] for line in lines]
    for child in children:
        os.waitpid(child, 0)
    reads, torn, grown = ([report[column] for report in reports] for column in range(3))
    notes = {"readers": len(reports), "reads": sum(reads), "publishes": number}
    middle = len(rooms) // 2
    swelling = max(rooms[middle:]) - max(rooms[:middle])
    wrong = sum(torn) + READERS - len(reports)
    return [
        Measurement("torn or old reads, 100 readers and a writer", wrong, "", 0, notes=notes),
        Measurement("files of the slot, at most", max(files), "", 4, notes={"publishes": number}),
        Measurement("memory of a reader, growth", max(grown) / 1024, "KiB", 512),
        Measurement("memory of the writer, growth", swelling / 1024, "KiB", 512),
    ]


def start_reader(path: str, writing: int, seconds: float) -> int:
    child = os.fork()
    if child:
        return child
    from workerset import memory

    slot = memory.Slot(path)
    reads = torn = last = 0
    until, early = time.monotonic() + seconds, 0.0
    half = until - seconds / 2
    while time.monotonic() < until:
        generation, value = slot.read()
        reads += 1
        number = value["n"] if value is not None else -1
        if value is None or generation < last or value != kibibyte(number):
            torn += 1
        last = generation
        if not early and time.monotonic() > half:
            early = resident()
    os.write(writing, b"%d %d %d\n" % (reads, torn, max(0, int(resident() - early)) if early else 0))
    os._exit(0)


def resident() -> float:
    """Bytes of private memory of this process."""
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Private_Dirty:"):
            return float(line.split()[1]) * 1024
    raise SystemExit("no Private_Dirty in /proc/self/smaps_rollup")


if __name__ == "__main__":
    sys.exit(run_alone(measure, __doc__))
