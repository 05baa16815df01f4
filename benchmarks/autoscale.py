"""How soon one process more is there, once connections wait in the queue of an HTTP set.

From the moment a client has connected to a server that accepts nothing until the next process has begun: what
it takes to notice, to be sure, to decide and to start. The guard of the processors is switched off, since the
machine that measures is busy by itself.
"""

from __future__ import annotations

import json
import socket
import statistics
import sys
import time
from pathlib import Path

import common
from kernel import wait_until

SETS, QUICK_SETS = 30, 8
CLIENTS = 3
BUDGET_SECONDS = 0.2
SERVER = 'echo > "born.$WORKERSET_NAME.$WORKERSET_ORDINAL"; exec sleep 100000'


def addresses(project: common.Project) -> dict[str, tuple[str, int]]:
    """Where each set is bound."""
    found = json.loads(project.ctl("get", "ws", "-o", "json").stdout)["items"]
    bound = {}
    for one in found:
        host, _, port = one["status"]["addresses"][0].removeprefix("http://").rpartition(":")
        bound[one["metadata"]["name"]] = (host, int(port))
    return bound


def trial(project: common.Project, name: str, address: tuple[str, int]) -> float:
    """Seconds from the first connection to the second process."""
    born = Path(project.root, f"born.{name}.1")
    clients = [socket.create_connection(address) for _ in range(CLIENTS)]
    began = time.time()
    wait_until(born.exists, f"a second process of {name}")
    for client in clients:
        client.close()
    return max(0.0, born.stat().st_mtime - began)


def take(count: int) -> list[float]:
    with common.project() as project:
        project.environ["WORKERSET_CPU_SATURATED"] = "200"
        project.declare(
            "web",
            count,
            command=["sh", "-c", SERVER],
            listen=["127.0.0.1:0"],
            max_threads=2,
            ready_when="started",
        )
        project.ctl("apply", "-f", "web/")
        project.ctl("wait", "--for=condition=Ready", "ws", "--all")
        quiet = time.monotonic() + 5.0
        wait_until(lambda: time.monotonic() > quiet, "nothing is sampled any more")
        return [trial(project, name, address) for name, address in addresses(project).items()]


def measure(options: common.Options) -> list[common.Measurement]:
    found = sorted(take(QUICK_SETS if options == common.QUICK else SETS))
    middle, last = statistics.median(found), found[int(0.95 * (len(found) - 1))]
    print(f"one more process: {len(found)} sets, median {middle:.3f} s, 95 %: {last:.3f} s", file=sys.stderr)
    return [
        common.Measurement(
            name="queueing → one more process, 95 %",
            ours=last,
            unit="s",
            budget=BUDGET_SECONDS,
            samples={"ours": found},
        )
    ]


if __name__ == "__main__":
    sys.exit(common.run_alone(measure, __doc__ or ""))
