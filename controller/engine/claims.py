"""Who holds which exclusive thing (S1.2): the older holder keeps it, the newer waits.

A holder that lets go of a claim keeps it until nothing of it runs that was started under it, so that
moving a name from one set to another never has two workers of that name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from controller.core import kinds


@dataclass(frozen=True, slots=True)
class Blocker:
    """The claim that is taken, and by whom."""

    claim: str
    holder: kinds.Key


class ClaimIndex:
    """Claims in the order in which they were made; each namespace has its own."""

    def __init__(self) -> None:
        self._holders: dict[tuple[str, str], list[kinds.Key]] = {}
        self._claims: dict[kinds.Key, tuple[str, ...]] = {}
        self._lingering: dict[kinds.Key, set[str]] = {}
        self.changed = False

    def lingering(self) -> dict[str, list[str]]:
        """What is let go and still in use, to be stored: a new controller cannot know it otherwise."""
        return {
            f"{key.namespace}/{key.name}": sorted(claims)
            for key, claims in sorted(self._lingering.items(), key=str)
        }

    def restore(self, stored: Mapping[str, Iterable[str]]) -> None:
        """Before anything is claimed: what was still in use when the last controller ended."""
        for text, claims in stored.items():
            namespace, _, name = text.partition("/")
            key = kinds.Key(namespace, name)
            self._lingering[key] = set(claims)
            for claim in self._lingering[key]:
                self._holders.setdefault((namespace, claim), []).append(key)

    def claim(self, key: kinds.Key, wanted: Iterable[str]) -> None:
        """Replace the key's claims; what it lets go lingers until `settle`."""
        new = tuple(wanted)
        old = self._claims.get(key, ())
        if new == old:
            return
        self._claims[key] = new
        for claim in new:
            holders = self._holders.setdefault((key.namespace, claim), [])
            if key not in holders:
                holders.append(key)
        released = set(old) - set(new)
        lingering = (self._lingering.pop(key, set()) | released) - set(new)
        if lingering:
            self._lingering[key] = lingering
        self.changed = self.changed or released != set()

    def settle(self, key: kinds.Key) -> tuple[kinds.Key, ...]:
        """Nothing of former claims runs any more; returns who may go on."""
        released = self._lingering.pop(key, set())
        self.changed = self.changed or released != set()
        return self._release(key, released)

    def drop(self, key: kinds.Key) -> tuple[kinds.Key, ...]:
        """The key is gone; returns who may go on."""
        held = set(self._claims.pop(key, ())) | self._lingering.pop(key, set())
        self.changed = True
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
            holders = self._holders[key.namespace, claim]
            if holders[0] == key and len(holders) > 1:
                freed.append(holders[1])
            holders.remove(key)
            if not holders:
                del self._holders[key.namespace, claim]
        return tuple(freed)
