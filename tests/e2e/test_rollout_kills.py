"""`kill -9` of the controller in each phase of a rolling update of real servers: the next one goes on.

A gate in the way of their boot holds it at the moment that is meant.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e import rolling, web
from tests.e2e.project import Project, wait_gone

SECOND_GATED = rolling.GATED.replace(
    "open(", "try:\n    os.mkdir('first')\nexcept FileExistsError:\n    open("
)
"""The first one passes."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    project = rolling.new_project(tmp_path_factory.mktemp("kills"))
    try:
        yield project
    finally:
        project.close()


@pytest.fixture
def site(shop: Project) -> Iterator[Project]:
    """The set anew, two processes of version 0 that serve."""
    with contextlib.suppress(FileNotFoundError):
        (shop.root / "first").rmdir()
    for version in ("v0", "v1"):
        shop.write(f"gate-{version}", "")
    rolling.declare(shop, "v0", source=rolling.GATED)
    shop.wait_state("web", "Ready")
    yield shop
    shop.ctl("delete", "ws", "web")


def killed_and_gone_on(site: Project, *staying: int) -> None:
    """kill -9 of the controller, and another one, which disturbs nobody, or none of these."""
    pids, before = set(site.pids("web")), site.pid_of("controller")
    os.kill(before, signal.SIGKILL)
    wait_gone(before)
    site.ctl("get", "ws", "web")
    assert site.pid_of("controller") != before
    assert set(staying) <= set(site.pids("web")) if staying else set(site.pids("web")) == pids


def all_new(site: Project, where: tuple[str, int], num: int = 2) -> None:
    rolling.wait_rolled(site, num)
    assert {web.get(where) for _ in range(10)} == {b"v1"}
    assert len(site.pids("web")) == num


def test_as_it_begins(site: Project) -> None:
    where = web.address(site, "web")
    rolling.declare(site, "v1", source=rolling.GATED)
    os.kill(site.pid_of("controller"), signal.SIGKILL)
    web.get(where)
    all_new(site, where)


def test_while_a_newcomer_boots(site: Project) -> None:
    where, before = web.address(site, "web"), set(site.pids("web"))
    with rolling.shut(site, "v1"):
        rolling.declare(site, "v1", source=rolling.GATED)
        rolling.counted(site, replicas=3)
        (newcomer,) = rolling.newcomers(site, before)
        killed_and_gone_on(site)
        assert web.get(where) == b"v0"
    all_new(site, where)
    assert newcomer in site.pids("web")


def test_while_min_ready_runs(site: Project) -> None:
    gate: dict[str, Any] = {"ready_when": "started", "min_ready": "1500ms", "num": 1}
    where = web.address(site, "web")
    rolling.declare(site, "v0", source=rolling.GATED, **gate)
    rolling.counted(site, replicas=1, readyReplicas=1)
    (old,) = site.pids("web")
    rolling.write(site, "v1", source=rolling.GATED, **gate)
    applied = site.popen("apply", "-f", "manifests/")
    rolling.counted(site, replicas=2, readyReplicas=1, updatedReplicas=1)
    (newcomer,) = rolling.newcomers(site, {old})
    killed_and_gone_on(site, newcomer)
    applied.communicate()
    all_new(site, where, num=1)
    assert site.pids("web") == [newcomer]


def test_between_the_end_of_one_and_that_of_the_next(site: Project) -> None:
    where, before = web.address(site, "web"), set(site.pids("web"))
    with rolling.shut(site, "v1"):
        rolling.declare(site, "v1", source=SECOND_GATED)
        rolling.counted(site, replicas=3, readyReplicas=2, updatedReplicas=2)
        newcomers = rolling.newcomers(site, before)
        assert len(newcomers) == 2
        killed_and_gone_on(site)
        assert {web.get(where) for _ in range(20)} <= {b"v0", b"v1"}
    all_new(site, where)
    assert set(site.pids("web")) == newcomers


def test_while_one_drains_what_it_answers_is_not_cut_short(site: Project) -> None:
    holding = {"app": "polite", "source": rolling.HOLDING, "drain_timeout": "60s"}
    where = web.address(site, "web")
    rolling.declare(site, "v0", **holding)
    rolling.wait_rolled(site)
    with socket.create_connection(where, web.DEADLINE_SECONDS) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        assert b"100 Continue" in client.recv(1000)
        rolling.declare(site, "v1", **holding)
        rolling.counted(site, replicas=3, updatedReplicas=2)
        killed_and_gone_on(site)
        client.sendall(b"done")
        answer = b"".join(iter(lambda: client.recv(1000), b""))
        assert answer.startswith(b"HTTP/1.1 200")
        assert answer.endswith(b"v0")
    all_new(site, where)


def test_while_it_is_paused_half_way(site: Project) -> None:
    where, before = web.address(site, "web"), set(site.pids("web"))
    with rolling.shut(site, "v1"):
        rolling.declare(site, "v1", source=SECOND_GATED)
        rolling.counted(site, replicas=3, readyReplicas=2, updatedReplicas=2)
        site.ctl("rollout", "pause", "web")
        rolling.counted(site, replicas=2, readyReplicas=2, updatedReplicas=1)
        half_way = set(site.pids("web"))
        assert len(half_way & before) == 1
        killed_and_gone_on(site)
        assert "rollout paused, 1 of 2 updated" in site.workerset("web")["status"]["message"]
    site.ctl("rollout", "resume", "web")
    all_new(site, where)
    assert half_way - before <= set(site.pids("web"))


def test_while_the_last_good_revision_comes_back(site: Project) -> None:
    """The old ones had to give way first, and the new ones were not ready in time."""
    where = web.address(site, "web")
    rules = {"max_surge": 0, "max_unavailable": "100%", "progress_deadline": "500ms"}
    with rolling.shut(site, "v0"):
        rolling.declare(site, "v1", source=rolling.GATED, command=["sleep", "1000"], rollout=rules)
        site.wait_state("web", "Failed")
        rolling.counted(site, replicas=2, readyReplicas=0, updatedReplicas=0)
        coming = {site.wait_pid(pod["metadata"]["name"]) for pod in site.workers("web")}
        killed_and_gone_on(site)
    rolling.counted(site, replicas=2, readyReplicas=2, updatedReplicas=0)
    assert set(site.pids("web")) == coming
    assert {web.get(where) for _ in range(10)} == {b"v0"}
    obj = site.wait_state("web", "Failed")
    assert "the new template was not ready within 0.5s, the one before goes on" in obj["status"]["message"]
