"""`limit` and `continue`: a list is cut into pages of one snapshot, so that none is skipped or shown twice.

Objects are immutable, so that a snapshot is a list of references. The newest few are kept; a token of an
older one, or of before a restart, is answered with 410 Expired, and clients list again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from controller.core import errors, kinds

KEPT = 16


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a list: `token` empty on the last one, `remaining` what follows."""

    items: Sequence[kinds.Object]
    version: int
    token: str = ""
    remaining: int = 0


@dataclass(frozen=True, slots=True)
class _Snapshot:
    question: tuple[str, ...]
    items: Sequence[kinds.Object]
    version: int


class Pages:
    """The snapshots behind tokens. A token is `<snapshot>.<offset>`."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._snapshots: OrderedDict[str, _Snapshot] = OrderedDict()

    def first(
        self,
        items: Sequence[kinds.Object],
        version: int,
        limit: int | None,
        question: tuple[str, ...],
        mark: str,
    ) -> Page:
        """The first page of a new list; `mark` names its snapshot if there is more."""
        if not limit or len(items) <= limit:
            return Page(items, version)
        self._snapshots[mark] = _Snapshot(question, items, version)
        while len(self._snapshots) > self._kept:
            self._snapshots.popitem(last=False)
        return self._page(mark, 0, limit)

    def next(self, token: str, limit: int | None, question: tuple[str, ...]) -> Page:
        """The page behind a token. Raises Expired, or BadRequest for a token of another list."""
        mark, dot, offset = token.partition(".")
        if not (dot and offset.isascii() and offset.isdigit() and len(offset) < 12):
            raise errors.BadRequest(f"continue key is not valid: {token[:80]}")
        snapshot = self._snapshots.get(mark)
        if snapshot is None:
            raise errors.Expired(
                "the provided continue parameter is too old to display a consistent list result, "
                "start a new list without the continue parameter"
            )
        if snapshot.question != question:
            raise errors.BadRequest("the continue parameter belongs to another list or other selectors")
        self._snapshots.move_to_end(mark)
        return self._page(mark, int(offset), limit)

    def _page(self, mark: str, offset: int, limit: int | None) -> Page:
        snapshot = self._snapshots[mark]
        end = offset + limit if limit else len(snapshot.items)
        items = snapshot.items[offset:end]
        remaining = len(snapshot.items) - end
        if remaining > 0:
            return Page(items, snapshot.version, f"{mark}.{end}", remaining)
        del self._snapshots[mark]
        return Page(items, snapshot.version)
