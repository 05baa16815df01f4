"""One running project with TLS a module; every module deletes what it made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.kubectl.cluster import Cluster, binaries
from tests.e2e.project import Project

WEB = {"command": ["sleep", "1000"], "num": 2, "stop_grace": "1s"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    place = tmp_path_factory.mktemp("kubectl")
    root, home = place / "shop", place / "home"
    root.mkdir()
    home.mkdir()
    found = Project(root, home)
    found.declare("web", **WEB)
    found.ctl("up", "-d", "--listen")
    yield found
    found.close()


@pytest.fixture(scope="module", params=[pytest.param(path, id=name) for name, path in binaries().items()])
def cluster(running: Project, request: pytest.FixtureRequest) -> Cluster:
    """The same project, asked by each kubectl in turn."""
    return Cluster(running, request.param)


@pytest.fixture(scope="module")
def door(running: Project) -> Cluster:
    """For requests that need no kubectl."""
    return Cluster(running)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Cluster]:
    """A project of the test's own, with a set and no open port yet."""
    root, home = tmp_path / "shop", tmp_path / "home"
    root.mkdir()
    home.mkdir()
    found = Project(root, home)
    found.declare("web", **WEB)
    found.ctl("up", "-d")
    yield Cluster(found)
    found.close()
