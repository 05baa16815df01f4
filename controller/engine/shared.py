"""Shared memory as the engine sees it (S6): a slot for each name a set runs, its ready word, its idle timer.

A name may be run by two sets while it moves from one to the other: its slot goes with the last of them.
A folder that cannot be written disturbs no worker: it is said once, and tried again at the next pass.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Collection, Iterable, Mapping

from controller import ports
from controller.core import ensured, idle, instances, kinds, plan, worker
from controller.engine.memory import SetMemory

_LOG = logging.getLogger(__name__)


class SharedNames:
    """Which sets hold which slots; all else about a set is in its `SetMemory`."""

    def __init__(self, shared: ports.Vars) -> None:
        self._vars = shared
        self._holders: dict[ports.VarsName, set[kinds.Key]] = {}
        self._trouble = ""

    def begin(self, sets: Iterable[kinds.Object]) -> None:
        """Slots of names that nobody is asked to run any more go."""
        wanted = {
            ports.VarsName(obj["metadata"]["namespace"], obj["spec"].get("scope", ""), name)
            for obj in sets
            for name in instances.names_of(obj)
        }
        for name in self._known():
            if name not in wanted:
                self._quietly(functools.partial(self._vars.remove, name))

    def follow(self, key: kinds.Key, obj: kinds.Object | None, mind: SetMemory, decided: plan.Plan) -> None:
        """After a pass: slots for names that come, none for those that are gone, and who is ready."""
        if obj is None or not obj["spec"].get("background"):
            self.forget(key, mind)
            return
        before = {} if mind.last is None else mind.last.views
        if mind.names_of is not obj["spec"] or _has_others(before, decided):
            running = {view.worker_name for view in decided.views.values()}
            if mind.names_of is not obj["spec"] or running != mind.running:
                self._follow_names(key, obj, mind, running)
        all_anew = mind.ready_runs is None
        known = mind.ready_runs = {} if mind.ready_runs is None else mind.ready_runs
        changed = _note_ready(known, {} if all_anew else before, decided)
        # By run: the word was cleared where an exit was seen, even if the next run is ready by now.
        for name in mind.names if all_anew else changed:
            where = ports.VarsName(key.namespace, mind.scope, name)
            self._quietly(functools.partial(self._vars.set_ready, where, bool(known.get(name))))

    def _follow_names(self, key: kinds.Key, obj: kinds.Object, mind: SetMemory, running: set[str]) -> None:
        names, scope = instances.names_of(obj) | running, obj["spec"].get("scope", "")
        if scope != mind.scope:
            self.forget(key, mind)
        mind.scope, mind.names_of = scope, obj["spec"]
        self._let_go(key, mind.scope, mind.names - names)
        for one in names - mind.names:
            name = ports.VarsName(key.namespace, mind.scope, one)
            self._holders.setdefault(name, set()).add(key)
            self._quietly(functools.partial(self._vars.slot, name))
        mind.names, mind.running = names, running

    def forget(self, key: kinds.Key, mind: SetMemory) -> None:
        """The set runs no name any more."""
        self._let_go(key, mind.scope, mind.names)
        mind.names, mind.names_of, mind.ready_runs = frozenset(), None, None

    def look_again(self, namespaces: Collection[str]) -> None:
        """Names of these namespaces may resolve elsewhere now."""
        if not namespaces:
            return
        found = [name for name in self._known() if name.namespace in namespaces]
        if found:
            self._quietly(functools.partial(self._vars.look_again, found))

    def idle(
        self, obj: kinds.Object, ensures: ensured.Ensures, mind: SetMemory, now: float
    ) -> tuple[str, ...]:
        """S6.9: names that only an ensure keeps, and that nobody has used for a whole period."""
        facts = mind.facts
        if facts is None or facts.spec.idle_timeout_seconds <= 0:
            mind.idle_due, mind.idle_at = {}, None
            return ()
        by_hand = set(ensured.declared(obj))
        lazy = [name for name in ensures if name not in by_hand]
        if (mind.idle_at is None or now < mind.idle_at) and mind.idle_due.keys() == set(lazy):
            return ()
        namespace, scope = obj["metadata"]["namespace"], obj["spec"].get("scope", "")

        def touched(name: str) -> bool:
            where = ports.VarsName(namespace, scope, name)
            return bool(self._quietly(functools.partial(self._vars.take_touched, where)))

        made = idle.decide(mind.idle_due, lazy, facts.spec.idle_timeout_seconds, now, touched)
        mind.idle_due, mind.idle_at = dict(made.due), made.wake_at
        return made.idle

    def _known(self) -> tuple[ports.VarsName, ...]:
        found: list[ports.VarsName] = []
        self._quietly(lambda: found.extend(self._vars.known()))
        return tuple(found)

    def _let_go(self, key: kinds.Key, scope: str, names: Iterable[str]) -> None:
        for one in names:
            name = ports.VarsName(key.namespace, scope, one)
            holders = self._holders.get(name, set())
            holders.discard(key)
            if not holders:
                self._holders.pop(name, None)
                self._quietly(functools.partial(self._vars.remove, name))

    def _quietly(self, what: Callable[[], object]) -> object:
        try:
            done = what()
        except OSError as problem:
            if str(problem) != self._trouble:
                self._trouble = str(problem)
                _LOG.error("shared memory cannot be used: %s", problem)
            return None
        self._trouble = ""
        return done


def _has_others(before: Mapping[str, worker.View], decided: plan.Plan) -> bool:
    """Whether there are other workers than in the last pass, or one that answers to another name."""
    views = decided.views
    return views.keys() != before.keys() or any(
        views[name].worker_name != before[name].worker_name for name in decided.slots.fresh if name in views
    )


def _note_ready(
    ready: dict[str, set[str]], before: Mapping[str, worker.View], decided: plan.Plan
) -> list[str]:
    """Keeps the ready runs of each name, by what differs from the `before` of the last pass; the names that
    have others than they had."""
    views = decided.views
    touched = {*decided.slots.fresh, *(before.keys() - views.keys())} if before else views.keys()
    now = {(view.worker_name, view.run) for name in touched if (view := views.get(name)) and view.ready}
    was = {(view.worker_name, view.run) for name in touched if (view := before.get(name)) and view.ready}
    for name, run in was - now:
        ready[name].discard(run)
        if not ready[name]:
            del ready[name]
    for name, run in now - was:
        ready.setdefault(name, set()).add(run)
    return list(dict.fromkeys(name for name, _ in now ^ was))
