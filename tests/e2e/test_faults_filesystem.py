"""A project where the store cannot live, known by its type or found by trying: the state moves."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.disk import OddDisk, odd_disk
from tests.e2e.project import wait_gone


@pytest.fixture(params=["fuse.sshfs", "fuse"])
def odd(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[OddDisk]:
    """Of a type that is known to be unsuitable, and of one that only fails when it is tried."""
    for name in ("shop", "home"):
        (tmp_path / name).mkdir()
    with odd_disk(tmp_path / "shop", tmp_path / "home", request.param) as project:
        yield project


def test_the_state_moves_is_said_and_everything_works(odd: OddDisk, request: pytest.FixtureRequest) -> None:
    kind = request.node.callspec.params["odd"]
    odd.declare("web", command=["sh", "-c", "echo hello; exec sleep 1000"], num=2)
    said = odd.ctl("apply", "-f", "manifests/").stderr
    assert f"{odd.root} is on {kind}, where the store cannot work: state is in {odd.state}" in said
    assert str(odd.state).startswith(odd.environ["XDG_STATE_HOME"])
    odd.wait_state("web", "Ready")
    assert {"store.db", "logs", "controller.pid"} <= set(os.listdir(odd.state))
    assert set(os.listdir(odd.folder)) == {".gitignore", "run", "state"}

    # Everything finds it there: other verbs, a controller that is restarted, the end.
    assert odd.ctl("logs", "web-0").stdout == "hello\n"
    pids = sorted(odd.pids("web"))
    controller = odd.pid_of("controller")
    os.kill(controller, signal.SIGKILL)
    wait_gone(controller)
    odd.ctl("get", "ws")
    assert odd.pid_of("controller") != controller
    assert sorted(odd.pids("web")) == pids
    odd.ctl("down", "--purge")
    assert not odd.folder.exists()
    assert os.listdir(Path(odd.environ["XDG_STATE_HOME"], "workerset")) in ([], ["projects"])
