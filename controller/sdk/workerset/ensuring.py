"""`ensure`, `ensure_vars`, `release`: have other workers run (S3)."""

from __future__ import annotations

import time

from . import checks, client, errors, identity, places, reading, wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from . import memory
    from .places import Place
    from .wire import Operation

DEFAULT_SECONDS = 30.0

_current = places.current.get


def ensure(
    names: str | Sequence[str],
    timeout: float = DEFAULT_SECONDS,
    wait: bool = True,
    scope: str | None = None,
) -> None:
    """Have the named workers run, and return when every one is ready, within `timeout` seconds in all.

    With `wait=False` return as soon as each has a process. They stay wanted until `release`, also after this
    process has ended. A name that is ready already costs no round trip (S3.9).
    """
    if scope is None and type(timeout) in (float, int) and timeout > 0:
        base = _current().base
        if base.is_ready(names) if type(names) is str else _are_ready(names, base):
            return
    client.run(ensuring(names, timeout, wait, scope))


def ensure_vars(name: str, timeout: float = DEFAULT_SECONDS, scope: str | None = None) -> Mapping[Any, Any]:
    """`ensure`, wait until the current run of the worker has published, and return that (S5)."""
    deadline = time.monotonic() + checks.seconds_of(timeout)
    slot = client.run(ensuring_vars(name, timeout, scope))
    if slot is not None and not slot.wait(0, max(0.0, deadline - time.monotonic())):
        raise never_published(name, timeout, scope)
    return client.run(reading.getting(name, scope)).vars


def release(names: str | Sequence[str], scope: str | None = None) -> list[str]:
    """The opposite of `ensure`: they are not wanted any more, whoever ensured them. Returns which were."""
    return client.run(releasing(names, scope))


def _are_ready(names: object, base: Place) -> bool:
    """A list without a mistake in it, of names that are all ready; what is wrong is found elsewhere."""
    try:
        is_good = type(names) is list and 0 < len(names) == len(set(names))
    except TypeError:
        return False
    return is_good and all(map(base.is_ready, names))  # type: ignore[call-overload]


# ------------------------------------------------------------------ shared with aio


def ensuring(
    names: str | Sequence[str], timeout: float, wait: bool, scope: str | None
) -> Operation[list[dict[str, Any]]]:
    """The instances, in the order of `names`; an empty list where nothing had to be asked."""
    wanted = checks.names_of(names)
    seconds = checks.seconds_of(timeout)
    base = places.place_for(scope).base
    if all(base.is_ready(name) for name in wanted):
        return []
    return (yield from _asking(wanted, seconds, bool(wait), base))


def ensuring_vars(name: str, timeout: float, scope: str | None) -> Operation[memory.Slot | None]:
    """The slot to wait on for a first publish; None where the current run has published."""
    checks.name_of(name)
    seconds = checks.seconds_of(timeout)
    base = places.place_for(scope).base
    if base.is_ready(name) and base.gates.get(name) == "vars":
        return None
    (instance,) = yield from _asking([name], seconds, True, base, published=True)
    if instance.get("published") or instance.get("gate") == "vars":
        return None
    return base.slot(name)


def releasing(names: str | Sequence[str], scope: str | None) -> Operation[list[str]]:
    wanted = checks.names_of(names)
    base = places.place_for(scope).base
    deadline = time.monotonic() + wire.PATIENCE_SECONDS
    reply = yield wire.Call("release", {"names": wanted, "scope": base.scope}, deadline)
    for name in wanted:
        base.forget(name)
    return list(reply["released"])


def never_published(name: str, timeout: float, scope: str | None) -> errors.EnsureTimeout:
    details = {"name": name, "scope": places.place_for(scope).scope, "missing": "never published vars"}
    return errors.EnsureTimeout(f"the worker never published vars within {timeout:g}s: {name!r}", details)


def _asking(
    names: list[str], seconds: float, wait: bool, base: Place, published: bool = False
) -> Operation[list[dict[str, Any]]]:
    fields: dict[str, Any] = {"names": names, "scope": base.scope, "wait": wait}
    fields["bootstrap"] = identity.is_booting()
    if published:
        fields["published"] = True
    reply = yield wire.Call("ensure", fields, time.monotonic() + seconds, waits=True)
    instances: list[dict[str, Any]] = reply["instances"]
    for instance in instances:
        base.learn(instance, ensured=True)
    return instances
