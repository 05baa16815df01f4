"""Children of a test: forked, so that thousands are cheap; they end by a status, or are killed."""

from __future__ import annotations

import os
import select
import signal
import sys
import traceback
from collections.abc import Callable
from types import FrameType
from typing import Any

SECONDS = 30.0


class Child:
    """Runs a function in a child; what it returns is its exit status, an exception is 70."""

    def __init__(self, function: Callable[[], int | None]) -> None:
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            status = 70
            try:
                status = function() or 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(status)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def end(self) -> int:
        """Wait for it; the exit status, negative for a signal."""
        watched = os.pidfd_open(self.pid)
        try:
            if not select.select([watched], [], [], SECONDS)[0]:
                self.kill()
                os.waitpid(self.pid, 0)
                raise AssertionError(f"a child was still busy after {SECONDS} s")
        finally:
            os.close(watched)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def killed_at(step: int, function: Callable[[], Any]) -> bool:
    """Whether a child that is killed before line `step` of the SDK lived to the end of the function."""

    def run() -> None:
        left = step

        def trace(frame: FrameType, event: str, _argument: Any) -> Any:
            nonlocal left
            if "/sdk/workerset/" not in frame.f_code.co_filename:
                return None
            if event == "line":
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)
            return trace

        sys.settrace(trace)
        function()

    status = Child(run).end()
    assert status in (0, -signal.SIGKILL)
    return status == 0
