"""The scripted traffic does what the shim does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from controller import ports
from controller.core import kinds
from tests.contracts import traffic as suite
from tests.fakes.clock import FakeClock
from tests.fakes.traffic import ScriptedTraffic


class Scripted:
    """A `contracts.traffic.Subject` that samples whenever somebody waits."""

    def __init__(self) -> None:
        self.traffic = ScriptedTraffic(FakeClock())
        self.told: list[ports.Sample | None] = []
        self.traffic.on_sample = self._note
        self._waiting = 0

    def _note(self, key: kinds.Key, sample: ports.Sample | None) -> None:
        assert key == suite.KEY
        self.told.append(sample)

    async def arrive(self, clients: int) -> None:
        self._waiting += clients

    async def until(self, holds: Callable[[], bool]) -> None:
        self.traffic.say(suite.KEY, queue=self._waiting)
        if not self._waiting:
            self.traffic.quiet(suite.KEY)
        assert holds()


@pytest.mark.parametrize("case", suite.SUITE, ids=lambda case: case.__name__)
def test_contract(case: Callable[[suite.Subject], object]) -> None:
    asyncio.run(case(Scripted()))  # type: ignore[arg-type]
