"""A store that cannot be written: since when it is told, and when it is over."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from controller.core import kinds

_LOG = logging.getLogger(__name__)


class Trouble:
    """`problem` is empty while there is none."""

    def __init__(self) -> None:
        self.problem = ""
        self._unwritten: set[kinds.Key] = set()

    def full(self, problem: str, keys: Iterable[kinds.Key]) -> None:
        """What concerns these keys was not written."""
        if not self.problem:
            _LOG.error("the store cannot be written", extra={"problem": problem})
        self.problem = problem
        self._unwritten.update(keys)

    def made_up_for(self, keys: Iterable[kinds.Key]) -> None:
        """A batch without anything to write proves nothing: it is over once the last key is through."""
        self._unwritten.difference_update(keys)
        if self.problem and not self._unwritten:
            self.problem = ""
            _LOG.warning("the store can be written again")
