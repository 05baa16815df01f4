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
    elif what == "pid":  # the last that a slow removal of the folder takes, after the lock is back
        os.unlink(paths.guardian_pid)
    else:
        os.unlink(paths.api_socket)


def make_whole(paths: settings.ProjectPaths) -> None:
    for path in (
        paths.shim_socket,
        f"{paths.run}/root",
        f"{paths.state}/lock",
        paths.guardian_pid,
        f"{paths.folder}/run",
    ):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        Path(path).write_text("")


def test_what_was_lost_before_anybody_watched_is_named_first(tmp_path: Path) -> None:
    paths = settings.ProjectPaths(str(tmp_path), str(tmp_path / ".workerset"), str(tmp_path / "run"))
    make_whole(paths)
    os.unlink(f"{paths.state}/lock")

    async def run() -> None:
        losses = upkeep.losses(paths)
        assert await anext(losses) == paths.state
        await losses.aclose()  # type: ignore[attr-defined]

    asyncio.run(run())


@pytest.mark.parametrize("what", ["state", "run", "moved", "socket", "pid"])
def test_a_lost_folder_is_named_and_there_again(tmp_path: Path, what: str) -> None:
    paths = settings.ProjectPaths(str(tmp_path), str(tmp_path / "state"), str(tmp_path / "run"))

    async def run() -> None:
        losses = upkeep.losses(paths)
        make_whole(paths)
        waiting = asyncio.ensure_future(anext(losses))
        await asyncio.sleep(0)
        for round_ in range(2):
            Path(paths.state, "harmless").write_text("")
            os.unlink(f"{paths.state}/harmless")
            for path in (paths.api_socket, paths.guardian_pid):
                Path(path).write_text("")
            lose(paths, what)
            async with asyncio.timeout(20):
                folder = await waiting
            assert folder == (paths.state if what in ("state", "pid") else paths.run)
            assert os.path.isdir(folder)
            if what == "moved":
                shutil.rmtree(f"{paths.run}-elsewhere")
            if round_ == 0:
                waiting = asyncio.ensure_future(anext(losses))
                await asyncio.sleep(0)
        await losses.aclose()  # type: ignore[attr-defined]

    asyncio.run(run())
