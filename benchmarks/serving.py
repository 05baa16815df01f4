"""Requests a second through a handed-over socket against the same server run bare, in alternating pairs.

One process each, the same command but for where the socket comes from. Each pair has two fresh processes,
since two processes of one program differ by a percent or two, and the two take turns in short slices, so that
what else the machine does meets both. Many short pairs tell more than few long ones. The claim is the lower
end of the 95 % confidence interval of the pairs' ratios (geometric mean, Student's t on the logarithms).
"""

from __future__ import annotations

import argparse
import json
import math
import os
import select
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import common
from kernel import read, tasks, wait_until

APP = """
HEADERS = [(b"content-type", b"text/plain"), (b"content-length", b"6")]

async def app(scope, receive, send):
    if scope["type"] != "http":
        raise ValueError("HTTP only")
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": b"hello\\n"})
"""
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
END = b"hello\n"
PAIRS, QUICK_PAIRS = 60, 4
SECONDS, QUICK_SECONDS = 0.8, 0.5
SLICES = 8
CONNECTIONS = 16
BUDGET = 0.98

# Student's t, two-sided 95 %, by degrees of freedom.
_T = ((3, 3.182), (4, 2.776), (7, 2.365), (9, 2.262), (14, 2.145), (19, 2.093), (29, 2.045), (59, 2.001))


@dataclass(frozen=True)
class Served:
    """Requests a second of elapsed time, and of the server's own processor time."""

    rate: float
    per_cpu_second: float


@dataclass(frozen=True)
class Pair:
    handed_over: Served
    bare: Served


def command(*where: str) -> list[str]:
    """The server of this environment."""
    uvicorn = str(Path(sys.executable).with_name("uvicorn"))
    words = [uvicorn, "app:app", "--log-level", "warning", "--no-access-log", *where]
    pin = shutil.which("taskset")
    return [pin, "-c", "0", *words] if pin and (os.cpu_count() or 1) > 1 else words


def requests(address: tuple[str, int], seconds: float) -> tuple[int, float]:
    """How many in how long, over `CONNECTIONS` kept-alive connections, one request at a time each."""
    poll = select.epoll()
    clients = {}
    for _ in range(CONNECTIONS):
        client = socket.create_connection(address, timeout=10)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        poll.register(client, select.EPOLLIN)
        clients[client.fileno()] = client
        client.sendall(REQUEST)
    done, began = 0, time.monotonic()
    until = began + seconds
    while (now := time.monotonic()) < until:
        for number, _ in poll.poll(until - now):
            data = clients[number].recv(4096)
            if not data:
                raise SystemExit("the server closed a connection that was in use")
            if not data.endswith(END):
                continue  # the head came by itself
            done += 1
            clients[number].sendall(REQUEST)
    elapsed = time.monotonic() - began
    for client in clients.values():
        client.close()
    poll.close()
    return done, elapsed


def answers(address: tuple[str, int]) -> bool:
    try:
        with socket.create_connection(address, timeout=10) as client:
            client.sendall(REQUEST)
            return bool(client.recv(4096))
    except OSError:
        return False


def fresh_bare(project: common.Project) -> tuple[subprocess.Popen[bytes], tuple[str, int]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address: tuple[str, int] = probe.getsockname()
    words = command("--host", address[0], "--port", str(address[1]))
    # A session of its own, as every worker has: the scheduler shares time by session (sched(7), autogroup).
    process = subprocess.Popen(words, cwd=project.root, env=project.environ, start_new_session=True)
    wait_until(lambda: answers(address), "the bare server answers")
    return process, address


def pids(project: common.Project) -> list[int]:
    found = json.loads(project.ctl("get", "pods", "-o", "json").stdout)["items"]
    known = [one["metadata"].get("annotations", {}).get("workerset.dev/pid") for one in found]
    return [int(pid) for pid in known if pid]


def cpu_seconds(pid: int) -> float:
    """To the nanosecond, unlike stat's hundredths (schedstat)."""
    return sum(int(read(f"/proc/{pid}/task/{task}/schedstat").split()[0]) for task in tasks(pid)) / 1e9


def measure_pair(project: common.Project, address: tuple[str, int], number: int, seconds: float) -> Pair:
    (old,) = pids(project)
    os.kill(old, signal.SIGKILL)
    bare, bare_address = fresh_bare(project)
    try:
        wait_until(lambda: answers(address), "the set answers")
        (pid,) = pids(project)
        servers = {address: pid, bare_address: bare.pid}
        order = [address, bare_address] if number % 2 else [bare_address, address]
        for one in order:
            requests(one, seconds / 4)  # warm
        before = {one: cpu_seconds(servers[one]) for one in order}
        slices: dict[tuple[str, int], list[tuple[int, float]]] = {one: [] for one in order}
        for turn in range(SLICES):
            for one in order if turn % 2 else reversed(order):
                slices[one].append(requests(one, seconds / SLICES))
        used = {one: cpu_seconds(servers[one]) - before[one] for one in order}
    finally:
        bare.kill()
        bare.wait()
    return Pair(served(slices[address], used[address]), served(slices[bare_address], used[bare_address]))


def served(slices: list[tuple[int, float]], used: float) -> Served:
    done = sum(count for count, _ in slices)
    return Served(done / sum(elapsed for _, elapsed in slices), done / used)


def interval(ratios: list[float]) -> tuple[float, float, float]:
    """Geometric mean of the ratios and its 95 % confidence interval."""
    logs = [math.log(ratio) for ratio in ratios]
    mean = statistics.mean(logs)
    freedom = len(logs) - 1
    t = next((value for known, value in reversed(_T) if known <= freedom), _T[0][1])
    half = t * statistics.stdev(logs) / math.sqrt(len(logs))
    return math.exp(mean), math.exp(mean - half), math.exp(mean + half)


def take(count: int, seconds: float) -> list[Pair]:
    with common.project() as project:
        (project.root / "app.py").write_text(APP)
        declared = {
            "command": command("--fd", "3"),
            "listen": ["127.0.0.1:0"],
            "max_consecutive_failures": -1,
        }
        project.declare("web", 1, **declared)
        if (os.cpu_count() or 1) > 1:
            os.sched_setaffinity(0, {1})
        project.ctl("apply", "-f", "web/")
        project.ctl("wait", "--for=condition=Ready", "ws", "web-0000")
        status = json.loads(project.ctl("get", "ws", "web-0000", "-o", "json").stdout)["status"]
        host, _, port = status["addresses"][0].removeprefix("http://").rpartition(":")
        return [measure_pair(project, (host, int(port)), number, seconds) for number in range(count)]


def measure(options: common.Options) -> list[common.Measurement]:
    quick = options == common.QUICK
    pairs = take(QUICK_PAIRS, QUICK_SECONDS) if quick else take(PAIRS, SECONDS)
    return [
        claim("requests a second, handed over / bare, at least", pairs, "rate"),
        claim("requests a second of processor time, handed over / bare, at least", pairs, "per_cpu_second"),
    ]


def claim(name: str, pairs: list[Pair], figure: str) -> common.Measurement:
    ours = [getattr(pair.handed_over, figure) for pair in pairs]
    bare = [getattr(pair.bare, figure) for pair in pairs]
    ratio, low, high = interval([one / two for one, two in zip(ours, bare, strict=True)])
    print(f"{name}: {len(pairs)} pairs, {ratio:.3f} (95 %: {low:.3f} … {high:.3f})", file=sys.stderr)
    return common.Measurement(
        name=name,
        ours=low,
        unit="×",
        budget=BUDGET,
        at_least=True,
        samples={"ours": ours, "yardstick": bare},
        notes={"ratio": ratio, "high": high, "pairs": len(pairs)},
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_PAIRS} short pairs: a look")
    args = parser.parse_args()
    found = measure(common.QUICK if args.quick else common.Options())
    print(common.table(found))
    for one in found:
        medians = {name: statistics.median(values) for name, values in one.samples.items()}
        print(f"{one.name}: medians {medians['ours']:.0f} and {medians['yardstick']:.0f}")
    return 0 if all(one.is_met for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
