"""How fast workers may write: two that write as fast as they are let, until the log writer has it all."""

from __future__ import annotations

import statistics
import sys

from common import Measurement, Options, project, run_alone
from kernel import wait_until

BUDGET_MB_PER_SECOND = 300.0
WRITERS = 2
LINE = b"2026-01-01 12:00:00 INFO request handled path=/api/orders status=200 duration_ms=12 bytes=4711\n"
FILE_MB = 50


def measure(options: Options) -> list[Measurement]:
    repeats = 20 if options.workers >= 1000 else 2
    rates = [rate(repeats) for _ in range(options.runs)]
    name = f"log writer, {WRITERS} workers writing"
    median = statistics.median(rates)
    samples = {"ours": rates}
    return [Measurement(name, median, "MB/s", BUDGET_MB_PER_SECOND, at_least=True, samples=samples)]


def rate(repeats: int) -> float:
    """Megabytes a second that all writers together got rid of; each copies a file in memory to its output."""
    with project() as mine:
        mine.wake_controller()
        (mine.root / "lines").write_bytes(LINE * (FILE_MB * 1_000_000 // len(LINE)))
        copies = " ".join(["lines"] * repeats)
        script = f"date +%s%N > $0.tmp; cat {copies}; date +%s%N >> $0.tmp; mv $0.tmp $0.done"
        names = [f"writer{number}" for number in range(WRITERS)]
        for name in names:
            command = ["sh", "-c", script, name]
            mine.declare(name, 1, command=command, restart="never", ready_when="completed")
        mine.ctl("apply", *(word for name in names for word in ("-f", f"{name}/")))
        done = [mine.root / f"{name}.done" for name in names]
        wait_until(lambda: all(path.exists() for path in done), "all written", 120, 0.05)
        times = [[int(word) for word in path.read_text().split()] for path in done]
    seconds = (max(end for _, end in times) - min(begin for begin, _ in times)) / 1e9
    return WRITERS * repeats * FILE_MB / seconds


if __name__ == "__main__":
    sys.exit(run_alone(measure, __doc__))
