"""Rolling updates of real servers under load (S7.2), and what may come between."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import load
from controller.client import resources
from tests.e2e import web
from tests.e2e.project import Project

CHANGES = 3
SERVER = """
import os

BODY = os.environ["VERSION"].encode()


async def app(scope, receive, send):
    if scope["type"] != "http":
        raise ValueError("HTTP only")
    headers = [(b"content-length", str(len(BODY)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": BODY})
"""


POLITE = """

import workerset

polite = workerset.asgi.Middleware(app)
"""


def declare(project: Project, version: str, app: str = "app", loop: str = "asyncio", **spec: Any) -> None:
    project.write("asgi.py", SERVER + POLITE)
    command = ["uvicorn", f"asgi:{app}", "--fd", "$(LISTEN_FD)", "--loop", loop, "--log-level", "warning"]
    project.declare(
        "web",
        **{
            "command": command,
            "listen": ["127.0.0.1:0"],
            "num": 2,
            "env": {"VERSION": version},
            **spec,
        },
    )
    project.apply()


@pytest.fixture
def site(project: Project) -> Project:
    project.environ["PATH"] = f"{Path(sys.executable).parent}:{project.environ['PATH']}"
    del project.environ["PYTHONWARNINGS"]
    declare(project, "v0")
    project.wait_state("web", "Ready")
    return project


def wait_alone(project: Project) -> None:
    """Until what was drained is gone: it may still answer."""
    project.wait(resources.WORKERSETS, "web", lambda obj: obj["status"]["replicas"] == 2)


def changed_and_restarted(site: Project, **spec: Any) -> load.Load:
    """What clients saw of template changes and restarts in turn."""

    async def run() -> load.Load:
        seen = load.Load(*web.address(site, "web"))
        async with seen.running():
            for number in range(1, CHANGES + 1):
                await asyncio.to_thread(declare, site, f"v{number}", **spec)
                await asyncio.to_thread(site.ctl, "rollout", "status", "web", "--timeout", "40s")
                await asyncio.to_thread(site.ctl, "restart", "web", "--wait")
        return seen

    seen = asyncio.run(run())
    assert seen["refused"] == 0, seen.counts
    assert seen["failed"] == 0, seen.counts
    assert {f"v{number}".encode() for number in range(1, CHANGES + 1)} <= set(seen.bodies)
    return seen


def test_s7_2_nothing_is_refused_during_changes_and_restarts(site: Project) -> None:
    """By a server that only gets the signal; what it resets is counted, not forbidden."""
    changed_and_restarted(site)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_s7_2_with_the_middleware_nothing_is_reset_either(site: Project, loop: str) -> None:
    pytest.importorskip(loop)
    polite = {"app": "polite", "loop": loop}
    declare(site, "v0", **polite)
    site.ctl("rollout", "status", "web", "--timeout", "40s")
    wait_alone(site)
    assert changed_and_restarted(site, **polite)["reset"] == 0


def test_s7_2_a_template_that_never_gets_ready_fails_and_undo_goes_on(site: Project) -> None:
    before = sorted(site.pids("web"))
    hangs = {"command": ["sleep", "1000"], "rollout": {"progress_deadline": "2s"}}
    declare(site, "v1", **hangs)
    failed = site.ctl("rollout", "status", "web", "--timeout", "40s", code=1)
    assert "the new template was not ready within 2s, the one before goes on" in failed.stderr
    site.wait_state("web", "Failed")
    assert web.get(web.address(site, "web")) == b"v0"
    assert set(before) <= set(site.pids("web"))
    site.ctl("rollout", "undo", "web")
    site.wait_state("web", "Ready")
    assert sorted(site.pids("web")) == before


def test_killed_during_a_rollout_the_next_controller_continues(site: Project) -> None:
    where = web.address(site, "web")
    declare(site, "v1")
    os.kill(site.pid_of("controller"), signal.SIGKILL)
    web.get(where)
    site.ctl("rollout", "status", "web", "--timeout", "40s")
    wait_alone(site)
    assert {web.get(where) for _ in range(10)} == {b"v1"}
    assert len(site.pids("web")) == 2


def test_paused_resumed(site: Project) -> None:
    assert "paused" in site.ctl("rollout", "pause", "web").stdout
    declare(site, "v1")
    site.wait_state("web", "Waiting")
    assert web.get(web.address(site, "web")) == b"v0"
    site.ctl("rollout", "resume", "web")
    site.ctl("rollout", "status", "web", "--timeout", "40s")
    wait_alone(site)
    assert web.get(web.address(site, "web")) == b"v1"
