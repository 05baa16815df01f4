"""A decision about one slot in the making: the only mutable thing in the planner, private to one call."""

from __future__ import annotations

from controller.core import lifecycle, records, runs, stopping, worker
from controller.core.lifecycle import Event, State
from controller.core.notes import Note


class Draft:
    """Lives for one call of `slots.plan_slot`."""

    __slots__ = (
        "facts",
        "mark",
        "mint",
        "notes",
        "now",
        "record",
        "remains",
        "slot",
        "state",
        "verbs",
        "wake_at",
    )

    def __init__(
        self, slot: worker.Slot, facts: worker.SetFacts, now: worker.Moment, mint: worker.Mint
    ) -> None:
        self.slot, self.facts, self.now, self.mint = slot, facts, now, mint
        self.record: records.Record = slot.record
        self.mark = slot.mark
        self.state = State.PENDING
        self.remains = False
        self.verbs: list[runs.Verb] = []
        self.notes: list[Note] = []
        self.wake_at: float | None = None

    def step(self, event: Event) -> None:
        self.state = lifecycle.advance(self.state, event)

    def wake(self, at: float | None) -> None:
        if at is not None and (self.wake_at is None or at < self.wake_at):
            self.wake_at = at

    def take(self, step: stopping.Step) -> None:
        if step.verb is not None:
            self.verbs.append(step.verb)
        if step.note is not None:
            self.notes.append(step.note)
        self.wake(step.wake_at)
