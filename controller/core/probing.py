"""Which checks are due when: all probes of all runs as one value with one heap of appointments.

Knows no clock and carries nothing out: an adapter asks what is due, does it, and says what came of it.
Nothing is due, and nothing is kept, while no set has probes.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from controller.core import kinds, probes, runs, worker
from controller.core.probes import Role


@dataclass(frozen=True, slots=True)
class Target:
    """A run to be probed."""

    ref: runs.WorkerRef
    run: str
    started_at: float
    probes: probes.Probes


def targets(facts: worker.SetFacts, workers: Iterable[worker.WorkerPlan]) -> tuple[Target, ...]:
    """Who is probed after a pass: what lives and is not being stopped."""
    asked = facts.spec.probes
    if asked == probes.NONE:
        return ()
    lives = ((one.slot.ordinal, one.slot.live) for one in workers)
    return tuple(
        Target(live.ref, live.run, live.started_at, asked.at(ordinal))
        for ordinal, live in lives
        if live is not None and live.pid and live.handle_closed_at is None
    )


@dataclass(frozen=True, slots=True)
class Check:
    """One check to carry out now."""

    target: Target
    role: Role
    probe: probes.Probe


@dataclass(slots=True)
class _Followed:
    key: kinds.Key
    target: Target
    states: dict[Role, probes.State] = field(default_factory=dict)
    under_way: set[Role] = field(default_factory=set)
    health: probes.Health = probes.UNKNOWN


class Schedule:
    """Every run that is probed."""

    def __init__(self) -> None:
        self._runs: dict[str, _Followed] = {}
        self._keys: dict[kinds.Key, tuple[Target, ...]] = {}
        self._heap: list[tuple[float, int, str, Role]] = []
        self._sequence = 0

    def follow(self, key: kinds.Key, targets: Sequence[Target], now: float) -> None:
        """From now on these runs of the set are probed, and no others of it."""
        wanted = tuple(targets)
        before = self._keys.get(key, ())
        if wanted == before:
            return
        kept = {target.run for target in wanted}
        for target in before:
            if target.run not in kept:
                self._runs.pop(target.run, None)
        for target in wanted:
            self._take(key, target, now)
        if wanted:
            self._keys[key] = wanted
        else:
            self._keys.pop(key, None)
        self._tidy()

    def next_at(self) -> float | None:
        """When the next check is due."""
        while self._heap and not self._is_current(self._heap[0]):
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def due(self, now: float) -> list[Check]:
        """What is to be carried out now; each is under way until `settle` is told of it."""
        found = []
        while (at := self.next_at()) is not None and at <= now:
            _, _, run, role = heapq.heappop(self._heap)
            one = self._runs[run]
            probe = one.target.probes.of(role)
            if probe is not None:
                one.under_way.add(role)
                found.append(Check(one.target, role, probe))
        return found

    def settle(self, check: Check, result: probes.Result, now: float) -> kinds.Key | None:
        """What came of a check; the set whose levels it changed. Late news of other probes is nothing."""
        one = self._runs.get(check.target.run)
        if one is None or one.target.probes.of(check.role) != check.probe:
            return None
        one.under_way.discard(check.role)
        state = probes.after(check.role, check.probe, one.states[check.role], result, now)
        one.states[check.role] = probes.look_at(check.role, check.probe, state, one.target.started_at, now)
        self._appoint(one, check.role)
        if check.role is Role.STARTUP and state.verdict:
            self._begin(one, now)
        return one.key if self._judge(one) else None

    def levels(self, key: kinds.Key) -> Mapping[str, probes.Health]:
        """What is known of the runs of a set, by run; the same objects while nothing changed."""
        return {target.run: self._runs[target.run].health for target in self._keys.get(key, ())}

    def _take(self, key: kinds.Key, target: Target, now: float) -> None:
        one = self._runs.get(target.run)
        if one is None:
            one = self._runs[target.run] = _Followed(key, target)
        elif one.target == target:
            return
        before, one.target = one.target.probes, target
        for role in Role:
            if target.probes.of(role) != before.of(role):
                one.states.pop(role, None)
                one.under_way.discard(role)
        self._begin(one, now)
        self._judge(one)

    def _begin(self, one: _Followed, now: float) -> None:
        """A start comes before everything else."""
        asked = one.target.probes
        startup = one.states.get(Role.STARTUP)
        waits = asked.startup is not None and not (startup is not None and startup.verdict)
        for role in (Role.STARTUP,) if waits else Role:
            probe = asked.of(role)
            if probe is not None and role not in one.states:
                one.states[role] = probes.begin(role, probe, one.target.started_at, now)
                self._appoint(one, role)

    def _judge(self, one: _Followed) -> bool:
        health = probes.health(one.target.probes, one.states)
        if health == one.health:
            return False
        one.health = health
        return True

    def _appoint(self, one: _Followed, role: Role) -> None:
        due = one.states[role].due
        if due != probes.NEVER:
            self._sequence += 1
            heapq.heappush(self._heap, (due, self._sequence, one.target.run, role))

    def _is_current(self, entry: tuple[float, int, str, Role]) -> bool:
        due, _, run, role = entry
        one = self._runs.get(run)
        return (
            one is not None
            and role not in one.under_way
            and role in one.states
            and one.states[role].due == due
        )

    def _tidy(self) -> None:
        """Appointments of runs that are gone do not pile up."""
        if len(self._heap) > 3 * len(self._runs) + 64:
            self._heap = [entry for entry in self._heap if self._is_current(entry)]
            heapq.heapify(self._heap)
