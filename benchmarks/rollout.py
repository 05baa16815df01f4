"""What clients see of rolling updates, and how long one takes.

A load of kept-alive and new connections on two processes, during template changes and restarts in turn: once
with the SDK's middleware (nothing refused, nothing reset, no 5xx), once without (nothing refused; what the
server resets is counted). Our own clients tell what went wrong apart; where `wrk` is installed it adds its
traffic and its own count of errors. Then a rollout of 100 processes, against booting as many of the same
server with the same number at a time.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import common
import load

APP = """
import os, sys

BODY = b"hello\\n"
HEADERS = [(b"content-type", b"text/plain"), (b"content-length", b"6")]

async def plain(scope, receive, send):
    if scope["type"] != "http":
        raise ValueError("HTTP only")
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})

if os.environ.get("POLITE"):
    import workerset
    app = workerset.asgi.Middleware(plain)
else:
    app = plain
"""
CHANGES, QUICK_CHANGES = 50, 5
POOL, QUICK_POOL, SURGE = 100, 10, 2
REQUEST = b"GET / HTTP/1.1\r\nHost: boot\r\nConnection: close\r\n\r\n"
DEADLINE_SECONDS = 30.0


@dataclass(frozen=True)
class Seen:
    """By clients: `wrk` is None where it is not installed."""

    answered: int
    refused: int
    reset: int
    failed: int
    wrk: dict[str, int] | None

    @property
    def broken(self) -> int:
        return self.reset + (self.wrk["read"] + self.wrk["write"] + self.wrk["timeout"] if self.wrk else 0)

    @property
    def turned_away(self) -> int:
        return self.refused + (self.wrk["connect"] if self.wrk else 0)


def uvicorn(*where: str) -> list[str]:
    words = [str(Path(sys.executable).with_name("uvicorn")), "app:app", "--loop", "asyncio"]
    return [*words, "--log-level", "error", "--no-access-log", *where]


def declare(project: common.Project, version: int, **spec: object) -> None:
    declared = {
        "apiVersion": "workerset.dev/v1",
        "kind": "WorkerSet",
        "metadata": {"name": "web"},
        "spec": {"command": uvicorn("--fd", "3"), "listen": ["127.0.0.1:0"], **spec},
    }
    declared["spec"]["env"] = {**spec.get("env", {}), "VERSION": str(version)}  # type: ignore[index,dict-item]
    (project.root / "web.json").write_text(json.dumps(declared))
    project.ctl("apply", "-f", "web.json")


def status(project: common.Project) -> dict[str, object]:
    found: dict[str, object] = json.loads(project.ctl("get", "ws", "web", "-o", "json").stdout)["status"]
    return found


def address(project: common.Project) -> tuple[str, int]:
    (where, *_) = status(project)["addresses"]  # type: ignore[misc]
    host, _, port = str(where).removeprefix("http://").rpartition(":")
    return host, int(port)


# ------------------------------------------------------------------------------------- what clients see


@contextmanager
def wrk(where: tuple[str, int]) -> Iterator[list[str]]:
    """Kept-alive connections at full speed; what it printed is in the list afterwards."""
    said: list[str] = []
    program = shutil.which("wrk")
    if program is None:
        yield said
        return
    words = [program, "-t1", "-c8", "-d3600s", "http://{}:{}/".format(*where)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield said
        finally:
            process.send_signal(2)
            said.append(process.communicate()[0])


def wrk_errors(said: list[str]) -> dict[str, int] | None:
    if not said:
        return None
    found = {"connect": 0, "read": 0, "write": 0, "timeout": 0, "non-2xx": 0, "requests": 0}
    if errors := re.search(r"connect (\d+), read (\d+), write (\d+), timeout (\d+)", said[0]):
        found |= dict(zip(("connect", "read", "write", "timeout"), map(int, errors.groups()), strict=True))
    if other := re.search(r"Non-2xx or 3xx responses: (\d+)", said[0]):
        found["non-2xx"] = int(other[1])
    if requests := re.search(r"(\d+) requests in", said[0]):
        found["requests"] = int(requests[1])
    return found


def under_load(changes: int, *, polite: bool) -> Seen:
    """So many template changes, and as many restarts."""
    env = {"POLITE": "1"} if polite else {}
    with common.project() as project:
        (project.root / "app.py").write_text(APP)
        declare(project, 0, num=2, env=env)
        project.ctl("wait", "--for=condition=Ready", "ws", "web")

        async def run() -> tuple[load.Load, list[str]]:
            clients = load.Load(*address(project))
            with wrk(address(project)) as said:
                async with clients.running(new=4, kept=8):
                    await asyncio.to_thread(change, project, changes, env)
            return clients, said

        clients, said = asyncio.run(run())
    errors = wrk_errors(said)
    failed = clients["failed"] + (errors["non-2xx"] if errors else 0)
    return Seen(clients["answered"], clients["refused"], clients["reset"], failed, errors)


def change(project: common.Project, changes: int, env: dict[str, str]) -> None:
    for number in range(1, changes + 1):
        declare(project, number, num=2, env=env)
        project.ctl("rollout", "status", "web", "--timeout", "60s")
        project.ctl("restart", "web", "--wait")


def claims(changes: int) -> list[common.Measurement]:
    found = []
    for polite, words in ((True, "with the middleware"), (False, "without it")):
        seen = under_load(changes, polite=polite)
        print(f"{changes} changes, {changes} restarts {words}: {seen}", file=sys.stderr)
        notes = {"seen": repr(seen)}
        figures = {"refused": seen.turned_away, "answered with 5xx": seen.failed}
        if polite:
            figures["reset"] = seen.broken
        for name, count in figures.items():
            found.append(common.Measurement(f"{name}, {words}", count, "", 0, notes=notes))
        if not polite:
            print(f"reset {words}, counted only: {seen.broken} of {seen.answered}", file=sys.stderr)
    return found


# ------------------------------------------------------------------------------------------ how long it takes


def boot(root: Path, environ: dict[str, str], listener: socket.socket) -> subprocess.Popen[bytes]:
    """One server on a socket of its own, until it has answered."""
    words = uvicorn("--fd", str(listener.fileno()))
    process = subprocess.Popen(
        words, cwd=root, env=environ, pass_fds=[listener.fileno()], start_new_session=True
    )
    with socket.create_connection(listener.getsockname(), timeout=DEADLINE_SECONDS) as client:
        client.sendall(REQUEST)
        if not client.recv(4096):
            raise SystemExit("the bare server closed the connection")
    return process


def bare_boots(root: Path, environ: dict[str, str], count: int) -> float:
    """Seconds until so many have booted, `SURGE` at a time."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    with futures.ThreadPoolExecutor(SURGE) as pool:
        began = time.monotonic()
        booted = list(pool.map(lambda one: boot(root, environ, one), listeners))
        elapsed = time.monotonic() - began
    for process in booted:
        process.kill()
        process.wait()
    for listener in listeners:
        listener.close()
    return elapsed


def one_rollout(project: common.Project, version: int, count: int) -> float:
    """From the moment of the apply until all are of the new template and serve."""
    began = time.monotonic()
    declare(project, version, num=count, rollout={"max_surge": SURGE}, env={"POLITE": "1"})
    project.ctl("rollout", "status", "web", "--timeout", "600s", timeout=620)
    return time.monotonic() - began


def rollouts(count: int, runs: int) -> common.Measurement:
    with common.project() as project:
        (project.root / "app.py").write_text(APP)
        environ = {**project.environ, "POLITE": "1", "PYTHONPATH": str(common.ROOT / "controller" / "sdk")}
        declare(project, 0, num=count, rollout={"max_surge": SURGE}, env={"POLITE": "1"})
        project.ctl("wait", "--for=condition=Ready", "ws", "web", "--timeout", "300s", timeout=320)
        ours, bare = [], []
        for number in range(1, runs + 1):
            bare.append(bare_boots(project.root, environ, count))
            ours.append(one_rollout(project, number, count))
    return common.compare(
        f"rollout of {count} processes, {SURGE} more at a time",
        ours,
        bare,
        unit="s",
        budget=1.3,
        against=f"as many booted bare, {SURGE} at a time",
    )


def measure(options: common.Options) -> list[common.Measurement]:
    quick = options == common.QUICK
    found = claims(QUICK_CHANGES if quick else CHANGES)
    return [*found, rollouts(QUICK_POOL if quick else POOL, 1 if quick else 3)]


if __name__ == "__main__":
    sys.exit(common.run_alone(measure, __doc__ or ""))
