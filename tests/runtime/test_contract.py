"""`LocalRuntime` keeps the contract of `ports.Runtime`, with real processes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.contracts import draining
from tests.contracts import runtime as suite
from tests.runtime.tree import Tree, controlling


@pytest.mark.parametrize("case", [*suite.CASES, *draining.CASES], ids=lambda case: case.__name__)
def test_contract(case: Callable[[suite.Subject], Awaitable[None]], tree: Tree) -> None:
    async def run() -> None:
        async with controlling(tree) as controller:
            await case(controller)

    asyncio.run(run())
