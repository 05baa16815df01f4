"""Sleeping on shared memory beside the event loop: the one thread the controller may have (S6.8).

It is there only while somebody watches what is published, and ends by itself: whoever is cancelled or told
otherwise leaves it behind, and so does a controller that ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable


async def beside(blocking: Callable[[], None], over: asyncio.Event) -> None:
    """Until `blocking` has returned or somebody has set `over`; what it raises is its own affair."""
    loop = asyncio.get_running_loop()

    def run() -> None:
        with contextlib.suppress(Exception):
            blocking()
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(over.set)

    threading.Thread(target=run, name="watches vars", daemon=True).start()
    await over.wait()
