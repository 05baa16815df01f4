"""What ended runs leave behind (S4.6): orphans fall to this process, a subreaper, and are attributed.

By process tree where it was seen, by the environment's tag, by session or process group. What cannot be
attributed is kept by name and ends when the shim does.
"""

from __future__ import annotations

import os

from controller.sdk.workerset import contract
from controller.shim import limits, proc
from controller.shim.lean import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from controller.shim.records import Run


class Orphans:
    """Children of this process that it did not start."""

    def __init__(self) -> None:
        self._known: dict[int, Run | None] = {}
        self._lineage: dict[int, Run] = {}
        self._own: set[bytes] = set()

    def adopt(self, pid: int) -> None:
        """A process that was started here is no orphan."""
        self._own.add(b"%d" % pid)

    def forget(self, pid: int) -> Run | None:
        """A child was reaped; the run it was attributed to, if it was an orphan of one."""
        self._own.discard(b"%d" % pid)
        self._lineage.pop(pid, None)
        return self._known.pop(pid, None)

    def trace(self, run: Run) -> None:
        """Note who is below a run while the tree still shows it: some have cleared their environment."""
        if run.pid and run.exit is None and proc.has_children(run.pid):
            for pid in proc.descendants(run.pid):
                self._lineage[pid] = run
        for pid in self.of(run):
            for below in proc.descendants(pid):
                self._lineage[below] = run

    def traced(self, run: Run) -> list[int]:
        """Everything that was seen below a run."""
        return [pid for pid, owner in self._lineage.items() if owner is run]

    def drop(self, run: Run) -> None:
        """The run is forgotten."""
        limits.forget(run)
        for pid in self.traced(run) if self._lineage else ():
            del self._lineage[pid]

    def find(self, runs: dict[str, Run]) -> list[Run]:
        """Look for new orphans; the runs that got some. One read, whatever the number of workers."""
        found: list[Run] = []
        for text in proc.own_children() - self._own:
            pid = int(text)
            if pid in self._known:
                continue
            run = self._attribute(pid, runs)
            self._known[pid] = run
            if run is not None:
                found.append(run)
        return found

    def _attribute(self, pid: int, runs: dict[str, Run]) -> Run | None:
        if pid in self._lineage:
            return self._lineage[pid]
        run = runs.get(proc.variable(pid, contract.RUN))
        if run is not None:
            return run
        found = proc.stat(pid)
        if found is None:
            return None
        for run in runs.values():
            if run.pid and run.pid in (found.session, found.group) and not run.is_over:
                return run
        return None

    def of(self, run: Run) -> list[int]:
        """Orphans of a run."""
        return [pid for pid, owner in self._known.items() if owner is run]

    def with_descendants(self, run: Run) -> list[int]:
        """Everything that is known to be left of a run, parents first."""
        found = self.of(run)
        for pid in list(found):
            found += [below for below in proc.descendants(pid) if below not in found]
        return found

    def describe(self, run: Run) -> dict[int, str]:
        """The survivors of a run by pid, with their command lines."""
        return {pid: proc.command(pid) for pid in self.with_descendants(run)}

    def everything(self) -> list[int]:
        """All orphans, whoever's they are."""
        return list(self._known)

    def unattributed(self) -> dict[int, str]:
        """What belongs to no run, by name."""
        return {pid: proc.command(pid) for pid, owner in self._known.items() if owner is None}


def kill_group(run: Run) -> None:
    """What can be killed at one moment: its cgroup, and the process group of a main process that lives."""
    limits.kill(run)
    if run.exit is None:
        try:
            os.killpg(run.pid, signal.SIGKILL)
        except OSError:
            proc.send(run.pid, signal.SIGKILL)


def send(pids: Iterable[int], number: int) -> None:
    """Signal each; those that are gone are gone."""
    for pid in pids:
        proc.send(pid, number)
