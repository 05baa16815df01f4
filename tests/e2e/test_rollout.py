"""Rolling updates of real servers under load (S7.2), and what may come between."""

from __future__ import annotations

import pytest

from tests.e2e import rolling, web
from tests.e2e.project import Project, wait_gone


@pytest.fixture
def project(project: Project) -> Project:
    return rolling.prepare(project)


@pytest.fixture
def site(project: Project) -> Project:
    rolling.declare(project, "v0")
    project.wait_state("web", "Ready")
    return project


@pytest.mark.parametrize("server", ["uvicorn", "hypercorn", "gunicorn"])
def test_s7_2_nothing_is_refused_during_changes_and_restarts(project: Project, server: str) -> None:
    """By a server that only gets the signal; what it resets is counted, not forbidden."""
    rolling.declare(project, "v0", server)
    project.wait_state("web", "Ready")
    rolling.changed_and_restarted(project, server=server)


@pytest.mark.parametrize("server", rolling.SERVERS)
def test_s7_2_with_the_middleware_nothing_is_reset_either(project: Project, server: str) -> None:
    rolling.declare(project, "v0", server, app="polite")
    project.wait_state("web", "Ready")
    seen = rolling.changed_and_restarted(project, server=server, app="polite")
    assert seen["reset"] == 0, seen.counts


def test_s7_2_a_template_that_never_gets_ready_fails_and_undo_goes_on(site: Project) -> None:
    before = sorted(site.pids("web"))
    hangs = {"command": ["sleep", "1000"], "rollout": {"progress_deadline": "2s"}}
    rolling.declare(site, "v1", **hangs)
    failed = site.ctl("rollout", "status", "web", "--timeout", "40s", code=1)
    assert "the new template was not ready within 2s, the one before goes on" in failed.stderr
    site.wait_state("web", "Failed")
    assert web.get(web.address(site, "web")) == b"v0"
    assert set(before) <= set(site.pids("web"))
    site.ctl("rollout", "undo", "web")
    site.wait_state("web", "Ready")
    assert sorted(site.pids("web")) == before


def test_paused_resumed(site: Project) -> None:
    assert "paused" in site.ctl("rollout", "pause", "web").stdout
    rolling.declare(site, "v1")
    site.wait_state("web", "Waiting")
    assert web.get(web.address(site, "web")) == b"v0"
    site.ctl("rollout", "resume", "web")
    rolling.wait_rolled(site)
    assert web.get(web.address(site, "web")) == b"v1"


def test_overtaken_by_the_next_change_and_scaled_meanwhile(project: Project) -> None:
    for version in ("v0", "v1", "v2"):
        project.write(f"gate-{version}", "")
    rolling.declare(project, "v0", source=rolling.GATED)
    project.wait_state("web", "Ready")
    before = set(project.pids("web"))
    with rolling.shut(project, "v1"), rolling.shut(project, "v2"):
        rolling.declare(project, "v1", source=rolling.GATED)
        rolling.counted(project, replicas=3, updatedReplicas=1)
        (between,) = rolling.newcomers(project, before)
        rolling.declare(project, "v2", source=rolling.GATED)
        wait_gone(between)
        project.ctl("scale", "web", "--num", "3")
        rolling.counted(project, replicas=4, readyReplicas=2, updatedReplicas=2)
        assert len(rolling.newcomers(project, before)) == 2
        assert before < set(project.pids("web"))
    rolling.wait_rolled(project, num=3)
    assert {web.get(web.address(project, "web")) for _ in range(10)} == {b"v2"}
