"""Names of a catch-all, ensured by sixteen callers at once over the worker socket, until all of them run.

In batches, every name is asked for by two callers, each with one request. One by one, each caller has a share
and asks for a name when it has the one before. Either way each name is started exactly once.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import loops
from common import WORKER, Measurement, Options, Project, compare, project, run_alone, wait_workers
from kernel import children

CALLERS = 16
BUDGET = 3.0
BUDGET_LINEAR = 1.5

Share = Callable[[Sequence[str], int], list[list[str]]]
"""The requests of caller number N, each a list of names."""


def measure(options: Options) -> list[Measurement]:
    sizes = [options.workers // 4, options.workers // 2, options.workers]
    bare: list[float] = []
    batched: dict[int, list[float]] = {size: [] for size in sizes}
    singly: dict[int, list[float]] = {size: [] for size in sizes}
    for _ in range(options.runs):
        bare.append(loops.start_and_stop(options.workers)[0])
        for size in sizes:
            batched[size].append(time_ensure(size, batches))
            singly[size].append(time_ensure(size, one_each))
    found = []
    for way, times in (("in batches", batched), ("one by one", singly)):
        what = f"ensure {options.workers:,} names, {CALLERS} callers, {way}"
        against = "bare Popen loop"
        found.append(compare(what, times[sizes[-1]], bare, unit="s", budget=BUDGET, against=against))
        found[-1].notes["seconds by number of names"] = {size: sorted(times[size]) for size in sizes}
        found.append(
            compare(
                f"cost of a name, {way}",
                [1000 * one / sizes[-1] for one in times[sizes[-1]]],
                [1000 * one / sizes[0] for one in times[sizes[0]]],
                unit="ms",
                budget=BUDGET_LINEAR,
                against=f"of {sizes[0]:,} names",
            )
        )
    return found


def batches(names: Sequence[str], caller: int) -> list[list[str]]:
    """A share and that of the next caller."""
    return [[*names[caller::CALLERS], *names[(caller + 1) % CALLERS :: CALLERS]]]


def one_each(names: Sequence[str], caller: int) -> list[list[str]]:
    return [[name] for name in names[caller::CALLERS]]


def time_ensure(count: int, share: Share) -> float:
    """Seconds from the first request until every name has its process and every caller its answer."""
    with project() as mine:
        spec = {"background": True, "command": list(WORKER), "max_threads": count}
        declared = {"apiVersion": "workerset.dev/v1", "kind": "WorkerSet", "metadata": {"name": "load"}}
        (mine.root / "load.json").write_text(json.dumps({**declared, "spec": spec}))
        mine.ctl("apply", "-f", "load.json")
        run = Path((mine.root / ".workerset" / "run").read_text().strip())
        names = [f"name-{number:04}" for number in range(count)]
        token = token_of(run)
        callers = [Caller(run, token, share(names, number)) for number in range(CALLERS)]
        threads = [threading.Thread(target=caller.ask_all) for caller in callers]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        ended = wait_workers(mine, count)
        for thread in threads:
            thread.join()
        ended = max(ended, *(caller.ended for caller in callers))
        refuse_doubles(mine, count)
        return ended - began


class Caller:
    """One connection."""

    def __init__(self, run: Path, token: str, requests: list[list[str]]) -> None:
        self._token = token
        self._requests = requests
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(run / "workers.sock"))
        self.ended = 0.0

    def ask_all(self) -> None:
        with self._socket, self._socket.makefile("rwb") as stream:
            for number, names in enumerate(self._requests):
                asked = {"id": number, "op": "ensure", "token": self._token, "names": names, "wait": False}
                stream.write(json.dumps({**asked, "timeout": 60}).encode() + b"\n")
                stream.flush()
                answer = json.loads(stream.readline())
                if not answer["ok"]:
                    raise SystemExit(f"refused: {answer}")
        self.ended = time.monotonic()


def token_of(run: Path) -> str:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(run / "api.sock"))
        connection.sendall(
            b"GET /workerset/v1/token/default HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    token: str = json.loads(answer[answer.index(b"{") : answer.rindex(b"}") + 1])["token"]
    return token


def refuse_doubles(mine: Project, count: int) -> None:
    """Each name was started exactly once."""
    workers = len(children(mine.pid_of("shim")))
    restarts = mine.ctl("get", "ws", "load", "-o", "jsonpath={.status.restarts}").stdout
    if len(mine.tree()[1]) != count or restarts != "0":
        raise SystemExit(f"{workers} processes and {restarts} restarts for {count} names")


if __name__ == "__main__":
    sys.exit(run_alone(measure, __doc__))
