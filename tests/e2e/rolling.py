"""What tests of rolling updates share: real servers that answer with their version, and a load on them."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks import load
from controller.client import resources
from tests.e2e import web
from tests.e2e.project import Object, Project

ASGI = """
import os

BODY = os.environ["VERSION"].encode()


async def app(scope, receive, send):
    if scope["type"] != "http":
        raise ValueError("HTTP only")
    headers = [(b"content-length", str(len(BODY)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": BODY})


import workerset

polite = workerset.asgi.Middleware(app)
"""

WSGI = """
import os

BODY = os.environ["VERSION"].encode()


def app(environ, start_response):
    start_response("200 OK", [("content-length", str(len(BODY)))])
    return [BODY]


import workerset

polite = workerset.wsgi.Middleware(app)
"""

HOLDING = ASGI.replace(
    "    headers =", "    while (await receive()).get('more_body'):\n        pass\n    headers ="
)

GATED = "import os\nopen('gate-' + os.environ['VERSION']).read()\n" + ASGI
"""A file of that name must be there; see `shut`."""

UVICORN = ("uvicorn", "asgi:APP", "--fd", "$(LISTEN_FD)", "--log-level", "warning")
SERVERS = {
    "uvicorn": (*UVICORN, "--loop", "asyncio"),
    "uvicorn-uvloop": (*UVICORN, "--loop", "uvloop"),
    "hypercorn": ("hypercorn", "asgi:APP", "--bind", "fd://$(LISTEN_FD)"),
    "gunicorn": ("gunicorn", "--threads", "8", "--keep-alive", "60", "wsgi:APP"),
}


def write(
    project: Project, version: str, server: str = "uvicorn", app: str = "app", source: str = ASGI, **spec: Any
) -> None:
    """`app` is `polite` with the middleware around it."""
    if server.endswith("uvloop"):
        pytest.importorskip("uvloop")
    project.write("asgi.py", source)
    project.write("wsgi.py", WSGI)
    defaults = {
        "command": [word.replace("APP", app) for word in SERVERS[server]],
        "listen": ["127.0.0.1:0"],
        "num": 2,
        "env": {"VERSION": version},
    }
    project.declare("web", **{**defaults, **spec})


def declare(project: Project, *words: str, **spec: Any) -> None:
    """As `write`, and applied."""
    write(project, *words, **spec)
    project.apply()


def prepare(project: Project) -> Project:
    """With the servers of this environment on its PATH; their warnings are not ours."""
    project.environ["PATH"] = f"{web.BIN}:{project.environ['PATH']}"
    del project.environ["PYTHONWARNINGS"]
    return project


def wait_rolled(project: Project, num: int = 2) -> None:
    """Until all are new and what was drained is gone: it may still answer."""
    project.ctl("rollout", "status", "web", "--timeout", "40s")
    project.wait(resources.WORKERSETS, "web", lambda obj: obj["status"]["replicas"] == num)


@contextlib.contextmanager
def shut(project: Project, version: str) -> Iterator[None]:
    """Servers of this version boot no further than this FIFO; afterwards it is a file."""
    gate: Path = project.root / f"gate-{version}"
    gate.unlink()
    os.mkfifo(gate)
    held = os.open(gate, os.O_RDWR)  # waits for nobody (fifo(7)); who reads waits until it is closed
    try:
        yield
    finally:
        os.replace(project.write("open", ""), gate)
        os.close(held)


def counted(project: Project, **expected: int) -> None:
    """Until the status has these numbers."""

    def holds(obj: Object) -> bool:
        status = obj.get("status", {})
        return all(status.get(name, 0) == number for name, number in expected.items())

    project.wait(resources.WORKERSETS, "web", holds)


def newcomers(project: Project, before: set[int]) -> set[int]:
    """Processes that were not there before, once all that were asked for are there."""
    return {project.wait_pid(pod["metadata"]["name"]) for pod in project.workers("web")} - before


def changed_and_restarted(site: Project, changes: int = 2, **spec: Any) -> load.Load:
    """What clients saw of so many template changes and restarts in turn; version 0 runs already."""

    async def run() -> load.Load:
        seen = load.Load(*web.address(site, "web"))
        async with seen.running():
            for number in range(1, changes + 1):
                await asyncio.to_thread(declare, site, f"v{number}", **spec)
                await asyncio.to_thread(site.ctl, "rollout", "status", "web", "--timeout", "40s")
                await asyncio.to_thread(site.ctl, "restart", "web", "--wait")
        return seen

    seen = asyncio.run(run())
    assert seen["refused"] == 0, seen.counts
    assert seen["failed"] == 0, seen.counts
    assert set(seen.bodies) == {f"v{number}".encode() for number in range(changes + 1)}
    return seen


def new_project(folder: Path) -> Project:
    """One for all tests of a module."""
    for name in ("shop", "home"):
        (folder / name).mkdir()
    return prepare(Project(folder / "shop", folder / "home"))
