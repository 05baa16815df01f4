"""What of a pass goes out before it is written, and which passes are not written at all.

An acknowledgement, and the start that answers a deleted Pod, wait for the commit that makes them true.
Everything else may go first, since a controller that dies in between finds it as a level and decides from
there; so the runtime is at work while the store is. And where all a pass did was to ask for something that is
answered at once, its writing waits for the answer: one write tells of both.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from controller import ports
from controller.core import kinds, plan, runs, steps
from controller.engine.memory import SetMemory
from controller.engine.reconcile import Outcome

_AT_THE_END = (runs.StartRun, runs.CloseHandle)
"""Who stops one worker wants to see it stopping; who ends everything follows that in another way."""

_REST_FACTOR = 4.0

_END_SECONDS = 0.00005
_WORTH_SECONDS = 0.005
_MOST_SECONDS = 0.25
_MANY_STARTS = 10
_MOST_START_SECONDS = 0.5
_MOST_STARTS_SECONDS = 3.0


class Answers:
    """When to look at news of sets that many verbs went to: that which comes before all are answered is
    collected, so that a thousand starts or ends are not looked at one by one, at the cost of the processor
    they need themselves. News of other sets is looked at at once.

    Starts are all answered after about as long as the machine takes for them, so their answers are counted,
    and waited for as long as they keep coming; an end may take its grace, so that of ends is guessed.
    Nothing is waited for long.
    """

    def __init__(self, clock: ports.Clock, processes: Callable[[kinds.Key], Sequence[ports.Process]]) -> None:
        self._clock, self._processes = clock, processes
        self._asked: set[kinds.Key] = set()
        self._concerned: set[kinds.Key] = set()
        self._first_asked = 0.0
        self._starts_until = 0.0
        self._ends_until = 0.0
        self._late: dict[kinds.Key, None] = {}

    def asked(self, verbs: Iterable[runs.Verb], now: float) -> None:
        """These were sent. A few are not worth waiting for."""
        verbs = tuple(verbs)
        starts = [_set_of(verb) for verb in verbs if isinstance(verb, runs.StartRun)]
        if len(starts) >= _MANY_STARTS:
            if not self._asked:
                self._first_asked = now
            self._asked.update(starts)
            self._concerned.update(starts)
            self._go_on(now)
        ends = [_set_of(verb) for verb in verbs if isinstance(verb, runs.CloseHandle)]
        expected = max(self._ends_until, now) + len(ends) * _END_SECONDS
        if expected - now >= _WORTH_SECONDS:
            self._ends_until = min(expected, now + _MOST_SECONDS)
            self._concerned.update(ends)

    def heard(self, key: kinds.Key) -> Collection[kinds.Key]:
        """There is news of a set: which to look at now. Those kept for later are `ripe` in time."""
        now = self._clock.monotonic()
        if key in self._asked and all(one.pid or one.exit for one in self._processes(key)):
            self._asked.discard(key)
            self._go_on(now)
        if key not in self._concerned:
            return (key,)
        self._late[key] = None
        return self.ripe(now)

    def ripe(self, now: float) -> Collection[kinds.Key]:
        """What was kept, once there is nothing left to wait for."""
        due = self.due(now)
        if due is not None and now < due:
            return ()
        self._asked.clear()
        self._concerned.clear()
        late, self._late = self._late, {}
        return late

    def due(self, now: float) -> float | None:
        """When what is kept is ripe at the latest; None: nothing is waited for."""
        if self._asked:
            return self._starts_until
        return self._ends_until if now < self._ends_until else None

    def _go_on(self, now: float) -> None:
        self._starts_until = min(now + _MOST_START_SECONDS, self._first_asked + _MOST_STARTS_SECONDS)


def _set_of(verb: runs.StartRun | runs.CloseHandle) -> kinds.Key:
    return kinds.Key(verb.ref.namespace, verb.ref.workerset)


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
        and mind.is_patient(outcome.obj)
        and not outcome.gone
        and decided.verbs != ()
        and not decided.records
        and all(isinstance(verb, asked) for verb in decided.verbs)
        and all(note.reason in steps.TOLD_WITH_THE_ANSWER for note in decided.notes)
    )


def rested(outcome: Outcome, mind: SetMemory | None, now: float) -> float | None:
    """When to look again; a set that takes long to look at rests between its appointments, so that those of a
    thousand workers within a second are kept in batches. News is not delayed."""
    due = outcome.wake_at
    return due if due is None or mind is None else max(due, now + _REST_FACTOR * mind.plan_seconds)


def _needs_record(outcome: Outcome, verb: runs.Verb) -> bool:
    if isinstance(verb, runs.StartRun):
        return outcome.decided.workers[verb.ref.worker].slot.evicted
    return isinstance(verb, runs.Acknowledge)
