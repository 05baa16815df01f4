"""Memory of all our processes with 1,000 workers: proportional set size, so that shared pages count once."""

from __future__ import annotations

import sys
import time

from common import Measurement, Options, project, run_alone, wait_workers
from kernel import read

BUDGET_MB = 75.0
SETTLE_SECONDS = 2.0


def measure(options: Options) -> list[Measurement]:
    with project() as mine:
        mine.wake_controller()
        mine.declare("load", 1, num=options.workers)
        mine.ctl("apply", "-f", "load/")
        wait_workers(mine, options.workers)
        time.sleep(SETTLE_SECONDS)
        parts = {name_of(pid): pss_mb(pid) for pid in mine.tree()[0]}
    name = f"memory of all our processes, {options.workers:,} workers"
    return [Measurement(name, sum(parts.values()), "MB", BUDGET_MB, notes={"by process": parts})]


def pss_mb(pid: int) -> float:
    for line in read(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith(b"Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def name_of(pid: int) -> str:
    words = read(f"/proc/{pid}/cmdline").decode().split("\0")
    script = next((word.rsplit("/", 1)[-1] for word in words[1:] if word.endswith(".py")), words[0])
    return f"{script} {pid}"


if __name__ == "__main__":
    sys.exit(run_alone(measure, __doc__))
