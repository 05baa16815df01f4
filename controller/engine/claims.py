"""Who holds which exclusive thing (S1.2): the older holder keeps it, the newer waits.

A holder that lets go of a claim keeps it until nothing of it runs that was started under it, so that
moving a name from one set to another never has two workers of that name. What is contested is stored, so
that the next controller keeps to the same order. Names belong to a namespace, addresses to the machine;
addresses of one port meet, since one may cover the other (`rules.place_of`, `rules.collide`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from controller.core import kinds, rules

_Holding = tuple[kinds.Key, str]


@dataclass(frozen=True, slots=True)
class Blocker:
    """The claim that is taken, and by whom."""

    claim: str
    holder: kinds.Key

    def __str__(self) -> str:
        """`worker name mailer of scope shop is held by: default/mailer-old`."""
        if self.claim.startswith(rules.ADDRESS):
            return f"address {self.claim.removeprefix(rules.ADDRESS)} is held by: {self.holder}"
        scope, _, thing = self.claim.partition("/")
        what = {"name": "worker name ", "catch-all": "the place of the catch-all"}
        kind, _, name = thing.partition(":")
        within = scope.removeprefix("scope:")
        where = f" of scope {within}" if within else " of the global scope"
        return f"{what[kind]}{name}{where} is held by: {self.holder}"


class ClaimIndex:
    """Claims in the order in which they were made, by the place where they meet."""

    def __init__(self) -> None:
        self.changed = False
        self._holders: dict[tuple[str, str], list[_Holding]] = {}
        self._claims: dict[kinds.Key, tuple[str, ...]] = {}
        self._weak: dict[kinds.Key, Mapping[str, str]] = {}
        self._lingering: dict[kinds.Key, set[str]] = {}
        self._crowded: set[tuple[str, str]] = set()
        """Places with more than one holder: there are few, and nothing else can be yielded or blocked."""

    def contested(self) -> list[list[list[str]]]:
        """What to store: the order wherever somebody waits, and what is let go but still in use."""
        places = {*self._crowded}
        for key, claims in self._lingering.items():
            places |= {rules.place_of(key.namespace, claim) for claim in claims}
        wanted = sorted((place, self._holders[place]) for place in places if self._is_contested(place))
        return [[[key.namespace, key.name, claim] for key, claim in holders] for _, holders in wanted]

    def _is_contested(self, place: tuple[str, str]) -> bool:
        holders = self._holders[place]
        return len(holders) > 1 or holders[0][1] in self._lingering.get(holders[0][0], ())

    def restore(self, stored: Iterable[Sequence[Sequence[str]]]) -> tuple[kinds.Key, ...]:
        """Before anything is claimed. Until a set claims it again, it counts as let go but still in use."""
        keys: list[kinds.Key] = []
        for holders in stored:
            for namespace, name, claim in holders:
                key = kinds.Key(namespace, name)
                keys.append(key)
                place = rules.place_of(namespace, claim)
                self._holders.setdefault(place, []).append((key, claim))
                if len(self._holders[place]) > 1:
                    self._crowded.add(place)
                self._lingering.setdefault(key, set()).add(claim)
        return tuple(keys)

    def claim(
        self, key: kinds.Key, wanted: Iterable[str], weak: Mapping[str, str] | None = None
    ) -> tuple[kinds.Key, ...]:
        """Replace the key's claims; what it lets go lingers until `settle`.

        `weak` claims (a catch-all's names, by their claims) keep nobody of the key waiting and give way to
        whoever makes the claim in earnest (S2.1). Returns who has to give way now.
        """
        new, soft = tuple(wanted), weak or {}
        old, old_soft = self._claims.get(key, ()), self._weak.get(key, {})
        if new == old and soft.keys() == old_soft.keys():
            return ()
        self.changed = True
        self._claims[key], self._weak[key] = new, soft
        come, gone = soft.keys() - old_soft.keys(), old_soft.keys() - soft.keys()
        for claim in (*new, *come):
            holders = self._holders.setdefault(rules.place_of(key.namespace, claim), [])
            if (key, claim) not in holders:
                holders.append((key, claim))
                if len(holders) > 1:
                    self._crowded.add(rules.place_of(key.namespace, claim))
        lingering = self._lingering.pop(key, set()) | set(old) | gone
        lingering = lingering.difference(new).difference(soft.keys() & lingering)
        if lingering:
            self._lingering[key] = lingering
        met = [self._holders[rules.place_of(key.namespace, claim)] for claim in new]
        return tuple(other for holders in met for other, held in holders if held in self._weak.get(other, ()))

    def yielded(self, key: kinds.Key) -> frozenset[str]:
        """The names of weak claims that another set makes in earnest, or did and still runs."""
        weak = self._weak.get(key)
        if not weak:
            return frozenset()
        return frozenset(
            weak[claim]
            for namespace, claim in self._crowded
            if namespace == key.namespace and claim in weak
            if self._is_anothers(key, self._holders[namespace, claim])
        )

    def _is_anothers(self, key: kinds.Key, holders: Iterable[_Holding]) -> bool:
        """What has been let go and is still in use counts where it was there first."""
        is_older = True
        for other, held in holders:
            is_older = is_older and other != key
            if held in self._claims.get(other, ()) or (is_older and held in self._lingering.get(other, ())):
                return True
        return False

    def give_way(self, key: kinds.Key, running: Collection[str]) -> tuple[kinds.Key, ...]:
        """Names that are yielded and not running here are the other's now; returns who may go on."""
        freed: list[kinds.Key] = []
        yielded = self.yielded(key)
        for claim, name in self._weak.get(key, {}).items() if yielded else ():
            holders = self._holders[key.namespace, claim]
            if name in yielded and name not in running and holders[0] == (key, claim):
                self.changed = True
                holders.append(holders.pop(0))
                freed += [other for other, _ in holders[:-1]]
        return tuple(freed)

    def settle(self, key: kinds.Key) -> tuple[kinds.Key, ...]:
        """Nothing of former claims runs any more; returns who may go on."""
        return self._release(key, self._lingering.pop(key, set()))

    def drop(self, key: kinds.Key) -> tuple[kinds.Key, ...]:
        """The key is gone; returns who may go on."""
        held = set(self._claims.pop(key, ())) | self._lingering.pop(key, set()) | set(self._weak.pop(key, ()))
        return self._release(key, held)

    def blocker(self, key: kinds.Key) -> Blocker | None:
        """The first claim of the key that somebody older holds."""
        for claim in self._claims.get(key, ()):
            for holder, held in self._holders[rules.place_of(key.namespace, claim)]:
                if (holder, held) == (key, claim):
                    break
                if holder != key and rules.collide(held, claim):
                    return Blocker(held, holder)
        return None

    def _release(self, key: kinds.Key, claims: Iterable[str]) -> tuple[kinds.Key, ...]:
        freed: dict[kinds.Key, None] = {}
        for claim in sorted(claims):
            self.changed = True
            place = rules.place_of(key.namespace, claim)
            holders = self._holders[place]
            at = holders.index((key, claim))
            # One goes on, the others wait for that one now.
            freed.update((other, None) for other, held in holders[at + 1 :] if rules.collide(held, claim))
            del holders[at]
            if len(holders) < 2:
                self._crowded.discard(place)
            if not holders:
                del self._holders[place]
        freed.pop(key, None)
        return tuple(freed)
