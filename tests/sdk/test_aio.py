"""The asyncio twins: the same answers without blocking the loop."""

from __future__ import annotations

import asyncio
from types import ModuleType
from typing import Any

import pytest

from tests.fakes.worker_socket import Message
from tests.sdk.conftest import Surroundings


def publish(around: Surroundings, name: str, value: dict[str, Any]) -> int:
    from workerset import memory

    generation: int = memory.Slot(str(around.controller.header(name).path)).publish(value)
    return generation


def test_ensure_and_release(worker: ModuleType, around: Surroundings) -> None:
    async def main() -> list[str]:
        await worker.aio.ensure(["a", "b"], timeout=5)
        await worker.aio.ensure("a")
        released: list[str] = await worker.aio.release("a")
        return released

    assert asyncio.run(main()) == ["a"]
    assert [around.controller.next()["op"] for _ in range(2)] == ["ensure", "release"]


def test_s3_1_malformed_arguments_and_refusals(worker: ModuleType, around: Surroundings) -> None:
    async def main() -> None:
        with pytest.raises(ValueError, match="duplicate"):
            await worker.aio.ensure(["a", "a"])
        around.controller.answer = lambda _message: around.controller.error("cap", "no place left")
        with pytest.raises(worker.CapReached, match="no place left"):
            await worker.aio.ensure("a")

    asyncio.run(main())
    assert around.controller.heard.qsize() == 1


def test_sixteen_waits_share_one_loop(worker: ModuleType, around: Surroundings) -> None:
    async def main() -> None:
        await asyncio.gather(*(worker.aio.ensure(f"n{number}") for number in range(16)))

    asyncio.run(main())
    assert around.controller.heard.qsize() == 16


def test_a_cancelled_wait_closes_its_connection(worker: ModuleType, around: Surroundings) -> None:
    around.controller.answer = lambda _message: None

    async def main() -> None:
        task = asyncio.ensure_future(worker.aio.ensure("a"))
        await asyncio.get_running_loop().run_in_executor(None, around.controller.next)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    around.controller.close()  # joins the thread of each connection: the one of the wait has ended


def test_a_wait_goes_on_through_a_restart(worker: ModuleType, around: Surroundings) -> None:
    around.controller.answer = lambda _message: None

    async def main() -> None:
        task = asyncio.ensure_future(worker.aio.ensure("a", timeout=20))
        await asyncio.get_running_loop().run_in_executor(None, around.controller.next)
        around.controller.go_away()
        around.controller.answer = around.controller.willing
        around.controller.listen()
        await task

    asyncio.run(main())


def test_nobody_there(worker: ModuleType, around: Surroundings, monkeypatch: pytest.MonkeyPatch) -> None:
    from workerset import wire

    monkeypatch.setattr(wire, "MARGIN_SECONDS", 0.01)

    async def main() -> None:
        around.controller.answer = lambda _message: None
        with pytest.raises(worker.EnsureTimeout, match="took too long"):
            await worker.aio.ensure("a", timeout=0.05)
        around.controller.go_away()
        with pytest.raises(worker.EnsureTimeout, match="does not answer"):
            await worker.aio.ensure("a", timeout=0.05)

    asyncio.run(main())


def test_s6_8_vars(worker: ModuleType, around: Surroundings) -> None:
    async def main() -> None:
        with pytest.raises(worker.NotPublished):
            await worker.aio.get_vars("a")
        assert await worker.aio.generation("a") == 0
        waiter = asyncio.ensure_future(worker.aio.wait_vars("a", timeout=20))
        await asyncio.sleep(0)
        first = publish(around, "a", {"n": 1})
        assert await worker.aio.ensure_vars("a", timeout=20) == {"n": 1}
        if not waiter.done():
            publish(around, "a", {"n": 2})
        assert (await waiter).generation >= first
        assert await worker.aio.get_vars("a") is worker.get_vars("a")
        with pytest.raises(worker.VarsTimeout):
            await worker.aio.wait_vars("a", timeout=0.02)

    asyncio.run(main())


def test_s2_4_a_task_has_its_own_scope_and_request(worker: ModuleType, around: Surroundings) -> None:
    scopes: list[Message] = []

    async def serve(scope: str) -> None:
        with worker.request(scope):
            await worker.aio.ensure("a")
            scopes.append(around.controller.next())

    async def main() -> None:
        await serve("one")
        await asyncio.gather(serve("two"), serve("three"))
        await worker.aio.ensure("a")

    asyncio.run(main())
    assert sorted(one["scope"] for one in scopes) == ["one", "three", "two"]
    assert around.controller.next()["scope"] is None
