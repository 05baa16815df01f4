"""A lost folder is noticed, and only that."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from controller import settings
from controller.runtime import upkeep


def lose(paths: settings.ProjectPaths, what: str) -> None:
    if what == "state":
        shutil.rmtree(paths.state)
    elif what == "run":
        shutil.rmtree(paths.run)
    elif what == "moved":
        os.rename(paths.run, f"{paths.run}-elsewhere")
    else:
        os.unlink(paths.api_socket)


@pytest.mark.parametrize("what", ["state", "run", "moved", "socket"])
def test_a_lost_folder_is_named_and_there_again(tmp_path: Path, what: str) -> None:
    paths = settings.ProjectPaths(str(tmp_path), str(tmp_path / "state"), str(tmp_path / "run"))

    async def run() -> None:
        losses = upkeep.losses(paths)
        waiting = asyncio.ensure_future(anext(losses))
        await asyncio.sleep(0)
        for round_ in range(2):
            Path(paths.state, "harmless").write_text("")
            os.unlink(f"{paths.state}/harmless")
            Path(paths.api_socket).write_text("")
            lose(paths, what)
            async with asyncio.timeout(20):
                folder = await waiting
            assert folder == (paths.state if what == "state" else paths.run)
            assert os.path.isdir(folder)
            if what == "moved":
                shutil.rmtree(f"{paths.run}-elsewhere")
            if round_ == 0:
                waiting = asyncio.ensure_future(anext(losses))
                await asyncio.sleep(0)
        await losses.aclose()  # type: ignore[attr-defined]

    asyncio.run(run())
