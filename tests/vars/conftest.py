"""A project's shared memory in a temporary folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.vars.place import Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)
