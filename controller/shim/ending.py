"""The shim's own end: everything it holds is stopped first, to the last orphan.

Used when the guardian says so, and when both guardian and controller are gone for good.
"""

from __future__ import annotations

import time

from controller.shim import journal, proc
from controller.shim.lean import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from controller.shim.loop import Loop
    from controller.shim.table import Table

GRACE_SECONDS = 10.0
"""The sets' own graces are policy and went with the controller."""


class Ending:
    """Ask, wait, kill; `begin` twice means now."""

    def __init__(self, loop: Loop, table: Table) -> None:
        self._loop = loop
        self._table = table
        self._begun = False
        self._killing = False

    def begin_once(self, why: str) -> None:
        """Unless it has begun: nobody is in a hurry."""
        if not self._begun:
            self.begin(why)

    def begin(self, why: str) -> None:
        if self._begun:
            self._kill()
            return
        self._begun = True
        table = self._table
        table.closing = True
        journal.say("shim", f"ends, {why}: {len(table.runs)} runs to stop")
        for run in list(table.runs.values()):
            if run.exit is None:
                table.close_handle(run.id, signal.SIGTERM)
                run.signal = run.signal or signal.SIGTERM
            else:
                table.signal(run.id, signal.SIGTERM)
        self._loop.at("end", time.monotonic() + GRACE_SECONDS, self._kill)
        self._loop.after.append(self._check)

    def _kill(self) -> None:
        self._killing = True
        for run in list(self._table.runs.values()):
            if not run.is_over:
                self._table.kill(run.id)

    def _check(self) -> None:
        """After each round: gone to the last one? Orphans of nobody are killed when nobody else is left."""
        table = self._table
        if table.has_living():
            return
        table.scan()
        orphans = table.orphans
        left = orphans.everything() if self._killing else list(orphans.unattributed())
        for pid in left:
            proc.send(pid, signal.SIGKILL)
        if not orphans.everything():
            self._loop.running = False
