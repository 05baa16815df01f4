"""Who depends on whom (S1 `depends_on`), by reverse index: a set looks again only when the standing of
something it depends on changes, and whoever is to stop looks again when the last of its dependents is gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from controller import ports
from controller.core import depending, graph, kinds, names, plan, worker
from controller.core.depending import Standing

_Keys = dict[kinds.Key, None]
_Name = tuple[str, str, str]
_At = TypeVar("_At")


@dataclass(frozen=True, slots=True)
class _Declared:
    """What of an object this index is made of. `answers_to` is None for what answers to no worker name."""

    scope: str
    answers_to: str | None
    catch_all: bool
    needs: tuple[str, ...]
    going: bool
    generation: int = field(compare=False)


class Dependencies:
    """`asked`: lazy sets that are waited for, and by whom; whoever may write ensures them."""

    def __init__(self, runtime: ports.Runtime) -> None:
        self.asked: dict[kinds.Key, kinds.Key] = {}
        self._runtime = runtime
        self._over: set[kinds.Key] = set()
        self._waiting: set[kinds.Key] = set()
        self._sets: dict[kinds.Key, _Declared] = {}
        self._needing: dict[tuple[str, str], _Keys] = {}
        self._needed: dict[tuple[str, str], dict[str, _Keys]] = {}
        self._named: dict[_Name, _Keys] = {}
        self._catch_alls: dict[tuple[str, str], _Keys] = {}
        self._standings: dict[tuple[kinds.Key, str], Standing] = {}

    # ---- what is declared

    def declare(self, key: kinds.Key, obj: kinds.Object | None) -> list[kinds.Key]:
        """The object as it is now, None if it is gone. Returns who has to look again."""
        new, old = None if obj is None else _read(obj), self._sets.get(key)
        if new and old and new.generation != old.generation and (key, "") in self._standings:
            self._standings[key, ""] = Standing.STARTING  # until a pass has looked at this template
        if new == old:
            if new is not None:
                self._sets[key] = new
            return []
        touched: _Keys = dict.fromkeys((*self._depending(key), *self._providers(key)))
        self._over.discard(key)
        self._waiting.discard(key)
        self._remove(key, old)
        self._insert(key, new)
        touched |= dict.fromkeys(self._depending(key))
        touched |= dict.fromkeys(self._providers(key))
        if (old.needs if old else ()) != (new.needs if new else ()):
            touched |= self._all_above(key)
        touched.pop(key, None)
        return list(touched)

    def _remove(self, key: kinds.Key, old: _Declared | None) -> None:
        if old is None:
            return
        del self._sets[key]
        for name in old.needs:
            _discard(self._needing, (key.namespace, name), key)
            _discard(self._needed.get((key.namespace, old.scope), {}), name, key)
        if old.answers_to is not None:
            _discard(self._named, (key.namespace, old.scope, old.answers_to), key)
        if old.catch_all:
            _discard(self._catch_alls, (key.namespace, old.scope), key)

    def _insert(self, key: kinds.Key, new: _Declared | None) -> None:
        if new is None:
            for name in [name for of, name in self._standings if of == key]:
                del self._standings[key, name]
            return
        self._sets[key] = new
        for name in new.needs:
            self._needing.setdefault((key.namespace, name), {})[key] = None
            self._needed.setdefault((key.namespace, new.scope), {}).setdefault(name, {})[key] = None
        if new.answers_to is not None:
            self._named.setdefault((key.namespace, new.scope, new.answers_to), {})[key] = None
        if new.catch_all:
            self._catch_alls.setdefault((key.namespace, new.scope), {})[key] = None

    # ---- how it stands

    def hold(self, key: kinds.Key) -> worker.Wait | None:
        """Why nothing of the set may start: what it depends on is not ready."""
        one = self._sets.get(key)
        if one is None or not one.needs:
            return None
        pending = [
            (name, standing)
            for name in one.needs
            if (standing := self._standing(key, name)) != Standing.READY
        ]
        if not pending:
            return None
        cycle = self._cycle(key)
        return depending.wait_in_cycle(cycle) if cycle else depending.wait_for(pending)

    def stops_after(self, key: kinds.Key, *, all_stop: bool) -> list[str]:
        """Dependents that are to stop as well and still live. Those it depends on itself do not count."""
        return sorted(
            other.name
            for other in self._depending(key)
            if (all_stop or self._sets[other].going)
            and self._is_alive(other)
            and not self._reaches(key, other)
        )

    def is_waited_for(self, key: kinds.Key) -> bool:
        """Whether a set that depends on this one waits now: its name is in use, though nobody reads it."""
        return bool(self._waiting) and any(one in self._waiting for one in self._depending(key))

    def follow(
        self, key: kinds.Key, obj: kinds.Object | None, decided: plan.Plan, *, all_stop: bool
    ) -> list[kinds.Key]:
        """After a pass. Returns who has to look again because of how the set stands now."""
        one = self._sets.get(key)
        if one is None or obj is None:
            return []
        touched: _Keys = {}
        if decided.status is not None:
            for name, standing in self._stands(key, one, obj, decided):
                if self._standings.get((key, name)) != standing:
                    self._standings[key, name] = standing
                    touched |= dict.fromkeys(self._depending(key))
        if one.needs:
            over = (one.going or all_stop) and not self._is_alive(key)
            hold = decided.facts.hold
            waits = hold is not None and hold.reason == depending.NOT_READY
            for state, are_so in ((over, self._over), (waits, self._waiting)):
                if state != (key in are_so):
                    are_so ^= {key}
                    touched |= dict.fromkeys(self._providers(key))
            if waits:
                touched |= self._ask_for_lazy(key, one)
        return list(touched)

    def _stands(
        self, key: kinds.Key, one: _Declared, obj: kinds.Object, decided: plan.Plan
    ) -> Iterator[tuple[str, Standing]]:
        if not self._is_needed(key, one) or decided.status is None:
            return
        rules = decided.facts.spec
        yield "", depending.of_set(obj, decided.status, rules)
        if one.catch_all:
            for name in self._needed.get((key.namespace, one.scope), ()):
                found = decided.workers.get(names.instance(key.name, name))
                yield name, depending.of_instance(None if found is None else found.view, rules)

    def _is_needed(self, key: kinds.Key, one: _Declared) -> bool:
        if (key.namespace, key.name) in self._needing:
            return True
        needed = self._needed.get((key.namespace, one.scope), {})
        return one.answers_to in needed or (one.catch_all and bool(needed))

    def _standing(self, key: kinds.Key, name: str) -> Standing:
        provider = self._provider(key, name)
        if provider is None:
            return Standing.UNDECLARED
        is_instance = self._sets[provider].catch_all and provider.name != name
        return self._standings.get((provider, name if is_instance else ""), Standing.STARTING)

    def _ask_for_lazy(self, key: kinds.Key, one: _Declared) -> _Keys:
        """A lazy set is needed now: as if a worker of this one had ensured it (S3.2)."""
        asked: _Keys = {}
        for name in one.needs:
            provider = self._provider(key, name)
            if provider is None or self._standing(key, name) is not Standing.IDLE:
                continue
            if self._sets[provider].answers_to is not None:
                self.asked[provider] = key
                asked[provider] = None
        return asked

    # ---- the graph

    def _provider(self, key: kinds.Key, name: str) -> kinds.Key | None:
        """A set of the namespace, else who answers to the worker name in this scope."""
        direct = kinds.Key(key.namespace, name)
        if direct in self._sets:
            return direct
        scope = self._sets[key].scope
        for found in (
            self._named.get((key.namespace, scope, name)),
            self._catch_alls.get((key.namespace, scope)),
        ):
            if found:
                return next(iter(found))
        return None

    def _providers(self, key: kinds.Key) -> Iterator[kinds.Key]:
        one = self._sets.get(key)
        for name in () if one is None else one.needs:
            provider = self._provider(key, name)
            if provider is not None:
                yield provider

    def _depending(self, key: kinds.Key) -> list[kinds.Key]:
        """Sets of which a need is answered by this one."""
        one = self._sets.get(key)
        if one is None:
            return list(self._needing.get((key.namespace, key.name), ()))
        found = [(key.name, self._needing.get((key.namespace, key.name), {}))]
        needed = self._needed.get((key.namespace, one.scope), {})
        if one.catch_all:
            found += needed.items()
        elif one.answers_to in needed:
            found.append((one.answers_to, needed[one.answers_to]))
        return [
            other for name, others in found for other in tuple(others) if self._provider(other, name) == key
        ]

    def _all_above(self, key: kinds.Key) -> _Keys:
        """Whoever depends on it, however indirectly."""
        seen: _Keys = {key: None}
        todo = [key]
        while todo:
            for other in self._depending(todo.pop()):
                if other not in seen:
                    seen[other] = None
                    todo.append(other)
        return seen

    def _below(self, key: kinds.Key) -> dict[kinds.Key, list[kinds.Key]]:
        """The graph of what it depends on, however indirectly."""
        edges: dict[kinds.Key, list[kinds.Key]] = {}
        todo = [key]
        while todo:
            one = todo.pop()
            if one not in edges:
                edges[one] = list(self._providers(one))
                todo += edges[one]
        return edges

    def _is_alive(self, key: kinds.Key) -> bool:
        return any(one.exit is None or one.survivors for one in self._runtime.processes(key))

    def _reaches(self, key: kinds.Key, other: kinds.Key) -> bool:
        return other in self._below(key)

    def _cycle(self, key: kinds.Key) -> list[str]:
        """One it is part of."""
        for cycle in graph.find_cycles(self._below(key)):
            if key in cycle:
                at = cycle.index(key)
                return [one.name for one in (*cycle[at:], *cycle[:at])]
        return []


def _read(obj: kinds.Object) -> _Declared:
    declared = obj["spec"]
    background = bool(declared.get("background"))
    going = "deletionTimestamp" in obj["metadata"] or bool(declared.get("suspend"))
    answers_to = declared.get("name") if background else None
    return _Declared(
        declared.get("scope", ""),
        answers_to,
        background and answers_to is None,
        tuple(declared.get("depends_on", ())),
        going,
        obj["metadata"]["generation"],
    )


def _discard(index: dict[_At, _Keys], at: _At, key: kinds.Key) -> None:
    held = index.get(at)
    if held is not None:
        held.pop(key, None)
        if not held:
            del index[at]
