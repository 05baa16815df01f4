"""Logs of workers that are gone for good: found on the disk, removed after somebody went, and at a start."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from controller import logkeeping
from controller.core import kinds, logretention
from controller.runtime import logfolder
from controller.store import store
from tests.fakes.clock import FakeClock

LIMITS = logretention.Limits(seconds=1000.0, workers=1, bytes=1000)


def write(folder: Path, name: str, text: str = "line\n", written: float = 0.0) -> Path:
    path = folder / "default" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    os.utime(path, (written, written))
    return path


def set_named(name: str, **spec: Any) -> kinds.Object:
    metadata = {"name": name, "namespace": "default", "uid": name, "generation": 1}
    return {"metadata": metadata, "spec": {"command": ["x"], **spec}}


def test_a_log_is_all_files_of_its_worker(tmp_path: Path) -> None:
    write(tmp_path, "web-0.log", "12345", written=7)
    write(tmp_path, "web-0.log.1", "123", written=5)
    write(tmp_path, "other.txt")
    assert list(logfolder.found(str(tmp_path))) == [
        logretention.Log(kinds.Key("default", "web-0"), 8, 7.0),
    ]
    logfolder.remove(str(tmp_path), kinds.Key("default", "web-0"))
    assert os.listdir(tmp_path / "default") == ["other.txt"]
    assert list(logfolder.found(f"{tmp_path}/nowhere")) == []


def test_only_who_is_gone_for_good_loses_a_log(tmp_path: Path) -> None:
    kept = store.Store(":memory:")
    kept.create(kinds.WORKERSETS, set_named("web", num=1, suspend=True))
    clock = FakeClock()
    now = clock.wall()
    declared = write(tmp_path, "web-0.log", written=now - 9000)
    newest, older = write(tmp_path, "gone-1.log", written=now), write(tmp_path, "gone-0.log", written=now - 1)
    keeper = logkeeping.LogKeeper(str(tmp_path), kept, clock, LIMITS)
    keeper.look()
    assert (declared.exists(), newest.exists(), older.exists()) == (True, True, False)
    kept.close()


def test_it_is_looked_after_a_set_went(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logkeeping, "SETTLE_SECONDS", 0.0)
    kept = store.Store(":memory:")
    clock = FakeClock()
    old = write(tmp_path, "web-0.log", written=clock.wall() - 9000)
    keeper = logkeeping.LogKeeper(str(tmp_path), kept, clock, LIMITS)

    async def delete() -> None:
        kept.create(kinds.WORKERSETS, set_named("web", num=1))
        assert old.exists()
        kept.delete(kinds.WORKERSETS, kinds.Key("default", "web"))
        gone = asyncio.Event()
        asyncio.get_running_loop().call_later(0.0, gone.set)
        await gone.wait()
        keeper.close()

    asyncio.run(delete())
    assert not old.exists()
    kept.close()


def test_at_a_start_it_is_looked_at_once_unless_nothing_is_declared_yet(tmp_path: Path) -> None:
    kept = store.Store(":memory:")
    clock = FakeClock()
    gone = write(tmp_path, "gone-0.log", written=clock.wall() - 9000)
    keeper = logkeeping.LogKeeper(str(tmp_path), kept, clock, LIMITS)

    async def begin() -> bool:
        keeper.begin(at_once=True)
        keeper.close()
        return gone.exists()

    assert asyncio.run(begin())
    kept.create(kinds.WORKERSETS, set_named("web"))
    assert not asyncio.run(begin())
    kept.close()
