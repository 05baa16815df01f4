"""Counts what passes decided: starts, restarts and crashes of workers, how long they took to be ready."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from controller.core import kinds, tallies, worker
from controller.engine.engine import Engine
from controller.engine.reconcile import Outcome


@dataclass(slots=True)
class _Set:
    """What was counted of each worker, and the views it was counted from."""

    views: Mapping[str, worker.View]
    seen: dict[str, _Seen]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was counted of a worker: the run it has, the one that ended last, the one that was ready."""

    run: str = ""
    ended: str = ""
    ready: str = ""


class Meter:
    """Listens to an engine. A run that is older than this controller is not counted as started again."""

    def __init__(self, engine: Engine, tally: tallies.Tally) -> None:
        self._engine, self._tally = engine, tally
        self._began = engine.clock.wall()
        self._sets: dict[kinds.Key, _Set] = {}
        engine.listen(self._heard)

    def _heard(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            mind = self._engine.memory(outcome.key)
            if mind is not None:
                self._tally.took(tallies.RECONCILE_SECONDS, mind.plan_seconds)
            self._count(outcome)

    def _count(self, outcome: Outcome) -> None:
        key, views = outcome.key, outcome.decided.views
        before = self._sets.pop(key, None) or _Set({}, {})
        if outcome.gone or outcome.obj is None:
            return
        scope, seen, known = outcome.obj["spec"].get("scope", ""), before.seen, before.views
        for name in outcome.decided.slots.fresh if known else views:
            if name not in views or known.get(name) is views[name]:
                continue
            labels = (key.namespace, scope, key.name, views[name].worker_name)
            seen[name] = self._look(views[name], seen.get(name), labels)
        for name in known.keys() - views.keys():
            del seen[name]
        self._sets[key] = _Set(views, seen)

    def _look(self, view: worker.View, seen: _Seen | None, labels: tallies.Labels) -> _Seen:
        """One worker. Seen for the first time, its past is the past of another controller."""
        ended = view.last.run if view.last is not None else ""
        run = view.run if view.started_wall else ""
        ready = run if view.ready else ""
        if seen is None:
            seen = _Seen(ended=ended)
        unseen = ended not in (seen.ended, seen.run)
        begun = bool(run) and run != seen.run and view.started_wall >= self._began
        if begun or unseen:
            self._tally.count(tallies.STARTS, labels, begun + unseen)
            self._tally.count(
                tallies.RESTARTS, labels, (begun and bool(seen.run or ended)) + (unseen and bool(seen.ended))
            )
        if ended != seen.ended and (view.failing or view.given_up):
            self._tally.count(tallies.CRASHES, labels)
        if ready and ready != seen.ready and view.started_wall >= self._began:
            self._tally.took(tallies.START_SECONDS, view.ready_wall - view.started_wall, labels)
        return _Seen(run or seen.run, ended, ready or seen.ready)
