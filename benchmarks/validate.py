"""`workerctl validate` of ten small manifests a worker: documents a CPU second, and what every core adds.

CPU seconds are user and system time of the command and its processes, its start included, while every core
is in use. The yardstick is what PyYAML's C parser needs to do no more than load the same files: alone for
the cost, and as many at once as there are cores for what more cores bring on this machine at all.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from common import Measurement, Options, compare, run_alone, workerctl

LEAST = 1300
"""Documents a CPU second: kubeconform's published 50,714 in 38.7."""

PARSING = 2.5
SPEEDUP = 0.7
"""Of what the machine gains: the start, and the rules between documents, are one process's."""

DOCUMENT = """\
apiVersion: workerset.dev/v1
kind: WorkerSet
metadata:
  name: worker-{number}
  labels: {{app: shop, tier: backend}}
spec:
  background: true
  name: job-{number}
  num: 2
  command: [python, -u, bin/jobs.py, --shard, "{number}"]
  env:
    MODE: production
    DATABASE: postgres://127.0.0.1/shop
  restart: on_failure
  stop_grace: 5s
"""

BARE = """\
import gc, os, sys, yaml
gc.disable()
for entry in os.scandir(sys.argv[1]):
    with open(entry.path, encoding="utf-8") as file:
        list(yaml.load_all(file.read(), yaml.CSafeLoader))
"""


def measure(options: Options) -> list[Measurement]:
    count = options.workers * 10
    with manifests(count) as (apart, together):
        plain = [workerctl(), "validate", "--summary"]
        bare = [sys.executable, "-c", BARE, apart]
        cores = len(os.sched_getaffinity(0))
        runs = []
        for _ in range(options.runs):
            loading, ours, alone = spent([bare]), spent([[*plain, apart]]), spent([[*plain, "-j1", apart]])
            runs.append((loading, spent([bare] * cores), ours, alone, spent([[*plain, together]])))
    name = f"validate {count:,} documents"
    rates = {
        "a file each": [count / ours.cpu for _, _, ours, _, _ in runs],
        "one file": [count / one.cpu for *_, one in runs],
    }
    found = [
        Measurement(f"{name}, {how}", statistics.median(rate), "a CPU second", LEAST, at_least=True)
        for how, rate in rates.items()
    ]
    costs = [alone.cpu for _, _, _, alone, _ in runs], [loading.cpu for loading, *_ in runs]
    found.append(compare(f"{name}: CPU time", *costs, unit="s", budget=PARSING, against="loading them"))
    gain = statistics.median(alone.wall / ours.wall for _, _, ours, alone, _ in runs)
    possible = statistics.median(cores * one.wall / every.wall for one, every, *_ in runs)
    what = f"{name}: sooner on {cores} cores"
    against = f"{cores} loaders at once"
    return [*found, Measurement(what, gain, "×", SPEEDUP, possible, against, at_least=True)]


class Spent(NamedTuple):
    """Seconds of commands that ran at once, and of all their processes."""

    cpu: float
    wall: float


def spent(commands: list[list[str]]) -> Spent:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    running = [subprocess.Popen(words, stdout=subprocess.DEVNULL) for words in commands]
    assert not any(one.wait() for one in running)
    after, ended = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    return Spent(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, ended - began)


@contextmanager
def manifests(count: int) -> Iterator[tuple[str, str]]:
    """The same documents as a folder of files, and as one file."""
    documents = [DOCUMENT.format(number=number) for number in range(count)]
    with tempfile.TemporaryDirectory(prefix="ws-bench-") as folder:
        apart, together = Path(folder, "apart"), Path(folder, "together.yaml")
        apart.mkdir()
        for number, document in enumerate(documents):
            (apart / f"{number:05}.yaml").write_text(document)
        together.write_text("---\n".join(documents))
        yield str(apart), str(together)


if __name__ == "__main__":
    sys.exit(run_alone(measure, __doc__))
