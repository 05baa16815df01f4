"""What a running transaction has done so far: enough to undo it exactly, or to commit it at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from controller import ports
from controller.store import batch

Mark = tuple[int, int, int, int, int, int]


@dataclass(slots=True)
class Pending:
    """Grows by appending only, so that a nested transaction is undone by cutting back to its mark."""

    version: int
    durable: bool = False
    changes: list[ports.Change] = field(default_factory=list)
    records: list[batch.RecordId] = field(default_factory=list)
    ensures: list[batch.EnsureId] = field(default_factory=list)
    settings: list[str] = field(default_factory=list)
    undo: list[Callable[[], None]] = field(default_factory=list)

    def mark(self) -> Mark:
        records, ensures, settings = len(self.records), len(self.ensures), len(self.settings)
        return len(self.changes), records, ensures, settings, len(self.undo), self.version

    def back_to(self, mark: Mark) -> None:
        changes, records, ensures, settings, undo, self.version = mark
        for step in reversed(self.undo[undo:]):
            step()
        del self.changes[changes:], self.records[records:], self.ensures[ensures:]
        del self.settings[settings:], self.undo[undo:]


class Transaction:
    """`begin` at the start, `end` with whether it failed at the end: what a generator would do, at a third of
    the cost, since there is one around each key of a batch."""

    __slots__ = ("_begin", "_durable", "_end", "_mark", "_outermost")

    def __init__(
        self,
        begin: Callable[[bool], tuple[bool, Mark]],
        end: Callable[[Mark, bool, bool], None],
        *,
        durable: bool,
    ) -> None:
        self._begin, self._end, self._durable = begin, end, durable

    def __enter__(self) -> None:
        self._outermost, self._mark = self._begin(self._durable)

    def __exit__(self, kind: object, _problem: object, _trace: object) -> None:
        self._end(self._mark, self._outermost, kind is not None)
