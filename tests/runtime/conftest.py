"""A tree for each test, and the proof that nothing of it is left."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runtime.tree import Tree


@pytest.fixture
def fresh_tree(tmp_path: Path) -> Iterator[Tree]:
    """Not started yet. The run-time folder is short: socket paths are limited."""
    run = Path(tempfile.mkdtemp(prefix="ws-"))
    root = tmp_path / "project"
    root.mkdir()
    tree = Tree(root, run)
    try:
        yield tree
        tree.end()
    finally:
        left = tree.clean_up()
        shutil.rmtree(run, ignore_errors=True)
    assert not left, f"left running: {left}"


@pytest.fixture
def tree(fresh_tree: Tree) -> Tree:
    fresh_tree.start()
    return fresh_tree


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """A failure is shown with what guardian and shim had to say."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    tree = getattr(item, "funcargs", {}).get("fresh_tree")
    if report.failed and tree is not None and Path(tree.paths.own_log).exists():
        report.sections.append(("controller.log", tree.own_log()))
