"""Time and chance: arguments of everything that decides."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """All readings of time. `monotonic` is CLOCK_MONOTONIC (seconds, shared by all processes of one boot)."""

    def monotonic(self) -> float: ...

    def wall(self) -> float:
        """Seconds since the epoch; for display and stored stamps only, never for decisions (S4.11)."""
        ...


class Ids(Protocol):
    """All randomness."""

    def uid(self) -> str:
        """A UUID for an object."""
        ...

    def run(self) -> str:
        """An id for one run of a worker, never handed out twice: 12 lower-case hex digits."""
        ...

    def secret(self) -> str:
        """What nobody can guess, to sign with: 64 hex digits."""
        ...

    def suffix(self) -> str:
        """Five characters for `generateName`."""
        ...
