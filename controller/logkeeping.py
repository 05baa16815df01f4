"""Removes logs of workers that are gone for good, as `core/logretention.py` says which.

It looks when a controller has started and after workers or sets went, a few seconds later since they go in
numbers; never by a timer: an idle controller stays asleep.
"""

from __future__ import annotations

import asyncio
import functools
import logging

from controller import ports
from controller.core import kinds, logretention
from controller.runtime import logfolder

SETTLE_SECONDS = 5.0
LIMITS = logretention.Limits()
_LOG = logging.getLogger(__name__)


class LogKeeper:
    """Of one project's folder of logs."""

    def __init__(
        self, logs: str, store: ports.Store, clock: ports.Clock, limits: logretention.Limits = LIMITS
    ) -> None:
        self._logs, self._store, self._clock, self._limits = logs, store, clock, limits
        self._later: asyncio.TimerHandle | None = None
        store.subscribe(self._heard)

    def begin(self, *, at_once: bool) -> None:
        """A controller has started; where nothing is declared yet, what it has to run is about to be."""
        sets, _ = self._store.list(kinds.WORKERSETS)
        if at_once and sets:
            self.look()
        else:
            self.look_soon()

    def look_soon(self) -> None:
        """In a moment, once."""
        if self._later is None:
            self._later = asyncio.get_running_loop().call_later(SETTLE_SECONDS, self.look)

    def close(self) -> None:
        """Look no more."""
        if self._later is not None:
            self._later.cancel()

    def look(self) -> None:
        """Now."""
        self._later = None
        pods, _ = self._store.list(kinds.PODS)
        there = {kinds.Key(pod["metadata"]["namespace"], pod["metadata"]["name"]) for pod in pods}
        running = {
            kinds.Key(pod["metadata"]["namespace"], owner["name"])
            for pod in pods
            for owner in pod["metadata"].get("ownerReferences") or ()
        }
        find = functools.partial(self._store.find, kinds.WORKERSETS)
        gone = [
            log
            for log in logfolder.found(self._logs)
            if log.key not in there and not logretention.is_declared(log.key, find, running)
        ]
        for key in logretention.surplus(gone, self._limits, self._clock.wall()):
            logfolder.remove(self._logs, key)
            _LOG.info("removed the log of a worker that is gone: %s", key)

    def _heard(self, change: ports.Change) -> None:
        if change.type == "DELETED" and change.resource in (kinds.PODS, kinds.WORKERSETS):
            self.look_soon()
