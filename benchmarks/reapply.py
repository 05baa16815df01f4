"""`workerctl apply` of 1,000 unchanged manifests: restarts nothing, writes nothing, costs little to check."""

from __future__ import annotations

import sys
import time

from common import Measurement, Options, Project, compare, project, run_alone, wait_workers

BUDGET = 2.0


def measure(options: Options) -> list[Measurement]:
    ours, checking = [], []
    with project() as mine:
        mine.wake_controller()
        mine.declare("load", options.workers, num=1)
        mine.ctl("apply", "-f", "load/")
        wait_workers(mine, options.workers)
        time.sleep(2.0)
        before = state(mine)
        for _ in range(options.runs):
            checking.append(timed(mine, "validate", "-j1", "-f", "load/"))
            ours.append(timed(mine, "apply", "-f", "load/"))
        changed = [what for what, value in state(mine).items() if value != before[what]]
    name = f"re-apply of {options.workers:,} unchanged sets"
    found = compare(name, ours, checking, unit="s", budget=BUDGET, against="workerctl validate")
    touched = Measurement(f"{name}: things changed", len(changed), "", 0, notes={"changed": changed})
    return [found, touched]


def state(mine: Project) -> dict[str, object]:
    """What a re-apply must leave as it is: every process, every version, every byte of the database."""
    files = sorted((mine.root / ".workerset").glob("store.db*"))
    versions = mine.ctl("get", "ws", "-o", "jsonpath={.items[*].metadata.resourceVersion}").stdout
    return {
        "processes": mine.tree()[1],
        "resource versions": versions,
        "database": [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files],
    }


def timed(mine: Project, *words: str) -> float:
    began = time.monotonic()
    mine.ctl(*words)
    return time.monotonic() - began


if __name__ == "__main__":
    sys.exit(run_alone(measure, __doc__))
