"""Which logs go: those of workers that are gone for good, oldest first, once they are old, many or large.

What is still declared keeps its log whatever its age; a worker that is gone keeps it for a while, since that
is when people ask why it ended. Pure: what is on disk and the wall clock are arguments.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from controller.core import kinds, parse, spec, steps

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is kept of workers that are gone, in all."""

    seconds: float = 7 * 24 * 3600.0
    workers: int = 100
    bytes: int = 256 * _MIB


@dataclass(frozen=True, slots=True)
class Log:
    """All files of one worker's log; `key` is its namespace and name, `written` when that was last done."""

    key: kinds.Key
    bytes: int
    written: float


def surplus(gone: Iterable[Log], limits: Limits, now: float) -> tuple[kinds.Key, ...]:
    """Of the logs of workers that are gone those to remove: the newest stay, as far as the limits go."""
    found: list[kinds.Key] = []
    size = 0
    for number, one in enumerate(sorted(gone, key=lambda log: (-log.written, log.key))):
        size += one.bytes
        if number >= limits.workers or size > limits.bytes or now - one.written > limits.seconds:
            found.append(one.key)
    return tuple(found)


def is_declared(
    worker: kinds.Key,
    find: Callable[[kinds.Key], kinds.Object | None],
    running: Collection[kinds.Key],
) -> bool:
    """Whether a set has a worker of this name, or would if it were not stopped. `find` finds a set, `running`
    are those that have Pods.
    """
    words = worker.name.split("-")
    for length in range(1, len(words)):
        key = kinds.Key(worker.namespace, "-".join(words[:length]))
        obj = find(key)
        if obj is None or "deletionTimestamp" in obj["metadata"]:
            continue
        if _has(obj, worker.name, is_running=key in running):
            return True
    return False


def _has(obj: kinds.Object, worker: str, *, is_running: bool) -> bool:
    """Workers of an HTTP set are named by a template (S1.10): while none runs, any of them may be its own."""
    rules = dataclasses.replace(parse.parse_workerset(obj), suspend=False)
    if rules.kind is spec.SetKind.HTTP:
        return not is_running
    return any(place.worker == worker for place in steps.places(obj["metadata"]["name"], rules))
