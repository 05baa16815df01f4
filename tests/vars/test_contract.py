"""Shared memory and its fake keep the contract of `ports.Vars`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from controller import ports
from controller.vars import header, shared
from tests.contracts import vars as suite
from tests.fakes import vars as fake
from tests.vars.place import Place


class FakeSubject(fake.FakeVars):
    @property
    def vars(self) -> fake.FakeVars:
        return self


@pytest.mark.parametrize("case", suite.CASES, ids=lambda case: case.__name__)
def test_shared_memory_keeps_the_contract(case: Callable[[suite.Subject], None], place: Place) -> None:
    case(place)


@pytest.mark.parametrize("case", suite.CASES, ids=lambda case: case.__name__)
def test_the_fake_keeps_the_contract(case: Callable[[suite.Subject], None]) -> None:
    case(FakeSubject())


@pytest.mark.parametrize("end", [shared.SharedVars.remove, lambda kept, name: kept.look_again([name])])
def test_s6_8_who_is_about_to_fall_asleep_hears_of_an_end(
    place: Place, monkeypatch: pytest.MonkeyPatch, end: Callable[[shared.SharedVars, ports.VarsName], None]
) -> None:
    awake = threading.Event()
    monkeypatch.setattr(header, "sleep", lambda *_: awake.wait(suite.DEADLINE_SECONDS))
    place.vars.slot(suite.NAME)

    async def told() -> None:
        waiting = asyncio.ensure_future(place.vars.changed(suite.NAME, 0, suite.DEADLINE_SECONDS))
        await asyncio.sleep(0)  # it has looked, and its thread is on its way
        end(place.vars, suite.NAME)
        await waiting

    try:
        asyncio.run(told())
    finally:
        awake.set()
