"""The handle: readable once the worker must stop (S4.6, S8.3)."""

from __future__ import annotations

import asyncio
import os
import select
import threading
from types import ModuleType

import pytest

from tests.sdk.conftest import Surroundings


def test_s8_3_taking_it_is_said_once(worker: ModuleType, around: Surroundings) -> None:
    handle = worker.handle()
    assert worker.handle() is handle
    assert around.said() == b"WORKERSET_HANDLE=1"
    with handle:
        pass
    assert handle.closed
    assert worker.handle() is not handle
    assert around.is_silent()


def test_s4_6_end_of_file_is_stop(worker: ModuleType, around: Surroundings) -> None:
    handle = worker.handle()
    assert handle.wait(0) is False
    assert handle.stopping is False
    assert select.select([handle], [], [], 0)[0] == []
    around.stop()
    assert select.select([handle], [], [], 0)[0] == [handle]
    assert handle.wait() is True
    assert handle.wait(5) is True


def test_s4_6_a_waiter_wakes(worker: ModuleType, around: Surroundings) -> None:
    handle, found = worker.handle(), []
    waiter = threading.Thread(target=lambda: found.append(handle.wait(20)))
    waiter.start()
    around.stop()
    waiter.join(20)
    assert found == [True]


def test_ticks_begin_at_once_and_end_with_the_handle(worker: ModuleType, around: Surroundings) -> None:
    seen = []
    for tick in worker.ticks(0.001):
        seen.append(tick)
        if len(seen) == 3:
            around.stop()
    assert seen[0] == 0
    assert seen == sorted(set(seen))
    assert len(seen) == 3
    assert list(worker.ticks(0.001)) == []


def test_ticks_need_a_time(worker: ModuleType) -> None:
    with pytest.raises(ValueError, match="above zero"):
        next(worker.ticks(0))


def test_a_closed_handle_says_so(worker: ModuleType) -> None:
    handle = worker.handle()
    handle.close()
    handle.close()
    with pytest.raises(ValueError, match="closed"):
        handle.fileno()


def test_a_launcher_that_closed_it_is_named(worker: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKERSET_HANDLE_FD", "999")
    with pytest.raises(worker.NotAvailable, match="closed it"):
        worker.handle()


def test_a_child_does_not_inherit_it(worker: ModuleType) -> None:
    assert os.get_inheritable(worker.handle().fileno()) is False


def test_it_works_in_asyncio(worker: ModuleType, around: Surroundings) -> None:
    async def main() -> list[object]:
        async with worker.aio.handle() as handle:
            found: list[object] = [await handle.wait(0.001)]
            waiters = [asyncio.ensure_future(handle.wait()) for _ in range(3)]
            async for tick in worker.aio.ticks(0.001):
                found.append(tick)
                around.stop()
            return [*found, *await asyncio.gather(*waiters), handle.stopping]

    assert asyncio.run(main()) == [False, 0, True, True, True, True]
    assert around.said() == b"WORKERSET_HANDLE=1"
