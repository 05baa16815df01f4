"""How many processes an HTTP set runs between `num` and `max_threads`, as a pure state machine (S7.3).

Up, one at a time, once work has waited without a break for `SUSTAINED_SECONDS` and the processor has room;
down, one at a time, once one process fewer would have done for `SPARE_SECONDS`. While the pool is not whole
(something starts, stops, rolls or crashes) nothing is decided: a newcomer has to help before another comes.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from controller.core import sentences, spec
from controller.core.notes import Note

SUSTAINED_SECONDS = 0.09
"""The third sample in a row says so: a connection that one happens to meet on its way in has not waited."""

UNSEEN_SECONDS = 0.5
"""Samples that are further apart are not in a row."""

BUSY_REQUESTS = 10
"""In flight a process, from which on they wait for each other: an event loop takes all that comes, so that
its queue in the kernel says nothing."""

SETTLE_SECONDS = 1.0
"""After the pool is whole again: what had piled up is not a reason for one more."""

SPARE_SECONDS = 30.0
NEXT_SPARE_SECONDS = 5.0

HELD_SECONDS = 10.0
"""What keeps a set from growing is told once, as long as work waits again and again."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What is seen at a moment: connections in the queues of the sockets, requests that processes work on,
    and the processors' time so far, busy and in all (same unit)."""

    at: float
    queue: int = 0
    in_flight: int = 0
    busy: float = 0.0
    total: float = 0.0


@dataclass(frozen=True, slots=True)
class Pool:
    """`most` is what the set may have now, `declared` what it says; `whole`: all that are wanted are ready
    and nothing else is there. From `cpu_saturated` on, of the time of all processors, another process would
    only take from the others."""

    least: int
    most: int
    declared: int
    whole: bool = True
    cpu_saturated: float = 0.9


@dataclass(frozen=True, slots=True)
class State:
    """`waiting`: the sample since which work waits, `waited_at` when it last did; `due`: when one process
    goes, unless it is needed till then; `held`: why it is not scaled up although work waits; `told`: what
    is to be told."""

    target: int = 0
    waiting: Sample | None = None
    waited_at: float = 0.0
    due: float | None = None
    rest_until: float = 0.0
    quiet: bool = False
    held: str = ""
    reason: str = ""
    told: tuple[Note, ...] = ()


def scales(rules: spec.WorkerSetSpec) -> bool:
    """Whether there is anything to choose: an HTTP set with `max_threads` above `num`."""
    most = rules.declared_max_threads
    return rules.kind is spec.SetKind.HTTP and most is not None and most > rules.num > 0


def fitted(state: State, pool: Pool) -> State:
    """Within what the set may have now."""
    target = max(pool.least, min(state.target, pool.most))
    if target == state.target:
        return state
    why = "max_processes leaves no room for more" if target < state.target and target == pool.most else ""
    if state.target == 0 or not why or pool.most >= pool.declared:
        return dataclasses.replace(state, target=target)
    return _moved(state, target, why)


def observe(state: State, sample: Sample | None, pool: Pool, now: float) -> State:
    """After a sample; None: there has been no traffic for a while, and none is sampled until there is."""
    state = dataclasses.replace(fitted(state, pool), quiet=sample is None)
    if not pool.whole:
        return dataclasses.replace(state, waiting=None, due=None, rest_until=now + SETTLE_SECONDS)
    if now - state.waited_at > UNSEEN_SECONDS:
        state = dataclasses.replace(state, waiting=None)
    if sample is not None and _waits(sample, state.target):
        return _pressed(dataclasses.replace(state, due=None, waited_at=now), sample, pool)
    held = state.held if now - state.waited_at < HELD_SECONDS and sample is not None else ""
    state = dataclasses.replace(state, waiting=None, held=held)
    if state.target == pool.least or (sample is not None and sample.in_flight >= state.target - 1):
        return dataclasses.replace(state, due=None)
    due = now + SPARE_SECONDS if state.due is None else state.due
    if now < due:
        return dataclasses.replace(state, due=due)
    moved = _moved(state, state.target - 1, "one fewer has been enough for a while")
    return dataclasses.replace(moved, due=now + NEXT_SPARE_SECONDS)


def lapse(state: State, pool: Pool, now: float) -> State:
    """Time goes by without samples."""
    if state.quiet:
        return observe(state, None, pool, now)
    return fitted(state, pool)


def _waits(sample: Sample, processes: int) -> bool:
    return sample.queue > 0 or sample.in_flight >= BUSY_REQUESTS * processes


def _pressed(state: State, sample: Sample, pool: Pool) -> State:
    """Work waits."""
    if sample.at < state.rest_until:
        return dataclasses.replace(state, waiting=None)
    first = state.waiting or sample
    if sample.at - first.at < SUSTAINED_SECONDS:
        return dataclasses.replace(state, waiting=first)
    if state.target >= pool.most:
        limit = "max_threads" if pool.most >= pool.declared else "max_processes leaves no room for more"
        return _held(dataclasses.replace(state, waiting=first), limit)
    if _busy(first, sample) >= pool.cpu_saturated:
        return _held(dataclasses.replace(state, waiting=sample), "the processors are busy with what there is")
    waited = sample.at - first.at
    what = f"{sample.queue} in the queue" if sample.queue else f"{sample.in_flight} requests in flight"
    moved = _moved(state, state.target + 1, f"work has waited for {sentences.seconds(waited)}, {what}")
    return dataclasses.replace(moved, rest_until=sample.at + SETTLE_SECONDS)


def _busy(first: Sample, last: Sample) -> float:
    passed = last.total - first.total
    return (last.busy - first.busy) / passed if passed > 0 else 0.0


def _held(state: State, why: str) -> State:
    if why == state.held:
        return state
    note = Note("ScalingHeld", f"work waits, and {state.target} is not raised: {why}", subject=why)
    return dataclasses.replace(state, held=why, told=(*state.told, note))


def _moved(state: State, target: int, why: str) -> State:
    up = target > state.target
    reason = f"{state.target} to {target}: {why}"
    note = Note("ScaledUp" if up else "ScaledDown", reason)
    return State(target, quiet=state.quiet, reason=reason, told=(*state.told, note))


def shown(state: State, pool: Pool) -> dict[str, object]:
    """For the set's status."""
    held = f"not more: {state.held}" if state.held else ""
    message = "; ".join(part for part in (state.reason, held) if part)
    return {"target": state.target, "least": pool.least, "most": pool.declared, "message": message}
