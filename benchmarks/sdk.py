"""What a Python worker pays for its library: unchanged vars, a ready name, one question to the controller.

Measured inside of a real worker (`sdk_worker.py`) of a real project. The yardstick of `get_vars` is an empty
Python function in the same process, the two taking turns.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from common import HERE, Measurement, Options, compare, project, run_alone
from kernel import wait_until

CALLS = 100_000
BUDGET_READ = 6.0
BUDGET_READY_MICROSECONDS = 2.0
BUDGET_SOCKET_MICROSECONDS = 300.0

PUBLISHER = """\
import workerset
workerset.set_vars({"host": "127.0.0.1", "port": 6379, "replicas": ["a", "b"]})
workerset.handle().wait()
"""


def measure(options: Options) -> list[Measurement]:
    samples = inside(options)
    empty = samples["empty"]
    found = [
        compare(what, samples[what], empty, unit="ns", budget=BUDGET_READ, against="empty function")
        for what in ("get_vars", "get_vars in a scope", "get_vars in a request")
    ]
    found.append(absolute("ensure of a ready worker", samples["ensure"], 1000, BUDGET_READY_MICROSECONDS))
    socket = samples["ensure over the socket"]
    return [*found, absolute("ensure over the socket", socket, 1, BUDGET_SOCKET_MICROSECONDS)]


def absolute(what: str, samples: list[float], unit: float, budget: float) -> Measurement:
    values = sorted(one / unit for one in samples)
    return Measurement(what, values[len(values) // 2], "µs", budget, samples={"ours": values})


def inside(options: Options) -> dict[str, list[float]]:
    """The figures that the worker has written."""
    with project() as mine:
        (mine.root / "redis.py").write_text(PUBLISHER)
        shutil.copy(HERE / "sdk_worker.py", mine.root)
        declare(mine.root / "redis.json", "redis", file="redis.py", ready_when="vars")
        words = [str(CALLS), str(options.trials)]
        declare(mine.root / "bench.json", "bench", file="sdk_worker.py", args=words, num=1)
        mine.ctl("apply", "-f", "redis.json", "-f", "bench.json")
        figures = mine.root / "figures.json"
        wait_until(figures.exists, "the figures of the worker")
        samples: dict[str, list[float]] = json.loads(figures.read_text())
        return samples


def declare(path: Path, name: str, **spec: object) -> None:
    declared = {
        "apiVersion": "workerset.dev/v1",
        "kind": "WorkerSet",
        "metadata": {"name": name},
        "spec": {"background": True, "name": name, "scope": "bench", **spec},
    }
    path.write_text(json.dumps(declared))


if __name__ == "__main__":
    sys.exit(run_alone(measure, __doc__))
