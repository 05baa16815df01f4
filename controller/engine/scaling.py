"""Autoscaling of HTTP sets: samples in, targets for the planner out (S7.3, S7.4).

What a sample means is decided in `core/scaling.py`; this keeps the state of each set, wakes the engine when a
target moves, and stores the targets. Nothing is looked at, nor kept, for a set that does not scale.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from controller import ports
from controller.core import kinds, notes, plan, scaling, spec
from controller.engine import probed

SETTING = "scale-targets"


@dataclass(slots=True)
class _Scaled:
    """One set; `declared` is 0 until it was planned once."""

    state: scaling.State
    least: int = 0
    declared: int = 0
    whole: bool = False


class Scaling:
    """The targets of all sets that scale."""

    def __init__(
        self, store: ports.Store, beside: probed.Beside, clock: ports.Clock, cpu_saturated: float
    ) -> None:
        self._store, self._clock, self._cpu_saturated = store, clock, cpu_saturated
        self._traffic, self._ledger = beside.traffic, beside.budget
        self._sets: dict[kinds.Key, _Scaled] = {}
        self._stored: dict[str, int] = {}
        self._wake: Callable[[kinds.Key], None] = _ignore

    def start(self, wake: Callable[[kinds.Key], None]) -> None:
        """Go on with the targets of the last controller."""
        self._wake = wake
        stored = self._store.setting(SETTING)
        self._stored = dict(stored) if isinstance(stored, dict) else {}
        for name, target in self._stored.items():
            namespace, _, workerset = name.partition("/")
            self._sets[kinds.Key(namespace, workerset)] = _Scaled(scaling.State(target))
        self._traffic.on_sample = self._heard
        self._store.subscribe(self._budget_moved)

    # ---- for a pass

    def target(self, key: kinds.Key, rules: spec.WorkerSetSpec, now: float) -> int | None:
        """How many processes the set wants; None: as many as it declares."""
        if not scaling.scales(rules):
            return None
        one = self._sets.setdefault(key, _Scaled(scaling.State()))
        one.least, one.declared = rules.num, rules.declared_max_threads or rules.num
        one.state = scaling.lapse(one.state, self._pool(key, one), now)
        return one.state.target

    def shown(self, key: kinds.Key) -> dict[str, object] | None:
        """For the status of a set that scales."""
        one = self._sets.get(key)
        return None if one is None or not one.declared else scaling.shown(one.state, self._pool(key, one))

    def follow(self, key: kinds.Key, desired: plan.Desired, decided: plan.Plan) -> None:
        """After a pass: whether there is anything to scale, and whether the pool is whole."""
        one = self._sets.get(key)
        if one is None:
            return
        goes_on = desired.obj is not None and bool(desired.places) and scaling.scales(desired.facts.spec)
        self._traffic.follow(key, wanted=goes_on)
        if not goes_on:
            if not desired.facts.hold:
                del self._sets[key]
            return
        views = decided.views.values()
        ready = sum(view.ready and view.wanted for view in views)
        updated = all(view.template_hash == decided.facts.template_hash for view in views)
        one.whole = ready == len(views) == one.state.target and updated and decided.facts.hold is None

    def due(self, key: kinds.Key) -> float | None:
        """When to look again though nothing happens."""
        one = self._sets.get(key)
        return None if one is None or not one.state.quiet else one.state.due

    def written(self, key: kinds.Key) -> tuple[notes.Note, ...]:
        """Inside the transaction of a pass: keeps the target, hands out what is to be told."""
        one, name = self._sets.get(key), f"{key.namespace}/{key.name}"
        target = one.state.target if one is not None and one.state.target > one.least else 0
        if target != self._stored.get(name, 0):
            others = {other: kept for other, kept in self._stored.items() if other != name}
            self._stored = {**others, name: target} if target else others
            self._store.put_setting(SETTING, self._stored)
        if one is None or not one.state.told:
            return ()
        told, one.state = one.state.told, dataclasses.replace(one.state, told=())
        return told

    # ---- what happens

    def _heard(self, key: kinds.Key, sample: ports.Sample | None) -> None:
        one = self._sets.get(key)
        if one is None or not one.declared:
            return
        before = one.state
        one.state = scaling.observe(before, sample, self._pool(key, one), self._clock.monotonic())
        after = one.state
        if after.target != before.target or after.held != before.held or after.quiet != before.quiet:
            self._wake(key)

    def _budget_moved(self, change: ports.Change) -> None:
        """What a new set may need is given back to it."""
        if self._ledger.limit is None or change.resource != kinds.WORKERSETS:
            return
        for key, one in self._sets.items():
            if one.declared and one.state.target > self._pool(key, one).most:
                self._wake(key)

    def _pool(self, key: kinds.Key, one: _Scaled) -> scaling.Pool:
        left = self._ledger.left
        most = one.declared
        if left is not None:
            others = sum(each.state.target - each.least for other, each in self._sets.items() if other != key)
            most = min(most, one.least + max(0, left - others))
        return scaling.Pool(one.least, most, one.declared, one.whole, self._cpu_saturated)


def _ignore(_key: kinds.Key) -> None:
    pass
