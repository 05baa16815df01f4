"""Ids that count, so that a failing test names the same run twice."""

from __future__ import annotations


class CountingIds:
    """`ports.Ids` without chance; a later one with another `prefix` never repeats an earlier one's ids."""

    def __init__(self, prefix: int = 0) -> None:
        self._prefix = prefix
        self._next = 0

    def _count(self) -> int:
        self._next += 1
        return self._next

    def uid(self) -> str:
        return f"00000000-0000-4000-{self._prefix % 10000:04d}-{self._count():012d}"

    def run(self) -> str:
        return f"{self._prefix % 0xFFFF:04x}{self._count():08x}"

    def secret(self) -> str:
        return f"secret-{self._count()}"

    def suffix(self) -> str:
        return f"{self._count():05d}"
