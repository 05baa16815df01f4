"""`workerctl get ws`, piped, against the start of the interpreter it runs in."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence

from common import Measurement, Options, Project, compare, project, run_alone, workerctl

BUDGET = 6.0
PAIRS = 20


def measure(options: Options) -> list[Measurement]:
    ours, bare = [], []
    with project() as mine:
        mine.wake_controller()
        for _ in range(PAIRS):
            bare.append(timed(mine, [sys.executable, "-c", "pass"]))
            ours.append(timed(mine, [workerctl(), "get", "ws"]))
    return [compare("workerctl get ws", ours, bare, unit="ms", budget=BUDGET, against="python -c pass")]


def timed(mine: Project, words: Sequence[str]) -> float:
    began = time.monotonic()
    subprocess.run(words, cwd=mine.root, env=mine.environ, check=True, stdout=subprocess.PIPE, timeout=30)
    return (time.monotonic() - began) * 1000


if __name__ == "__main__":
    sys.exit(run_alone(measure, __doc__))
