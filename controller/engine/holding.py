"""What of a pass goes out before it is written, and which passes are not written at all.

An acknowledgement, and the start that answers a deleted Pod, wait for the commit that makes them true.
Everything else may go first, since a controller that dies in between finds it as a level and decides from
there; so the runtime is at work while the store is. And where all a pass did was to ask for something that is
answered at once, its writing waits for the answer: one write tells of both.
"""

from __future__ import annotations

from collections.abc import Iterable

from controller import ports
from controller.core import plan, runs
from controller.engine.memory import SetMemory
from controller.engine.reconcile import Outcome

_AT_THE_END = (runs.StartRun, runs.CloseHandle)
"""Who stops one worker wants to see it stopping; who ends everything follows that in another way."""

_REST_FACTOR = 4.0


_ANSWER_SECONDS = {runs.StartRun: 0.0005, runs.CloseHandle: 0.00005}
_WORTH_SECONDS = 0.005
_MOST_SECONDS = 0.25


class Answers:
    """When the answers to many verbs can be expected: news before that is collected, so that a thousand
    starts or ends are not looked at one by one, at the cost of the processor they need themselves."""

    def __init__(self, clock: ports.Clock) -> None:
        self.until = 0.0
        self._clock = clock

    def asked(self, verbs: Iterable[runs.Verb], now: float) -> None:
        """These were sent. A few are not worth waiting for."""
        seconds = sum(_ANSWER_SECONDS.get(type(verb), 0.0) for verb in verbs)
        expected = max(self.until, now) + seconds
        if expected - now >= _WORTH_SECONDS:
            self.until = min(expected, now + _MOST_SECONDS)

    def due(self) -> float | None:
        """When to look at news; None: now."""
        return self.until if self._clock.monotonic() < self.until else None


def early(outcome: Outcome) -> list[runs.Verb]:
    """Verbs that are harmless whatever becomes of the writes."""
    return [verb for verb in outcome.decided.verbs if not _needs_record(outcome, verb)]


def late(outcome: Outcome) -> list[runs.Verb]:
    """Verbs that only a commit makes true (S4: an exit is recorded before it is acknowledged)."""
    return [verb for verb in outcome.decided.verbs if _needs_record(outcome, verb)]


def may_wait(outcome: Outcome, mind: SetMemory | None) -> bool:
    """Whether the next pass can write what this one would; twice in a row it cannot."""
    decided = outcome.decided
    asked = _AT_THE_END if decided.facts.hold is plan.SHUTTING_DOWN else runs.StartRun
    return (
        mind is not None
        and mind.held is None
        and not outcome.gone
        and decided.verbs != ()
        and not decided.records
        and not _is_others_word(outcome, mind)
        and all(isinstance(verb, asked) for verb in decided.verbs)
        and all(note.reason in ("Started", "Ensured") for note in decided.notes)
    )


def _is_others_word(outcome: Outcome, mind: SetMemory) -> bool:
    """The store still says what an earlier controller saw: of workers that may be gone with their shim."""
    return mind.last is None and outcome.obj is not None and "status" in outcome.obj


def rested(outcome: Outcome, mind: SetMemory | None, now: float) -> float | None:
    """When to look again; a set that takes long to look at rests between its appointments, so that those of a
    thousand workers within a second are kept in batches. News is not delayed."""
    due = outcome.wake_at
    return due if due is None or mind is None else max(due, now + _REST_FACTOR * mind.plan_seconds)


def _needs_record(outcome: Outcome, verb: runs.Verb) -> bool:
    if isinstance(verb, runs.StartRun):
        return outcome.decided.workers[verb.ref.worker].slot.evicted
    return isinstance(verb, runs.Acknowledge)
