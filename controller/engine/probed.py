"""What probes say, added to what the runtime says: the planner sees one level more on each process.

A set without probes costs nothing here. A process keeps being the same object while nothing about it
changes, since unchanged slots are not planned again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from controller import ports
from controller.core import budget, kinds, plan, probes, probing


@dataclass(frozen=True, slots=True)
class Beside:
    """What else the engine keeps up to date about workers."""

    shared: ports.Vars
    probes: ports.Probes
    traffic: ports.Traffic
    budget: budget.Ledger


@dataclass(frozen=True, slots=True)
class _Seen:
    """A process with what its probes said, and what both were made of."""

    bare: ports.Process
    process: ports.Process


class Probed:
    """Which sets are probed, and their processes as they were last handed out."""

    def __init__(self, prober: ports.Probes) -> None:
        self._probes = prober
        self._seen: dict[kinds.Key, dict[str, _Seen]] = {}

    def tell(self, on_change: Callable[[kinds.Key], None]) -> None:
        """Call this when a level changes."""
        self._probes.on_change = on_change

    def processes(self, key: kinds.Key, bare: tuple[ports.Process, ...]) -> tuple[ports.Process, ...]:
        """The set's processes with what is known of their health."""
        before = self._seen.get(key)
        if before is None:
            return bare
        known = self._probes.levels(key)
        seen: dict[str, _Seen] = {}
        for process in bare:
            last = before.get(process.run)
            health = known.get(process.run)
            if health is None and last is not None:
                health = last.process.health  # it has ended or is ending: what was known last
            if last is None or last.bare is not process or last.process.health is not health:
                last = _Seen(process, dataclasses.replace(process, health=health))
            seen[process.run] = last
        self._seen[key] = seen
        return tuple(one.process for one in seen.values())

    def follow(self, key: kinds.Key, decided: plan.Plan) -> None:
        """After a pass: these are to be probed from now on. Harmless to repeat."""
        wanted = probing.targets(decided.facts, decided.workers.values())
        if not wanted and key not in self._seen:
            return
        self._probes.follow(key, wanted)
        if wanted:
            self._seen.setdefault(key, {})
        elif decided.empty or decided.facts.spec.probes == probes.NONE:
            del self._seen[key]
