"""Real files and their fake keep the contract of `ports.Files`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from controller import clock
from controller.files import follow
from tests.contracts import files as suite
from tests.fakes.files import ScriptedFiles

Case = Callable[[suite.Subject], Coroutine[Any, Any, None]]
THERE = ("src/a.py", "src/b.py", "notes.txt")


class RealSubject:
    def __init__(self, root: Path) -> None:
        self.root = str(root)
        self.files = follow.LocalFiles(clock.SystemClock())
        for path in THERE:
            self.save(path, "x")

    def save(self, path: str, text: str) -> None:
        file = Path(self.root, path)
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)

    def remove(self, path: str) -> None:
        Path(self.root, path).unlink()


class FakeSubject(ScriptedFiles):
    root = "/project"

    @property
    def files(self) -> ScriptedFiles:
        return self


@pytest.mark.parametrize("case", suite.CASES, ids=lambda case: case.__name__)
def test_real_files_keep_the_contract(case: Case, tmp_path: Path) -> None:
    asyncio.run(case(RealSubject(tmp_path)))


@pytest.mark.parametrize("case", suite.CASES, ids=lambda case: case.__name__)
def test_the_fake_keeps_the_contract(case: Case) -> None:
    async def run() -> None:
        await case(FakeSubject(*THERE))

    asyncio.run(run())
