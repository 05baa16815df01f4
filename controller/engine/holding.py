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


class Answers:
    """When to look at news: that which comes before the answers to many verbs is collected, so that a
    thousand starts or ends are not looked at one by one, at the cost of the processor they need themselves.

    Starts are all answered after about as long as the machine takes for them, so their answers are counted;
    an end may take its grace, so that of ends is guessed. Nothing is waited for long.
    """

    def __init__(self, clock: ports.Clock, processes: Callable[[kinds.Key], Sequence[ports.Process]]) -> None:
        self.until = 0.0
        self._clock, self._processes = clock, processes
        self._asked: set[kinds.Key] = set()
        self._starts_until = 0.0
        self._late: dict[kinds.Key, float] = {}

    def asked(self, verbs: Iterable[runs.Verb], now: float) -> None:
        """These were sent. A few are not worth waiting for."""
        verbs = tuple(verbs)
        refs = [verb.ref for verb in verbs if isinstance(verb, runs.StartRun)]
        if len(refs) >= _MANY_STARTS:
            self._asked.update(kinds.Key(ref.namespace, ref.workerset) for ref in refs)
            self._starts_until = now + _MOST_START_SECONDS
        ends = sum(isinstance(verb, runs.CloseHandle) for verb in verbs)
        expected = max(self.until, now) + ends * _END_SECONDS
        if expected - now >= _WORTH_SECONDS:
            self.until = min(expected, now + _MOST_SECONDS)

    def heard(self, key: kinds.Key) -> tuple[Collection[kinds.Key], float | None]:
        """There is news of a set: which to look at, and when (None: now)."""
        now = self._clock.monotonic()
        due = self._due(key, now)
        if due is not None:
            self._late[key] = due
            return (key,), due
        late, self._late = self._late, {}
        return {key, *(other for other, at in late.items() if at > now)}, None

    def _due(self, key: kinds.Key, now: float) -> float | None:
        if now >= self._starts_until:
            self._asked.clear()
        if key in self._asked and all(one.pid or one.exit for one in self._processes(key)):
            self._asked.discard(key)
        if self._asked:
            return self._starts_until
        return self.until if now < self.until else None


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
