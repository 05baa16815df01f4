"""Who holds which exclusive thing (S1.2): the older holder keeps it, the newer waits.

A holder that lets go of a claim keeps it until nothing of it runs that was started under it, so that
moving a name from one set to another never has two workers of that name. What is contested is stored, so
that the next controller keeps to the same order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from controller.core import kinds


@dataclass(frozen=True, slots=True)
class Blocker:
    """The claim that is taken, and by whom."""

    claim: str
    holder: kinds.Key

    def __str__(self) -> str:
        """`worker name mailer of scope shop is held by: default/mailer-old`."""
        scope, _, thing = self.claim.partition("/")
        what = {"name": "worker name ", "catch-all": "the place of the catch-all"}
        kind, _, name = thing.partition(":")
        text = f"{what[kind]}{name}" if kind in what else self.claim
        within = scope.removeprefix("scope:")
        if kind in what:
            text += f" of scope {within}" if within else " of the global scope"
        return f"{text} is held by: {self.holder}"


class ClaimIndex:
    """Claims in the order in which they were made; each namespace has its own."""

    def __init__(self) -> None:
        self.changed = False
        self._holders: dict[tuple[str, str], list[kinds.Key]] = {}
        self._claims: dict[kinds.Key, tuple[str, ...]] = {}
        self._lingering: dict[kinds.Key, set[str]] = {}

    def contested(self) -> list[list[object]]:
        """What to store: the order wherever somebody waits, and what is let go but still in use."""
        return [
            [namespace, claim, [key.name for key in holders]]
            for (namespace, claim), holders in sorted(self._holders.items())
            if len(holders) > 1 or claim in self._lingering.get(holders[0], ())
        ]

    def restore(self, stored: Iterable[Sequence[object]]) -> tuple[kinds.Key, ...]:
        """Before anything is claimed. Until a set claims it again, it counts as let go but still in use."""
        keys: list[kinds.Key] = []
        for namespace, claim, holders in stored:
            if not isinstance(holders, list):
                continue
            for name in holders:
                key = kinds.Key(str(namespace), name)
                keys.append(key)
                self._holders.setdefault((key.namespace, str(claim)), []).append(key)
                self._lingering.setdefault(key, set()).add(str(claim))
        return tuple(keys)

    def claim(self, key: kinds.Key, wanted: Iterable[str]) -> None:
        """Replace the key's claims; what it lets go lingers until `settle`."""
        new = tuple(wanted)
        old = self._claims.get(key, ())
        if new == old:
            return
        self.changed = True
        self._claims[key] = new
        for claim in new:
            holders = self._holders.setdefault((key.namespace, claim), [])
            if key not in holders:
                holders.append(key)
        lingering = (self._lingering.pop(key, set()) | set(old)) - set(new)
        if lingering:
            self._lingering[key] = lingering

    def settle(self, key: kinds.Key) -> tuple[kinds.Key, ...]:
        """Nothing of former claims runs any more; returns who may go on."""
        return self._release(key, self._lingering.pop(key, set()))

    def drop(self, key: kinds.Key) -> tuple[kinds.Key, ...]:
        """The key is gone; returns who may go on."""
        held = set(self._claims.pop(key, ())) | self._lingering.pop(key, set())
        return self._release(key, held)

    def blocker(self, key: kinds.Key) -> Blocker | None:
        """The first claim of the key that somebody older holds."""
        for claim in self._claims.get(key, ()):
            holder = self._holders[key.namespace, claim][0]
            if holder != key:
                return Blocker(claim, holder)
        return None

    def _release(self, key: kinds.Key, claims: Iterable[str]) -> tuple[kinds.Key, ...]:
        freed: list[kinds.Key] = []
        for claim in claims:
            self.changed = True
            holders = self._holders[key.namespace, claim]
            if holders[0] == key:
                freed += holders[1:]  # one goes on, the others wait for that one now
            holders.remove(key)
            if not holders:
                del self._holders[key.namespace, claim]
        return tuple(freed)
