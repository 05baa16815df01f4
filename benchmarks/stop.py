"""1,000 processes from `workerctl down` to the last one gone, against a bare kill-and-reap loop."""

from __future__ import annotations

import os
import sys
import time

import loops
from common import Measurement, Options, compare, project, run_alone, wait_workers
from kernel import wait_gone

BUDGET = 3.0


def measure(options: Options) -> list[Measurement]:
    ours, bare, command = [], [], []
    for _ in range(options.runs):
        bare.append(loops.start_and_stop(options.workers)[1])
        gone, ended = time_stop(options.workers)
        ours.append(gone)
        command.append(ended)
    name = f"stop {options.workers:,} (workerctl down)"
    found = compare(name, ours, bare, unit="s", budget=BUDGET, against="kill-and-reap loop")
    found.notes["the command itself ended after (s)"] = command
    return [found]


def time_stop(workers: int) -> tuple[float, float]:
    """Seconds from the start of `workerctl down` to the last worker gone, and to its own end."""
    with project() as mine:
        mine.wake_controller()
        mine.declare("load", 1, num=workers)
        mine.ctl("apply", "-f", "load/")
        wait_workers(mine, workers)
        pidfds = [os.pidfd_open(pid) for pid in mine.tree()[1]]
        began = time.monotonic()
        down = mine.start("down")
        gone = wait_gone(pidfds, "all workers gone")
        if down.wait(60) != 0:
            raise SystemExit(f"workerctl down: exit {down.returncode}")
        return gone - began, time.monotonic() - began


if __name__ == "__main__":
    sys.exit(run_alone(measure, __doc__))
