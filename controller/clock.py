"""The only reader of clocks in the controller."""

from __future__ import annotations

import time


class SystemClock:
    """`ports.Clock` on the machine's clocks."""

    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()
