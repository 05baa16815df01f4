"""1,000 processes from `workerctl apply` to all running: in one set, in 1,000 sets, and in a bare loop."""

from __future__ import annotations

import sys
import time

import loops
from common import Measurement, Options, Project, compare, project, run_alone, wait_workers
from kernel import wait_until

BUDGET_ONE_SET = 1.5
BUDGET_MANY_SETS = 2.0


def measure(options: Options) -> list[Measurement]:
    one, many, bare, seen = [], [], [], []
    for _ in range(options.runs):
        bare.append(loops.start_and_stop(options.workers)[0])
        started, shown = time_start(1, options.workers)
        one.append(started)
        seen.append(shown)
        many.append(time_start(options.workers, options.workers)[0])
    count = f"{options.workers:,}"
    against = "bare Popen loop"
    found = [
        compare(f"start {count} in one set", one, bare, unit="s", budget=BUDGET_ONE_SET, against=against),
        compare(
            f"start {count} in {count} sets", many, bare, unit="s", budget=BUDGET_MANY_SETS, against=against
        ),
    ]
    found[0].notes["all shown as Running after (s)"] = seen
    return found


def time_start(sets: int, workers: int) -> tuple[float, float]:
    """Seconds from the start of `workerctl apply` to the last exec, and until the API shows them all."""
    with project() as mine:
        mine.wake_controller()
        mine.declare("load", sets, num=workers // sets)
        began = time.monotonic()
        applying = mine.start("apply", "-f", "load/")
        all_run = wait_workers(mine, workers)
        shown = wait_until(lambda: running_pods(mine) == workers, "all shown as Running", pause=0.05)
        applying.wait(60)
        return all_run - began, shown - began


def running_pods(mine: Project) -> int:
    answer = mine.ctl("get", "pods", "-o", "jsonpath={.items[*].status.phase}")
    return answer.stdout.split().count("Running")


if __name__ == "__main__":
    sys.exit(run_alone(measure, __doc__))
