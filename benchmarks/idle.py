"""What it costs to do nothing: wake-ups and processor time of all our processes with 1,000 workers."""

from __future__ import annotations

import sys
import time

from common import Measurement, Options, project, run_alone, wait_workers
from kernel import read, tasks

BUDGET_WAKE_UPS = 5
BUDGET_SECONDS = 0.005
SETTLE_SECONDS = 5.0


def measure(options: Options) -> list[Measurement]:
    with project() as mine:
        mine.wake_controller()
        mine.declare("load", 1, num=options.workers)
        mine.ctl("apply", "-f", "load/")
        wait_workers(mine, options.workers)
        time.sleep(SETTLE_SECONDS)
        ours, workers = mine.tree()
        before = [sample(pid) for pid in ours]
        time.sleep(options.idle_seconds)
        after = [sample(pid) for pid in ours]
    wake_ups = [b[0] - a[0] for a, b in zip(before, after, strict=True)]
    seconds = [b[1] - a[1] for a, b in zip(before, after, strict=True)]
    where = f"in {options.idle_seconds:g} s, {len(workers):,} workers"
    notes = {"by process": wake_ups, "processes": len(ours)}
    return [
        Measurement(f"idle: wake-ups {where}", sum(wake_ups), "", BUDGET_WAKE_UPS, notes=notes),
        Measurement(f"idle: processor time {where}", sum(seconds), "s", BUDGET_SECONDS),
    ]


def sample(pid: int) -> tuple[int, float]:
    """Voluntary context switches and processor seconds (proc_pid_schedstat(5)) of all its threads."""
    switches, nanoseconds = 0, 0
    for task in tasks(pid):
        for line in read(f"/proc/{pid}/task/{task}/status").splitlines():
            if line.startswith(b"voluntary_ctxt_switches:"):
                switches += int(line.split()[1])
        nanoseconds += int((read(f"/proc/{pid}/task/{task}/schedstat").split() or [b"0"])[0])
    return switches, nanoseconds / 1e9


if __name__ == "__main__":
    sys.exit(run_alone(measure, __doc__))
