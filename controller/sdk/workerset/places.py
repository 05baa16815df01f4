"""Where a name is looked up (S2.4), and what has been found out about names there.

A `Place` is a scope as this process sees it. The hot path of `get_vars` is one look into it: an entry is
`(words, as they were, vars)`, and while the words of shared memory are what they were, the very same object
is handed out (S6.5). A request has places of its own whose entries never go stale (S6.6).
"""

from __future__ import annotations

import os
from array import array
from contextvars import ContextVar

from . import checks, contract, identity, layout, memory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextvars import Token
    from types import TracebackType
    from typing import Any

_NONE = -1
"""No epoch: what was resolved in it is to be asked for again."""

_WATCHED = slice(layout.GENERATION, layout.SWEPT + 1, 2)
"""Every other word from 1 to 5: `GENERATION`, `EPOCH` and `SWEPT`, all that a reader goes by."""


class Place(dict):  # type: ignore[type-arg]
    """What this process knows about one scope, for as long as it lives. The dict is the hot path's."""

    __slots__ = ("ensured", "gates", "scope", "slots")

    def __init__(self, scope: str | None) -> None:
        super().__init__()
        self.scope = scope
        self.slots: dict[str, memory.Slot] = {}
        self.ensured: dict[str, memory.Slot] = {}
        self.gates: dict[str, str] = {}

    @property
    def base(self) -> Place:
        """The place of the process behind that of a request."""
        return self

    def within(self, scope: str | None) -> Place:
        return place_of(scope)

    # ------------------------------------------------------------------ what was found out

    def learn(self, instance: dict[str, Any], ensured: bool) -> memory.Slot | None:
        """An instance as the controller tells of it; None if it has no shared memory (yet)."""
        name: str = instance["name"]
        path = instance.get("vars")
        self.forget(name)
        if not path:
            return None
        slot = self._map(name, path)
        if slot is not None and "epoch" in instance:
            slot.seen_epoch = instance["epoch"]  # of the moment of the answer: it may have moved on since
        if slot is not None and ensured:
            self.ensured[name] = slot
            self.gates[name] = str(instance.get("gate", ""))
            slot.touch()
        return slot

    def _map(self, name: str, path: str) -> memory.Slot | None:
        old = self.slots.get(name)
        try:
            if old is not None and old.path == path:
                if not old.is_mapped(os.stat(path)):
                    old.renew()
                old.seen_epoch = old.epoch
                return old
            slot = memory.Slot(path)
        except FileNotFoundError:
            self.slots.pop(name, None)
            return None
        self.slots[name] = slot
        return slot

    def forget(self, name: str) -> None:
        """The next use asks the controller. What was read is kept: unchanged stays the same object."""
        self.pop(name, None)
        self.ensured.pop(name, None)
        slot = self.slots.get(name)
        if slot is not None:
            slot.seen_epoch = _NONE

    def slot(self, name: str) -> memory.Slot | None:
        """The slot of a name, if what is known of it is still true."""
        slot = self.slots.get(name)
        if slot is None or slot.words[layout.EPOCH] != slot.seen_epoch:
            return None
        return slot

    def is_ready(self, name: str) -> bool:
        """Ensured by this process once, and ready now (S3.9): two words of shared memory."""
        slot = self.ensured.get(name)
        if slot is None or not slot.words[layout.READY] or slot.words[layout.EPOCH] != slot.seen_epoch:
            return False
        if not slot.words[layout.TOUCHED]:
            slot.touch()
            return bool(
                slot.words[layout.TOUCHED]
            )  # where it can only be read the controller has to be asked
        return True

    # ------------------------------------------------------------------ what was read

    def read(self, name: str, slot: memory.Slot) -> tuple[int, Any]:
        """Generation and vars, (0, None) if nothing was ever published; fills the hot path."""
        window = slot.words[_WATCHED]
        was = memoryview(array("Q", window))
        slot.touch()
        generation, value = slot.read()
        if generation == was[0] and was[1] == slot.seen_epoch:
            self[name] = (window, was, value)
        return generation, value

    def pinned(self, _name: str) -> int:
        """The generation that a request has settled on; 0 outside of one."""
        return 0


class RequestPlace(Place):
    """A scope as one request sees it: what it read once stays."""

    __slots__ = ("_base", "_generations", "_siblings")

    def __init__(self, base: Place, siblings: dict[str | None, RequestPlace]) -> None:
        super().__init__(base.scope)
        self._base = base
        self._siblings = siblings
        self._generations: dict[str, int] = {}
        siblings[base.scope] = self

    @property
    def base(self) -> Place:
        return self._base

    def within(self, scope: str | None) -> Place:
        base = place_of(scope)
        found = self._siblings.get(base.scope)
        return RequestPlace(base, self._siblings) if found is None else found

    def read(self, name: str, slot: memory.Slot) -> tuple[int, Any]:
        generation, value = self._base.read(name, slot)
        if generation:
            _, _, value = self.setdefault(name, (0, 0, value))
            generation = self._generations.setdefault(name, generation)
        return generation, value

    def pinned(self, _name: str) -> int:
        return self._generations.get(_name, 0)


# ------------------------------------------------------------------ the current one

_places: dict[str | None, Place] = {None: Place(None)}
current: ContextVar[Place] = ContextVar("workerset", default=_places[None])


def place_of(scope: str | None) -> Place:
    """This process's place for a scope; None and the own scope are one."""
    found = _places.get(scope)
    if found is None:
        is_own = scope == os.environ.get(contract.SCOPE)
        found = _places.setdefault(scope, _places[None] if is_own else Place(scope))
    return found


def place_for(scope: str | None) -> Place:
    """The place that a call with this `scope` argument means."""
    return current.get() if scope is None else current.get().within(checks.scope_of(scope))


class _Inside:
    """A context manager that is entered once; in a task it concerns that task."""

    _token: Token[Place] | None = None

    def _place(self) -> Place:
        raise NotImplementedError

    def __enter__(self) -> None:
        self._token = current.set(self._place())

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        token, self._token = self._token, None
        if token is not None:
            try:
                current.reset(token)
            except ValueError:  # entered in another context, as a WSGI server does with what it iterates
                pass


class use_scope(_Inside):  # noqa: N801  # used like a function
    """`with use_scope("shop"):` every call inside looks names up in that scope (S2.4)."""

    def __init__(self, scope: str) -> None:
        if scope is None:
            raise TypeError("scope: a str is needed, not NoneType")
        self._scope = checks.scope_of(scope)

    def _place(self) -> Place:
        return current.get().within(self._scope)


class request(_Inside):  # noqa: N801  # used like a function
    """`with request():` every read of one name inside is of the same snapshot (S6.6).

    A request inside a request joins it. The first one ends the boot of an HTTP worker (S3.5).
    """

    def __init__(self, scope: str | None = None) -> None:
        self._scope = checks.scope_of(scope)

    def _place(self) -> Place:
        identity.mark_served()
        here = current.get()
        if not isinstance(here, RequestPlace):
            here = RequestPlace(here, {})
        return here if self._scope is None else here.within(self._scope)
