"""Rolling updates of real servers under load (S7.2), and what may come between."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import load
from controller.client import resources
from tests.e2e import web
from tests.e2e.project import Project, wait_gone

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


HOLDING = SERVER.replace(
    "    headers =", "    while (await receive()).get('more_body'):\n        pass\n    headers ="
)


def declare(
    project: Project, version: str, app: str = "app", loop: str = "asyncio", server: str = SERVER, **spec: Any
) -> None:
    project.write("asgi.py", server + POLITE)
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
    assert set(seen.bodies) == {f"v{number}".encode() for number in range(CHANGES + 1)}
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


def killed_and_gone_on(site: Project) -> None:
    """kill -9 of the controller, and another one."""
    before = site.pid_of("controller")
    os.kill(before, signal.SIGKILL)
    wait_gone(before)
    site.ctl("get", "ws", "web")
    assert site.pid_of("controller") != before


def all_new(site: Project, where: tuple[str, int]) -> None:
    site.ctl("rollout", "status", "web", "--timeout", "40s")
    wait_alone(site)
    assert {web.get(where) for _ in range(10)} == {b"v1"}
    assert len(site.pids("web")) == 2


def test_killed_as_a_rollout_begins_the_next_controller_continues(site: Project) -> None:
    where = web.address(site, "web")
    declare(site, "v1")
    os.kill(site.pid_of("controller"), signal.SIGKILL)
    web.get(where)
    all_new(site, where)


def test_killed_while_a_newcomer_boots_the_next_controller_waits_for_it(site: Project) -> None:
    where, before = web.address(site, "web"), set(site.pids("web"))
    gate = site.root / "gate"
    os.mkfifo(gate)
    declare(site, "v1", server=f"open({str(gate)!r}).read()\n{SERVER}")
    with gate.open("w"):  # waits for who reads it, who waits until it is closed
        site.wait(resources.WORKERSETS, "web", lambda obj: obj["status"]["replicas"] == 3)
        newcomer = (set(site.pids("web")) - before).pop()
        killed_and_gone_on(site)
        assert web.get(where) == b"v0"
        assert set(site.pids("web")) == before | {newcomer}
        gate.unlink()
        gate.write_text("")
    all_new(site, where)
    assert newcomer in site.pids("web")


def test_killed_while_one_drains_what_it_answers_is_not_cut_short(site: Project) -> None:
    holding = {"app": "polite", "server": HOLDING, "drain_timeout": "60s"}
    declare(site, "v0", **holding)
    site.ctl("rollout", "status", "web", "--timeout", "40s")
    wait_alone(site)
    where = web.address(site, "web")
    with socket.create_connection(where, web.DEADLINE_SECONDS) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        assert b"100 Continue" in client.recv(1000)
        declare(site, "v1", **holding)
        site.wait(resources.WORKERSETS, "web", lambda obj: obj["status"].get("updatedReplicas") == 2)
        killed_and_gone_on(site)
        client.sendall(b"done")
        answer = b"".join(iter(lambda: client.recv(1000), b""))
        assert answer.startswith(b"HTTP/1.1 200")
        assert answer.endswith(b"v0")
    all_new(site, where)


def test_paused_resumed(site: Project) -> None:
    assert "paused" in site.ctl("rollout", "pause", "web").stdout
    declare(site, "v1")
    site.wait_state("web", "Waiting")
    assert web.get(web.address(site, "web")) == b"v0"
    site.ctl("rollout", "resume", "web")
    site.ctl("rollout", "status", "web", "--timeout", "40s")
    wait_alone(site)
    assert web.get(web.address(site, "web")) == b"v1"
