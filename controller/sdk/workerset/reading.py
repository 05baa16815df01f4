"""`get_vars`, `generation`, `wait_vars`: what others have published (S6)."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from . import checks, client, errors, layout, places, wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from . import memory
    from .places import Place
    from .wire import Operation

_current = places.current.get


class Published(NamedTuple):
    """A snapshot and its generation."""

    generation: int
    vars: Mapping[Any, Any]


def get_vars(name: str, scope: str | None = None) -> Mapping[Any, Any]:
    """What the worker `name` has published, without waiting and without starting anything (S6.4).

    The very same object while nothing new is published, or for the whole of a request (S6.5, S6.6). It
    cannot be changed. `NotPublished` says why there is nothing and what to do.
    """
    place = _current() if scope is None else places.place_for(scope)
    try:
        words, before, found = place[name]
    except (KeyError, TypeError):
        pass
    else:
        if words == before:
            return found  # type: ignore[no-any-return]
    return client.run(getting(name, scope)).vars


def generation(name: str, scope: str | None = None) -> int:
    """The number of what `get_vars` would return now; 0 if nothing was ever published.

    Numbers of one name only ever grow, across restarts of everything.
    """
    try:
        return client.run(getting(name, scope)).generation
    except errors.NotPublished:
        return 0


def wait_vars(
    name: str, after: int | None = None, timeout: float | None = None, scope: str | None = None
) -> Published:
    """Wait for something newer than the generation `after` and return both (S6.8).

    Without `after`, newer than now; 0 is before everything. `VarsTimeout` after `timeout` seconds, None
    waits as long as it takes. Inside a request it sees what is new all the same.
    """
    until = until_of(timeout)
    while True:
        slot, since = client.run(finding(name, after, scope))
        left = None if until is None else max(0.0, until - time.monotonic())
        slot.wait(since, left)
        found = newer(name, slot, since, scope)
        if found is not None:
            return found
        after = since
        if until is not None and time.monotonic() >= until:
            raise too_late(name, since, timeout, scope)


# ------------------------------------------------------------------ shared with aio


def getting(name: str, scope: str | None) -> Operation[Published]:
    """The way of `get_vars` where the controller has to be asked."""
    checks.name_of(name)
    place = places.place_for(scope)
    number = place.pinned(name)
    if number:
        return Published(number, place[name][2])
    slot = yield from _slot(name, place)
    number, found = place.read(name, slot)
    if not number:
        raise errors.NotPublished(_never(name, place), {"name": name, "scope": place.scope})
    return Published(number, found)


def until_of(timeout: float | None) -> float | None:
    """The moment a wait ends; zero looks once, None is as long as it takes."""
    if timeout is None:
        return None
    return time.monotonic() + (0.0 if timeout == 0 else checks.seconds_of(timeout))


def finding(name: str, after: int | None, scope: str | None) -> Operation[tuple[memory.Slot, int]]:
    """The slot to wait on, and after which generation."""
    checks.name_of(name)
    if after is not None and (isinstance(after, bool) or not isinstance(after, int)):
        raise TypeError(f"after: a generation is needed, an int, not {type(after).__name__}")
    slot = yield from _slot(name, places.place_for(scope).base)
    slot.touch()
    return slot, slot.generation if after is None else after


def newer(name: str, slot: memory.Slot, after: int, scope: str | None) -> Published | None:
    """What is newer than `after`, if the slot is still the name's."""
    base = places.place_for(scope).base
    if base.slot(name) is not slot:
        return None
    number, found = base.read(name, slot)
    return Published(number, found) if number > after and found is not None else None


def too_late(name: str, after: int, timeout: float | None, scope: str | None) -> errors.VarsTimeout:
    return errors.VarsTimeout(
        f"nothing newer than generation {after} was published within {timeout:g}s: {name!r}",
        {"name": name, "scope": places.place_for(scope).scope},
    )


def _slot(name: str, place: Place) -> Operation[memory.Slot]:
    base = place.base
    slot = base.slot(name)
    if slot is not None:
        return slot
    deadline = time.monotonic() + wire.PATIENCE_SECONDS
    reply = yield wire.Call("resolve", {"name": name, "scope": base.scope}, deadline)
    instance = reply["instance"]
    slot = base.learn(instance, ensured=False)
    if slot is None:
        raise errors.NotPublished(_not_there(name, base, instance), {**instance, "scope": base.scope})
    return slot


def _where(name: str, place: Place) -> str:
    return f"{name!r} in the scope {place.scope!r}" if place.scope else f"{name!r}"


def _not_there(name: str, place: Place, instance: Mapping[str, Any]) -> str:
    what = "was never started: call ensure_vars() or ensure() first"
    if instance.get("ensured"):
        what = "has not published anything yet: call ensure_vars(), which waits for it"
    return f"nothing to read, the worker {_where(name, place)} {what}"


def _never(name: str, place: Place) -> str:
    """S5: says so where an ensure came back although nothing was published."""
    gate = place.base.gates.get(name, "")
    base = place.base.slot(name)
    text = f"the worker {_where(name, place)} never published vars"
    if gate and gate != "vars" and base is not None and base.words[layout.READY]:
        return (
            f"{text}: it is ready by ready_when: {gate}, which does not wait for them: "
            "call ensure_vars(), or declare ready_when: vars"
        )
    return f"{text}: call ensure_vars(), which waits for its first publish"
