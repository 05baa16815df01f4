"""A program that embeds a controller, for tests that kill it: prints `up WORKER-PID` and waits for ever."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from controller import Controller, Settings, WorkerSet


async def main(root: str, *words: str) -> None:
    async with Controller(Settings(root=root)) as c:
        await c.apply(WorkerSet(set_name="sleeper", command=["sleep", "1000"], num=2, min_ready=0.01))
        await c.wait_ready()
        if "fork" in words and os.fork() == 0:
            signal.pause()
        print("up", *(one.pid for one in await c.workers()), flush=True)
        if "raise" in words:
            raise SystemExit(7)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
