"""Shared memory and its fake keep the contract of `ports.Vars`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

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
