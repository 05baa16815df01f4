"""What every `ports.Traffic` does, as functions of a subject; run on the real one and on the scripted one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from controller import ports
from controller.core import kinds

KEY = kinds.Key("default", "web")


class Subject(Protocol):
    """`told` holds every word about `KEY`, whose set is quiet and has one TCP socket."""

    told: list[ports.Sample | None]

    @property
    def traffic(self) -> ports.Traffic: ...

    async def arrive(self, clients: int) -> None:
        """So many more connect, and nobody accepts them."""
        ...

    async def until(self, holds: Callable[[], bool]) -> None: ...


async def s7_3_who_is_followed_is_told_of_quiet_and_then_of_who_comes(subject: Subject) -> None:
    subject.traffic.follow(KEY, wanted=True)
    subject.traffic.follow(KEY, wanted=True)
    await subject.until(lambda: subject.told[-1:] == [None])
    assert all(one is None or (one.queue, one.in_flight) == (0, 0) for one in subject.told)
    await subject.arrive(2)
    await subject.until(lambda: _queue(subject) == 2)
    await subject.arrive(1)
    await subject.until(lambda: _queue(subject) == 3)
    samples = [one for one in subject.told if one is not None]
    assert samples == sorted(samples, key=lambda one: (one.at, one.total))


async def s7_3_nobody_is_told_of_a_set_that_is_not_followed_any_more(subject: Subject) -> None:
    subject.traffic.follow(KEY, wanted=True)
    await subject.until(lambda: subject.told[-1:] == [None])
    subject.traffic.follow(KEY, wanted=False)
    subject.traffic.follow(KEY, wanted=False)
    told = len(subject.told)
    await subject.arrive(2)
    assert len(subject.told) == told
    subject.traffic.follow(KEY, wanted=True)
    await subject.until(lambda: _queue(subject) == 2)
    assert all(one is None or one.queue == 2 for one in subject.told[told:])


def _queue(subject: Subject) -> int | None:
    last = subject.told[-1] if subject.told else None
    return None if last is None else last.queue


SUITE = (
    s7_3_who_is_followed_is_told_of_quiet_and_then_of_who_comes,
    s7_3_nobody_is_told_of_a_set_that_is_not_followed_any_more,
)
