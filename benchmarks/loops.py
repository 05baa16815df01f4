"""The bare loop of `yardstick.py`, run and timed in a process of its own."""

from __future__ import annotations

import subprocess
import sys

from common import HERE


def start_and_stop(count: int) -> tuple[float, float]:
    """Seconds for `count` times Popen, and for killing and reaping them."""
    with subprocess.Popen(
        [sys.executable, HERE / "yardstick.py", "loop", str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        started = float(process.stdout.readline())
        process.stdin.write("\n")
        process.stdin.flush()
        return started, float(process.stdout.readline())
