"""Every test here holds a controller of its own, and nothing of it may be left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller import Settings
from tests.e2e.project import Project

WORKER = """
import sys, workerset
workerset.set_vars({"name": workerset.name(), "scope": workerset.scope(), "bytes": b"\\xff"})
print("began", workerset.name(), flush=True)
workerset.handle().wait(None)
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A project with `worker.py`, a worker that publishes and waits."""
    found = make_project(tmp_path, "shop")
    yield found
    found.close()


def make_project(folder: Path, name: str) -> Project:
    root, home = folder / name, folder / f"home-of-{name}"
    root.mkdir()
    home.mkdir()
    found = Project(root, home)
    found.write("worker.py", WORKER)
    return found


@pytest.fixture
def settings(project: Project) -> Settings:
    return Settings(root=project.root, environ=project.environ)
