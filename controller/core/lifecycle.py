"""The life of a worker as one table (S4).

Two laws. Every transition of a worker stands in `TABLE` and nowhere else. This file knows nothing of
time, processes or policy: the planner turns levels into events and folds them through `advance`.

A state is never stored. It is derived anew in each pass from the run record and from what the runtime
lists, so a controller that was away derives the same one. `docs/lifecycle.md` is generated from here.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    PENDING = "Pending"
    STARTING = "Starting"
    RUNNING = "Running"
    READY = "Ready"
    STOPPING = "Stopping"
    BACKOFF = "Backoff"
    FAILED = "Failed"
    COMPLETED = "Completed"
    GONE = "Gone"


class Event(StrEnum):
    """What can happen to a worker; the values are the sentences of the generated table."""

    START = "a run was asked for"
    SPAWNED = "its process exists"
    PASSED = "its gate passed"
    LOST = "its gate no longer passes"
    STOP = "a stop was commanded"
    REMAINS = "the main process ended and left processes behind"
    CLEARED = "the last process is gone"
    AGAIN = "it ended, and the next run needs no wait"
    WAIT = "it ended, and the next run must wait"
    GIVE_UP = "it ended, and it is given up"
    COMPLETE = "it ended, and it is done"
    DUE = "the wait is over"
    RENEW = "its template or spec changed, or a restart was commanded"
    REMOVE = "it is no longer wanted, and nothing of it lives"


STATE_TEXT = {
    State.PENDING: "wanted, no process yet: it starts in this pass, or the set waits for something",
    State.STARTING: "a run was asked for and has no process id yet",
    State.RUNNING: "the process lives, its gate (S5) has not passed",
    State.READY: "the process lives and its gate has passed",
    State.STOPPING: "the handle is closed, or leftovers of the last run are being ended (S4.6)",
    State.BACKOFF: "it ended; the next run waits for its time (S4.2)",
    State.FAILED: "given up (S4.5); tried again every retry_after, or at once on a change",
    State.COMPLETED: "a one-shot that is done for this template",
    State.GONE: "not wanted and nothing lives",
}

_P, _S, _R, _Y = State.PENDING, State.STARTING, State.RUNNING, State.READY
_X, _B, _F, _C, _G = State.STOPPING, State.BACKOFF, State.FAILED, State.COMPLETED, State.GONE

_ORDER = tuple(Event)

# One row a state, one cell an event, in the order of `Event`; None = cannot happen (see UNREACHABLE).
#         START SPAWN PASS  LOST  STOP  REMAI CLEAR AGAIN WAIT  GIVE  COMPL DUE   RENEW REMOVE
_ROWS: dict[State, tuple[State | None, ...]] = {
    _P: (_S, None, None, None, _P, _X, _P, _P, _B, _F, _C, _P, _P, _G),
    _S: (None, _R, None, None, _X, _X, _P, _P, _B, _F, _C, None, _S, None),
    _R: (None, _R, _Y, _R, _X, _X, _P, _P, _B, _F, _C, None, _R, None),
    _Y: (None, _Y, _Y, _R, _X, _X, _P, _P, _B, _F, _C, None, _Y, None),
    _X: (None, _X, _X, _X, _X, _X, _P, _P, _B, _F, _C, None, _X, None),
    _B: (None, None, None, None, _P, _X, _P, None, _B, None, None, _P, _P, _G),
    _F: (None, None, None, None, _P, _X, _P, None, None, _F, None, _P, _P, _G),
    _C: (None, None, None, None, _C, _X, _C, None, None, None, _C, None, _P, _G),
    _G: (None, None, None, None, _G, _X, _G, None, None, None, None, None, _P, _G),
}

TABLE: dict[tuple[State, Event], State | None] = {
    (state, event): target for state, row in _ROWS.items() for event, target in zip(_ORDER, row, strict=True)
}

UNREACHABLE: dict[State, str] = {
    State.PENDING: "without a process nothing is spawned and no gate passes or is lost",
    State.STARTING: "a slot holds one run: no second start, no wait while one lives, no gate yet",
    State.RUNNING: "a slot holds one run: no second start, and no wait while one lives",
    State.READY: "a slot holds one run: no second start, and no wait while one lives",
    State.STOPPING: "no run starts while anything of the last one lives (S4.6)",
    State.BACKOFF: "no process, so nothing ends; a start goes through Pending",
    State.FAILED: "no process, so nothing ends; a start goes through Pending",
    State.COMPLETED: "no process, so nothing ends; it runs again only through Pending",
    State.GONE: "nothing lives and nothing is remembered; it comes back through Pending",
}
"""Why the empty cells of a state's row are empty."""

LIVE = frozenset({State.STARTING, State.RUNNING, State.READY, State.STOPPING})
"""States in which something of the worker may live."""


class ImpossibleTransitionError(AssertionError):
    """An event met a state in which it cannot happen: a bug in the planner."""


def advance(state: State, event: Event) -> State:
    """The next state; raises `ImpossibleTransitionError` for an empty cell."""
    target = TABLE[state, event]
    if target is None:
        raise ImpossibleTransitionError(f"{event.name} cannot happen in {state}: {UNREACHABLE[state]}")
    return target


def markdown() -> str:
    """The generated part of `docs/lifecycle.md`: diagram, states, table."""
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> Pending"]
    for state, event, target in _arrows():
        lines.append(f"    {state} --> {target}: {event.name.lower()}")
    lines += ["    Gone --> [*]", "```", "", "| state | meaning |", "| --- | --- |"]
    lines += [f"| {state} | {STATE_TEXT[state]} |" for state in State]
    lines += ["", "| event | meaning |", "| --- | --- |"]
    lines += [f"| {event.name.lower()} | {event.value} |" for event in Event]
    lines += ["", "| | " + " | ".join(event.name.lower() for event in Event) + " |"]
    lines.append("| --- |" + " --- |" * len(_ORDER))
    for state, row in _ROWS.items():
        lines.append(f"| **{state}** | " + " | ".join(cell or "–" for cell in row) + " |")
    lines += ["", "Empty cells cannot happen:", ""]
    lines += [f"- {state}: {why}" for state, why in UNREACHABLE.items()]
    return "\n".join(lines) + "\n"


def _arrows() -> list[tuple[State, Event, State]]:
    return [(s, e, t) for (s, e), t in TABLE.items() if t is not None and t is not s]
