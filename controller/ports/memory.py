"""The seam to shared memory: what workers publish (S6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, order=True)
class VarsName:
    """What a slot of shared memory belongs to: a worker name in its scope, whichever set runs it."""

    namespace: str
    scope: str
    name: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a name has published: `value` is plain JSON-able data for people, `encoded` the body as stored."""

    generation: int
    published_wall: float
    encoded: bytes
    value: object


class Vars(Protocol):
    """The slots of shared memory (S6): made, marked and removed here; written and read by workers.

    All methods are idempotent and quick. Raises `OSError` where the folder cannot be written.
    """

    def slot(self, name: VarsName) -> str:
        """The path of the header file, made if new with a seed above every generation there ever was."""
        ...

    def slot_of(self, name: VarsName, user: int | None) -> str:
        """The same for the process that publishes in it, which is this other user's (S8.4)."""
        ...

    def lend(self, name: VarsName, folder: str) -> str:
        """The path for a worker of another user, who reaches the folder of all slots at `folder`: it may read
        this one from now on. That is a use too, since it cannot say so in the header itself (S6.9)."""
        ...

    def known(self) -> Sequence[VarsName]:
        """Every name that has a slot."""
        ...

    def set_ready(self, name: VarsName, ready: bool) -> None:
        """Does nothing where there is no slot."""
        ...

    def look_again(self, names: Iterable[VarsName]) -> None:
        """What readers resolved to these is to be asked for again (the epoch word)."""
        ...

    def epoch(self, name: VarsName) -> int:
        """Goes with what is resolved, taken before: a reader that finds another one asks again."""
        ...

    def take_touched(self, name: VarsName) -> bool:
        """Whether somebody read or ensured it since the last call; clears the mark (S6.9)."""
        ...

    def touch(self, name: VarsName) -> None: ...

    def generation(self, name: VarsName) -> int:
        """The last published generation; 0 if nothing was published."""
        ...

    def publishes(self) -> Mapping[VarsName, int]:
        """How often each name was published since its slot was made, or first known, by this controller."""
        ...

    def read(self, name: VarsName) -> Snapshot | None:
        """What is published; None if nothing is. Raises ValueError, with what is wrong, if damaged."""
        ...

    async def changed(self, name: VarsName, generation: int, seconds: float) -> None:
        """Until something else than `generation` may be published, at most `seconds`; may return early."""
        ...

    def remove(self, name: VarsName) -> None:
        """The instance is gone and its vars with it; the high-water mark of its generations is kept."""
        ...
