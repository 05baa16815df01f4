"""The engine's life in asyncio: step, then wait for work or for the next appointment. Never polls."""

from __future__ import annotations

import asyncio

from controller.engine.engine import Engine

GRAIN_SECONDS = 0.02
"""Appointments of a thousand workers, spread over a second, are kept in batches; news is not delayed."""


async def run(engine: Engine, stop: asyncio.Event, looked: asyncio.Event | None = None) -> None:
    """Drive a started engine until `stop` is set. `looked` is set once everything was looked at: until then
    what the store says of the sets is an earlier controller's word."""
    work = asyncio.Event()
    engine.on_work = work.set
    stopping = asyncio.create_task(stop.wait(), name="engine-stop")
    stopping.add_done_callback(lambda _: work.set())
    try:
        while not stop.is_set():
            work.clear()
            wake_at = engine.step()
            seconds = None if wake_at is None else wake_at - engine.clock.monotonic()
            if looked is not None and (seconds is None or seconds > 0):
                looked.set()
            await _rest(work, seconds)
    finally:
        stopping.cancel()
        if looked is not None:
            looked.set()


async def _rest(work: asyncio.Event, seconds: float | None) -> None:
    """Until there is work or the time is over; lets everybody else run in any case."""
    if seconds is not None and seconds <= 0:
        await asyncio.sleep(0)
        return
    try:
        async with asyncio.timeout(None if seconds is None else max(seconds, GRAIN_SECONDS)):
            await work.wait()
    except TimeoutError:
        pass
