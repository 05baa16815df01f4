"""`ensure`, `ensure_vars`, `release`: have other workers run (S3)."""

from __future__ import annotations

import time

from . import checks, client, identity, places, reading, wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

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
    """`ensure`, wait until the worker's current run has published, and return what it has (S5)."""
    return client.run(ensuring_vars(name, timeout, scope))


def release(names: str | Sequence[str], scope: str | None = None) -> list[str]:
    """The opposite of `ensure`: this worker's set wants them no more. Returns the names it had ensured.

    A name goes on running while another set wants it; `workerctl release` ends it for all.
    """
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


def ensuring_vars(name: str, timeout: float, scope: str | None) -> Operation[Mapping[Any, Any]]:
    """Asks nobody where ready means published and the name is ready."""
    checks.name_of(name)
    seconds = checks.seconds_of(timeout)
    base = places.place_for(scope).base
    if not (base.is_ready(name) and base.gates.get(name) == "vars"):
        yield from _asking([name], seconds, True, base, published=True)
    found = yield from reading.getting(name, scope)
    return found.vars


def releasing(names: str | Sequence[str], scope: str | None) -> Operation[list[str]]:
    wanted = checks.names_of(names)
    base = places.place_for(scope).base
    deadline = time.monotonic() + wire.PATIENCE_SECONDS
    reply = yield wire.Call("release", {"names": wanted, "scope": base.scope}, deadline)
    for name in wanted:
        base.forget(name)
    return list(reply["released"])


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
