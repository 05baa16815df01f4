"""How fast workers may write: two that write as fast as they are let, until the log writer has it all."""

from __future__ import annotations

import sys
import time

from common import Measurement, Options, project, run_alone
from kernel import wait_until

BUDGET_MB_PER_SECOND = 300.0
WRITERS = 2
LINE = "2026-01-01 12:00:00 INFO request handled path=/api/orders status=200 duration_ms=12 bytes=4711"


def measure(options: Options) -> list[Measurement]:
    size = 1_000_000_000 if options.workers >= 1000 else 100_000_000
    rates = []
    for _ in range(options.runs):
        with project() as mine:
            mine.wake_controller()
            script = f"date +%s%N > $0.began; yes '{LINE}' | head -c {size}; date +%s%N > $0.ended"
            for number in range(WRITERS):
                command = ["sh", "-c", script, f"writer-{number}"]
                mine.declare(f"writer{number}", 1, command=command, restart="never", ready_when="completed")
                mine.ctl("apply", "-f", f"writer{number}/")
            names = [f"writer-{number}" for number in range(WRITERS)]
            ends = [mine.root / f"{name}.ended" for name in names]
            wait_until(lambda: all(path.exists() for path in ends), "all written", 120, 0.05)  # noqa: B023
            time.sleep(0.1)
            began = min(int((mine.root / f"{name}.began").read_text()) for name in names)
            ended = max(int(path.read_text()) for path in ends)
            rates.append(WRITERS * size / 1e6 / ((ended - began) / 1e9))
    best = sorted(rates)[len(rates) // 2]
    name = f"log writer, {WRITERS} workers writing"
    return [Measurement(name, best, "MB/s", BUDGET_MB_PER_SECOND, at_least=True, samples={"ours": rates})]


if __name__ == "__main__":
    sys.exit(run_alone(measure, __doc__))
