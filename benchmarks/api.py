"""The Kubernetes API with 1,000 sets and as many workers: kubectl, requests, 50 watches of a busy list.

A client on the Unix socket, as `workerctl` is; kubectl by TLS. CPU time is the controller's, from proc(5).
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import replay
from common import Measurement, Options, Project, compare, project, run_alone, wait_workers
from kernel import read

SETS = "/apis/workerset.dev/v1/namespaces/default/workersets"
MAPS = "/api/v1/namespaces/default/configmaps"
PAIRS, REQUESTS = 15, 300
WATCHERS, EVENTS = 50, 3000
JSON = {"Content-Type": "application/json"}
MERGE = {"Content-Type": "application/merge-patch+json"}


def measure(options: Options) -> list[Measurement]:
    with project() as mine:
        mine.wake_controller()
        mine.ctl("kubeconfig")
        mine.declare("load", options.workers)
        mine.ctl("apply", "-f", "load/", timeout=300)
        mine.ctl("delete", "ws", "seed-0000")
        wait_workers(mine, options.workers)
        return [*kubectl(mine, options.workers), *requests(mine), *watched(mine)]


# ---------------------------------------------------------------------------------- kubectl


def kubectl(mine: Project, sets: int) -> list[Measurement]:
    """A list of all against an empty one; the budget is a tenth and 30 ms more. And against the same bytes,
    sent by a server that does nothing else: what of it is kubectl's.
    """
    beside = Path(sys.executable).with_name("kubectl")
    binary = str(beside) if beside.exists() else shutil.which("kubectl")
    if not binary:
        return []
    ours = mine.root / ".workerset" / "kubeconfig"
    theirs = ours.with_name("replayed")
    line = Line(mine)
    recorded = replay.record(line, SETS)
    line.close()
    full, empty, sent = [], [], []
    with replay.replaying(recorded, mine.root / ".workerset" / "tls") as port:
        theirs.write_text(re.sub(r"(server: https://127\.0\.0\.1):\d+", rf"\1:{port}", ours.read_text()))
        for each in (theirs, ours):
            listing(mine, binary, each, "default")  # what it keeps of discovery
        for _ in range(PAIRS):
            empty.append(listing(mine, binary, ours, "nowhere"))
            full.append(listing(mine, binary, ours, "default"))
            sent.append(listing(mine, binary, theirs, "default"))
    name = f"kubectl get ws, {sets:,} sets"
    budget = 1.1 + 30 / statistics.median(empty)
    return [
        compare(name, full, empty, unit="ms", budget=budget, against="an empty list"),
        compare(name, full, sent, unit="ms", budget=1.1, against="the same bytes, only sent"),
    ]


def listing(mine: Project, binary: str, config: Path, namespace: str) -> float:
    environ = {**mine.environ, "KUBECONFIG": str(config)}
    began = time.monotonic()
    subprocess.run(
        [binary, "get", "ws", "-n", namespace],
        cwd=mine.root, env=environ, check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    return (time.monotonic() - began) * 1000


# --------------------------------------------------------------------------------- requests


class Line(http.client.HTTPConnection):
    """A connection to the API's socket."""

    def __init__(self, mine: Project) -> None:
        super().__init__("localhost", timeout=60)
        self._path = f"{(mine.root / '.workerset/run').read_text().strip()}/api.sock"

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self._path)

    def ask(self, method: str, path: str, body: object = None) -> bytes:
        given = None if body is None else json.dumps(body).encode()
        self.request(
            method, path, given, MERGE if method == "PATCH" else {"Content-Type": "application/json"}
        )
        answer = self.getresponse()
        found = answer.read()
        if answer.status >= 400:
            raise SystemExit(f"{method} {path}: {answer.status} {found!r}")
        return found


def requests(mine: Project) -> list[Measurement]:
    line = Line(mine)
    path = f"{SETS}/load-0000"
    line.ask("GET", path)
    got, patched = [], []
    for number in range(REQUESTS):
        got.append(timed(line, "GET", path, None))
        change = {"metadata": {"annotations": {"number": str(number)}}}
        patched.append(timed(line, "PATCH", path, change))
    line.close()
    return [
        Measurement("GET of a set, there and back", statistics.median(got), "ms", 1.0),
        Measurement("PATCH of a set, there and back", statistics.median(patched), "ms", 3.0),
    ]


def timed(line: Line, method: str, path: str, body: object) -> float:
    began = time.perf_counter()
    line.ask(method, path, body)
    return (time.perf_counter() - began) * 1000


# ---------------------------------------------------------------------------------- watches


def watched(mine: Project) -> list[Measurement]:
    """One writer, one change after the other, as fast as it goes. A slow one leaves more events alone in
    their chunk, which is the dearest way to watch: so the rate is told, and the budget holds at any."""
    controller = mine.pid_of("controller")
    line = Line(mine)
    line.ask("POST", MAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "busy"}})
    alone, _ = cost_of_writes(line, controller)
    version = json.loads(line.ask("GET", MAPS))["metadata"]["resourceVersion"]
    with watching(mine, f"{MAPS}?watch=true&resourceVersion={version}") as counts:
        along, seconds = cost_of_writes(line, controller)
        deadline = time.monotonic() + 30
        while min(counts) < EVENTS and time.monotonic() < deadline:
            time.sleep(0.05)
        rss = rss_mb(controller)
    line.close()
    lost = sum(EVENTS - count for count in counts)
    per_thousand = (along - alone) / EVENTS * 1000
    name = f"CPU of 1,000 events, {EVENTS / seconds:.0f}/s, to {WATCHERS} watches, without the writes"
    return [
        Measurement(name, per_thousand, "s", 0.2),
        Measurement("of them lost", float(lost), "", 0.0),
        Measurement(f"RSS of the controller then, with {WATCHERS} watches", rss, "MB", 120.0),
    ]


def cost_of_writes(line: Line, controller: int) -> tuple[float, float]:
    """CPU seconds of the controller for so many changes, and how long they took."""
    before, began = cpu_seconds(controller), time.monotonic()
    for number in range(EVENTS):
        line.ask("PATCH", f"{MAPS}/busy", {"data": {"number": f"{time.monotonic_ns()} {number}"}})
    return cpu_seconds(controller) - before, time.monotonic() - began


@contextlib.contextmanager
def watching(mine: Project, target: str) -> Iterator[list[int]]:
    """Watches that count their events, each line one."""
    counts = [0] * WATCHERS
    all_begun = threading.Barrier(WATCHERS + 1)
    lines = [Line(mine) for _ in counts]

    def follow(index: int) -> None:
        lines[index].request("GET", target)
        answer = lines[index].getresponse()
        all_begun.wait(60)
        with contextlib.suppress(http.client.IncompleteRead):  # how it ends: by a hand from below
            while chunk := answer.read1(65536):
                counts[index] += chunk.count(b"\n")

    threads = [threading.Thread(target=follow, args=(index,), daemon=True) for index in range(WATCHERS)]
    for one in threads:
        one.start()
    all_begun.wait(60)
    try:
        yield counts
    finally:
        for line in lines:
            line.sock.shutdown(socket.SHUT_RDWR)
        for one in threads:
            one.join()


def cpu_seconds(pid: int) -> float:
    fields = read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mb(pid: int) -> float:
    rows = dict(row.split(b":", 1) for row in read(f"/proc/{pid}/status").splitlines() if b":" in row)
    return int(rows[b"VmRSS"].split()[0]) / 1024


if __name__ == "__main__":
    sys.exit(run_alone(measure, __doc__))
