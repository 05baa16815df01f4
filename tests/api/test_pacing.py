"""Busy watches share ticks and chunks; whoever leaves takes nothing from the others."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from controller import ports
from controller.api import pacing
from controller.core import kinds

CHANGES = [ports.Change("MODIFIED", kinds.WORKERSETS, {}, None, version) for version in range(4)]


def batch(*versions: int) -> list[ports.Change]:
    return [CHANGES[version] for version in versions]


def test_one_chunk_is_made_for_all_with_the_same_question():
    pace, made = pacing.Pace(), []

    def make(changes: Sequence[ports.Change]) -> bytes:
        made.append(len(changes))
        return b"%d\n" % changes[-1].version

    assert {pace.chunk("a", batch(1, 2), make) for _ in range(50)} == {b"2\n"}
    assert pace.chunk("b", batch(1, 2), make) == b"2\n"
    assert pace.chunk("a", batch(1, 2, 3), make) == b"3\n"
    assert pace.chunk("a", batch(2, 3), make) == b"3\n"
    assert made == [2, 2, 3, 2]


def test_all_wake_at_the_same_tick_and_one_that_leaves_disturbs_nobody():
    async def main() -> None:
        pace = pacing.Pace(0.001)
        waiting = [asyncio.ensure_future(pace.tick()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        done, _ = await asyncio.wait(waiting)
        assert [one.cancelled() for one in waiting] == [True, False, False]
        assert len(done) == 3

    asyncio.run(main())
