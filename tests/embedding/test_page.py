"""Every program of docs/embedding.md runs as it stands there; every name it should tell is told."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import controller
from tests.e2e.project import Project

PAGE = (Path(__file__).parents[2] / "docs" / "embedding.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^```python (\S+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
SAID = {
    "program.py": "checkout is on\n",
    "test_flags.py": "",
    "watching.py": "given up: broken\n",
}


def test_each_program_has_a_name() -> None:
    assert "```python\n" not in PAGE
    assert set(FILES) == {*SAID, "flags.py"}


@pytest.mark.parametrize("name", SAID)
def test_a_program_of_the_page_says_what_it_should(project: Project, name: str) -> None:
    for file, text in FILES.items():
        project.write(file, text)
    done = subprocess.run(
        [sys.executable, name], cwd=project.root, env=project.environ, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(SAID[name])


@pytest.mark.parametrize("name", controller.__all__)
def test_every_public_name_is_told(name: str) -> None:
    assert getattr(controller, name).__name__ == name
    assert f"`{name}" in PAGE or f" {name}" in PAGE


@pytest.mark.parametrize("name", [name for name in vars(controller.Controller) if name[0] != "_"])
def test_every_call_is_told(name: str) -> None:
    assert f"c.{name}" in PAGE
