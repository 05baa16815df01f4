"""`kill -9` of a worker to the exec of its replacement, against the yardstick controller."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable

from common import HERE, MARK, Measurement, Options, compare, project, run_alone, wait_workers
from kernel import children, read

BUDGET = 2.0


def measure(options: Options) -> list[Measurement]:
    """Each worker is killed at most once: the first retry of each is the one without a wait (S4.2)."""
    ours: list[float] = []
    theirs: list[float] = []
    with project() as mine:
        mine.wake_controller()
        mine.declare("load", 1, num=options.trials)
        mine.ctl("apply", "-f", "load/")
        wait_workers(mine, options.trials)
        with subprocess.Popen(
            [sys.executable, HERE / "yardstick.py", "controller", str(options.trials)],
            stdin=subprocess.PIPE,  # its end ends the yardstick, whatever becomes of us
            stdout=subprocess.PIPE,
        ) as yardstick:
            assert yardstick.stdout is not None
            yardstick.stdout.readline()
            time.sleep(2.0)  # past min_ready
            take_turns(mine.pid_of("shim"), yardstick.pid, options.trials, (ours.append, theirs.append))
    name = "crash to replacement (median)"
    found = compare(name, ours, theirs, unit="ms", budget=BUDGET, against="yardstick controller")
    found.notes["slowest (ms)"] = {"ours": max(ours), "yardstick": max(theirs)}
    return [found]


def take_turns(
    shim: int, yardstick: int, trials: int, report: tuple[Callable[[float], None], Callable[[float], None]]
) -> None:
    pick = random.Random(7)
    victims = [pick.sample(workers_of(parent), trials) for parent in (shim, yardstick)]
    for number in range(trials):
        for which, parent in enumerate((shim, yardstick)):
            report[which](time_replacement(parent, victims[which][number]) * 1000)
            time.sleep(0.05 + pick.random() * 0.1)


def time_replacement(parent: int, victim: int) -> float:
    """Seconds from the kill to a new child of `parent` that has exec'ed; watched without a pause."""
    known = set(children(parent))
    began = time.monotonic()
    os.kill(victim, signal.SIGKILL)
    while time.monotonic() < began + 10:
        for pid in set(children(parent)) - known:
            if read(f"/proc/{pid}/cmdline").endswith(MARK[MARK.index(b"\0") :]):
                return time.monotonic() - began
    raise SystemExit(f"no replacement within 10 s for {victim}")


def workers_of(parent: int) -> list[int]:
    return [pid for pid in children(parent) if b"sleep" in read(f"/proc/{pid}/cmdline")]


if __name__ == "__main__":
    sys.exit(run_alone(measure, __doc__))
