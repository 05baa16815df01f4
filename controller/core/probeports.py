"""The ports from `probe_port` on (S1): which of them a set needs, and what is in their way within it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from controller.core import addresses, errors, proberules

LAST_PORT = 65535
HOST = "127.0.0.1"

Spec = Mapping[str, Any]


def needed(declared: Spec) -> range:
    """One for each ordinal there may be: while an HTTP set rolls the surge comes on top of its most, and as
    many that drain (S7.2)."""
    first = declared.get("probe_port")
    if first in (None, proberules.UNIX):
        return range(0)
    num = int(declared.get("num", 0 if declared.get("background") else 1))
    most = max(num, int(declared.get("max_threads", num)), 1)
    return range(int(first), int(first) + most + (2 * _surge(declared, most) if "listen" in declared else 0))


def _surge(declared: Spec, most: int) -> int:
    """These modules are for sets that roll and have ports of their own, and few do."""
    from controller.core import parse, rollout

    return rollout.limits(parse.rollout_rules(declared), most).surge


def shown(ports: range) -> str:
    """`9000 to 9003`."""
    return str(ports[0]) if len(ports) == 1 else f"{ports[0]} to {ports[-1]}"


def problems(declared: Spec) -> Iterator[errors.FieldProblem]:
    """All that can be said of one set by itself."""
    ports = needed(declared)
    if not ports:
        return
    path, count = ("spec", "probe_port"), len(ports)
    if declared.get("background") and "name" not in declared:
        detail = "every name of a catch-all would get the same port"
        yield errors.FieldProblem(path, "Invalid", detail, f"write probe_port: {proberules.UNIX}", ports[0])
    elif ports[-1] > LAST_PORT:
        detail = f"not enough ports for {count} processes from here: {ports[0]}"
        yield errors.FieldProblem(path, "Invalid", detail, f"write at most {LAST_PORT + 1 - count}", ports[0])
    for field, given in _own(declared):
        detail = f"{given} is among the set's own ports for probes, {shown(ports)}"
        yield errors.FieldProblem(field, "Duplicate", detail, "move one of the two", given)


def _own(declared: Spec) -> Iterator[tuple[errors.Path, object]]:
    """What the set binds elsewhere that a process could not bind for its probes."""
    ports = needed(declared)
    for place, given in enumerate(declared.get("listen", ())):
        try:
            one = addresses.parse(given)
        except addresses.BadAddress:
            continue  # reported by the rule about addresses
        if one.port in ports and addresses.overlap(one, addresses.Address("tcp4", HOST, one.port)):
            yield ("spec", "listen", place), given
    if declared.get("port") in ports:
        yield ("spec", "port"), declared["port"]
