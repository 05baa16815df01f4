"""A low limit on open files: what fits runs, what does not says what to do, and all is well once it fits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.client import resources
from tests.e2e.project import Object, Project

SLEEP = ["sleep", "1000"]


class Limited(Project):
    """A project whose commands are typed in a shell with limits on open files."""

    soft = hard = 128

    def command(self, *words: str) -> list[str]:
        limits = f"ulimit -Sn {self.soft} && ulimit -Hn {self.hard}"
        return ["sh", "-c", f'{limits} && exec "$@"', "sh", *super().command(*words)]

    def limits_of(self, part: str) -> tuple[int, int]:
        """Soft and hard limit on open files of one of our processes."""
        text = Path(f"/proc/{self.pid_of(part)}/limits").read_text()
        (line,) = (line for line in text.splitlines() if line.startswith("Max open files"))
        soft, hard = line.split()[3:5]
        return int(soft), int(hard)


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[Limited]:
    for name in ("shop", "home"):
        (tmp_path / name).mkdir()
    project = Limited(tmp_path / "shop", tmp_path / "home")
    yield project
    project.close()


def state(obj: Object) -> str:
    return str(obj.get("status", {}).get("state"))


def test_what_fits_runs_the_rest_says_why_and_is_well_when_scaled_down(limited: Limited) -> None:
    limited.declare("web", command=SLEEP, num=200, max_consecutive_failures=1)
    limited.declare("small", command=SLEEP, retry_after="1s")
    limited.apply()
    failed = limited.wait(
        resources.WORKERSETS,
        "web",
        lambda obj: state(obj) == "Failed" and obj["status"]["readyReplicas"] > 20,
    )
    assert "no descriptor left for it (hard limit on open files: 128)" in failed["status"]["message"]
    assert "raise it with ulimit -Hn before the controller is first started" in failed["status"]["message"]
    assert "no descriptor left" in limited.ctl("status", code=1).stdout
    before = set(limited.pids("web"))
    assert len(before) >= failed["status"]["readyReplicas"], "all that are ready, and maybe some that will be"

    limited.ctl("scale", "web", "--num", "20")
    limited.wait(
        resources.WORKERSETS,
        "web",
        lambda obj: state(obj) == "Ready" and obj["status"]["replicas"] == 20,
    )
    limited.wait_state("small", "Ready")
    assert set(limited.pids("web")) <= before, "who ran goes on"
    limited.declare("more", command=SLEEP, num=5)
    limited.apply()
    limited.wait_state("more", "Ready")


def test_ours_take_what_the_hard_limit_allows_and_workers_keep_the_soft_one(limited: Limited) -> None:
    limited.soft, limited.hard = 64, 512
    limited.declare("tell", command=["sh", "-c", "ulimit -Sn; ulimit -Hn; exec sleep 1000"])
    limited.declare("web", command=SLEEP, num=80)
    limited.apply()
    for name in ("tell", "web"):
        limited.wait_state(name, "Ready")
    assert limited.ctl("logs", "tell-0").stdout == "64\n512\n"
    assert limited.limits_of("controller") == limited.limits_of("shim") == (512, 512)
