"""`max_processes`: how many processes all sets together may run, and who may still have how many (S7.4).

What a set may need is kept free for it whether or not it runs: all names of a catch-all, the one process of a
lazy set. An HTTP set's least counts here; what scaling adds to it comes out of what is left. A surge during a
rollout is on top, as it does not stay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from controller.core import errors, fields, kinds, sentences

_SHOWN = 4


class SchemaPort(Protocol):
    """What stands behind the guard: `ports.Schema`."""

    def problems(self, obj: kinds.Object) -> Sequence[errors.FieldProblem]: ...

    def document(self) -> Mapping[str, Any]: ...


def demand(obj: kinds.Object) -> int:
    """Processes that the set may need at once without being asked anew; 0 for one that is stopped or goes."""
    spec = fields.mapping(obj.get("spec"))
    if spec.get("suspend") is True or "deletionTimestamp" in fields.mapping(obj.get("metadata")):
        return 0
    background = spec.get("background") is True
    num, most = _count(spec.get("num")), _count(spec.get("max_threads"))
    if background and not spec.get("name"):
        return (num or 0) + (kinds.DEFAULT_CAP if most is None else most)
    if background:
        return max(num or 0, 1)
    least = 1 if num is None else num
    return least if most is None else min(least, most)


def _count(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


class Ledger:
    """What is kept free for each set. `limit` None: as many as one likes."""

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit
        self.reserved = 0
        self._of: dict[kinds.Key, int] = {}

    def put(self, key: kinds.Key, obj: kinds.Object | None) -> None:
        """The set is this now; None: it is gone."""
        now = 0 if obj is None else demand(obj)
        self.reserved += now - self._of.pop(key, 0)
        if now:
            self._of[key] = now

    @property
    def left(self) -> int | None:
        """What scaling may add to all HTTP sets together; None: no limit."""
        return None if self.limit is None else max(0, self.limit - self.reserved)

    def held(self) -> Mapping[kinds.Key, int]:
        return self._of


class Guard:
    """A schema that also refuses what does not fit: every write that is judged by it passes here."""

    def __init__(self, schema: SchemaPort, ledger: Ledger) -> None:
        self._schema, self._ledger = schema, ledger
        self._coming: dict[kinds.Key, int] = {}

    def apart(self) -> Guard:
        """For one request of many documents: what it has judged already counts before it is stored."""
        return Guard(self._schema, self._ledger)

    def expect(self, key: kinds.Key, obj: kinds.Object | None) -> None:
        """The set will be this; None: it will be gone."""
        if self._ledger.limit is not None:
            self._coming[key] = 0 if obj is None else demand(obj)

    def expect_less(self, key: kinds.Key, obj: kinds.Object) -> None:
        """The set gives back what it does not need as this, if that is any."""
        if demand(obj) < self._ledger.held().get(key, 0):
            self.expect(key, obj)

    def problems(self, obj: kinds.Object) -> Sequence[errors.FieldProblem]:
        found = self._schema.problems(obj)
        problem = None if found else self._excess(obj)
        return found if problem is None else (*found, problem)

    def document(self) -> Mapping[str, Any]:
        return self._schema.document()

    def _excess(self, obj: kinds.Object) -> errors.FieldProblem | None:
        """Asking for no more than it has is always allowed, so that a lowered limit locks nobody out."""
        limit, meta = self._ledger.limit, fields.mapping(obj.get("metadata"))
        if limit is None:
            return None
        held = {**self._ledger.held(), **self._coming}
        key = kinds.Key(str(meta.get("namespace") or ""), str(meta.get("name") or ""))
        needed, had = demand(obj), held.pop(key, 0)
        if needed <= max(had, limit - sum(held.values())):
            return None
        return _problem(obj, needed, limit, held)


def _problem(
    obj: kinds.Object, needed: int, limit: int, held: Mapping[kinds.Key, int]
) -> errors.FieldProblem:
    spec, free = fields.mapping(obj.get("spec")), limit - sum(held.values())
    field = "max_threads" if spec.get("background") is True and not spec.get("name") else "num"
    most = sorted(((key, count) for key, count in held.items() if count), key=lambda one: (-one[1], one[0]))
    holders = sentences.several([f"{key} {count}" for key, count in most], _SHOWN)
    others = f", the rest is kept for: {holders}" if holders else ""
    detail = (
        f"max_processes is exceeded by {needed - free}: this set may need {needed}, "
        f"{max(0, free)} of {limit} are free{others}"
    )
    room = f"lower {field}" if free > 0 else "stop a set that can be spared"
    raised = f"workerctl up -d --max-processes {limit + needed - free}"
    fix = f"{room}, or raise the limit, after workerctl down: {raised}"
    return errors.FieldProblem(("spec", field), "Forbidden", detail, fix)
