"""Which workers a set wants now, and which of them give way: HTTP sets roll (S7.2), others are replaced in
place (S4.10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from controller.core import rolling, spec, steps, worker


@dataclass(frozen=True, slots=True)
class Choice:
    """`places` are the workers that are wanted, `facts` those of workers with a template of their own,
    `replacing` those that are stopped and run again, `failed` those whose template had its time."""

    places: Sequence[steps.Place] = ()
    facts: Mapping[str, worker.SetFacts] = field(default_factory=dict)
    replacing: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()
    wake_at: float | None = None

    @property
    def is_plain(self) -> bool:
        """Nothing special about any worker."""
        return not (self.facts or self.replacing or self.failed)


def choose(
    facts: worker.SetFacts,
    aim: rolling.Target,
    there: rolling.Found,
    history: rolling.History,
    places: Sequence[steps.Place],
    now: float,
) -> Choice:
    """`places` are what is declared; a set that rolls has as many, under other names."""
    if facts.spec.kind is spec.SetKind.HTTP:
        rolled = rolling.decide(facts, aim, there, history, places, now)
        return Choice(rolled.places, rolled.facts, failed=rolled.failed, wake_at=rolled.wake_at)
    giving = steps.choose_replacements(places, there.grouped, there.known, there.marks, facts, now)
    wake_at = None if giving.wake_at == float("inf") else giving.wake_at
    return Choice(places, replacing=giving.workers, wake_at=wake_at)
