"""The scripted runtime keeps the contract of the real one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from controller import ports
from controller.core import spec
from tests.contracts import draining
from tests.contracts import runtime as suite
from tests.fakes.clock import FakeClock
from tests.fakes.runtime import Script, ScriptedRuntime

SCRIPTS = {
    "sleep": Script(),
    "fail": Script(exit_after=0.1, exit_code=3),
    "succeed": Script(exit_after=0.1),
    "stubborn": Script(handle_after=0.1, ignores_stop=True),
    "missing": Script(error="command not found: missing"),
    "taker": Script(handle_after=0.1),
    "polite": Script(handle_after=0.1, clients_leave_after=0.1),
    "hasty": Script(drained_after=0.05, handle_after=0.1, ignores_stop=True),
    "server": Script(ready_after=0.1, listens_after=0.1),
}


class ScriptedSubject:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.runtime = ScriptedRuntime(self.clock, self._direct, strict=False)

    def template(self, behaviour: str) -> spec.Template:
        return spec.Template(command=(behaviour,))

    async def until(self, holds: Callable[[], bool]) -> None:
        for _ in range(100):
            self.runtime.play()
            if holds():
                return
            due = self.runtime.next_at()
            assert due is not None, "nothing is left to happen"
            self.clock.advance_to(due)
        raise AssertionError("it never holds")

    def _direct(self, start: ports.StartRun, _count: int) -> Script:
        assert start.template.command is not None
        return SCRIPTS[start.template.command[0]]


@pytest.mark.parametrize("case", [*suite.CASES, *draining.CASES], ids=lambda case: case.__name__)
def test_contract(case: Callable[[suite.Subject], Awaitable[None]]) -> None:
    asyncio.run(case(ScriptedSubject()))
