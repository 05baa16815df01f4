"""Between an exit and its telling: the log writer writes what a crashed run said last, the kernel is asked
whether memory ran out.

So that whoever is told of the exit can read why. It may take a moment only; a writer that is busy or
gone is not waited for.
"""

from __future__ import annotations

import time

from controller.shim import limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from controller.shim.loop import Loop
    from controller.shim.records import Run
    from controller.shim.writer import Writer

_LIMIT_SECONDS = 0.05


class Settling:
    """Runs whose last words are on their way."""

    def __init__(self, loop: Loop, writer: Writer) -> None:
        self._loop = loop
        self._writer = writer
        self._runs: dict[str, Run] = {}

    def begin(self, run: Run) -> None:
        """A crash is told with its last words; a commanded stop needs none."""
        limits.ended(run)
        if run.closed_at is None and self._writer.settle(run):
            self._runs[run.id] = run
            if not self._loop.pending("settle"):
                self._loop.at("settle", time.monotonic() + _LIMIT_SECONDS, self._end_all)
        else:
            run.settling = False

    def end(self, run_id: str) -> None:
        """The log writer has written all that the run had said when it ended; or the run is forgotten."""
        run = self._runs.pop(run_id, None)
        if run is not None:
            run.settling = False
        if not self._runs:
            self._loop.cancel("settle")

    def _end_all(self) -> None:
        for run_id in list(self._runs):
            self.end(run_id)
