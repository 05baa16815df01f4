"""The work queue against a naive model: nothing lost, nothing twice at once, appointments kept."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from controller.core.workqueue import WorkQueue

KEYS = st.sampled_from("abcd")


class QueueMachine(RuleBasedStateMachine):
    """The model: who needs a look, who is being worked on, who has an appointment."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: WorkQueue[str] = WorkQueue()
        self.now = 0.0
        self.pending: set[str] = set()
        self.working: set[str] = set()
        self.later: dict[str, float] = {}

    def _promote(self) -> None:
        for key, due in list(self.later.items()):
            if due <= self.now:
                del self.later[key]
                self.pending.add(key)

    @rule(key=KEYS)
    def add(self, key: str) -> None:
        self.queue.add(key)
        self.pending.add(key)

    @rule(key=KEYS, delay=st.integers(0, 9))
    def add_at(self, key: str, delay: int) -> None:
        due = self.now + delay
        self.queue.add_at(key, due)
        self.later[key] = min(due, self.later.get(key, due))

    @rule(key=KEYS, delay=st.one_of(st.none(), st.integers(1, 9)))
    def set_at(self, key: str, delay: int | None) -> None:
        due = None if delay is None else self.now + delay
        self.queue.set_at(key, due)
        self.later.pop(key, None)
        if due is not None:
            self.later[key] = due

    @rule(key=KEYS)
    def forget(self, key: str) -> None:
        self.queue.forget(key)
        self.pending.discard(key)
        self.later.pop(key, None)

    @rule()
    def take(self) -> None:
        self._promote()
        key = self.queue.take(self.now)
        free = self.pending - self.working
        if key is None:
            assert not free
            return
        assert key in free
        self.pending.discard(key)
        self.working.add(key)

    @rule()
    def done(self) -> None:
        for key in sorted(self.working)[:1]:
            self.queue.done(key)
            self.working.discard(key)

    @rule(seconds=st.integers(0, 5))
    def advance(self, seconds: int) -> None:
        self.now += seconds

    @invariant()
    def next_due_is_right(self) -> None:
        due = self.queue.next_due(self.now)
        if due is None:
            assert not (self.pending - self.working)
            assert not self.later
        elif due > self.now:
            assert due == min(self.later.values())


QueueMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestQueue = QueueMachine.TestCase


def test_first_come_first_served() -> None:
    queue: WorkQueue[str] = WorkQueue()
    for key in "cab":
        queue.add(key)
    queue.add("c")
    assert [queue.take(0), queue.take(0), queue.take(0), queue.take(0)] == ["c", "a", "b", None]
