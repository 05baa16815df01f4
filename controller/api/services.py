"""What every handler may use: the ports, and the few things the API itself remembers between requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from controller import ports
from controller.api import bookmarks, pacing, pages, replies, rows, views
from controller.api.workers import desk
from controller.core import budget, kinds, stamps, tallies

LoadYaml = Callable[[bytes], kinds.Object]
"""One YAML document as JSON values; raises ValueError with a sentence and the position."""


@dataclass(frozen=True, slots=True)
class Services:
    """Made once by `application.build`."""

    store: ports.Store
    schema: budget.Guard
    logs: ports.Logs
    files: ports.Files
    control: ports.Control
    shared: ports.Vars
    desk: desk.Desk
    clock: ports.Clock
    ids: ports.Ids
    load_yaml: LoadYaml
    streams: replies.Streams
    pages: pages.Pages
    rows: rows.Rows
    pace: pacing.Pace
    bookmarks: bookmarks.Bookmarks
    gateway: ports.Gateway
    histories: views.Histories
    tally: tallies.Tally
    readers: Mapping[str, views.Reader]
    pod_seconds: float

    def reader(self, resource: kinds.Resource) -> views.Reader:
        """Where objects of this kind are read."""
        return self.readers.get(resource.qualified, self.store)

    def now(self) -> str:
        """The moment as objects record it."""
        return stamps.rfc3339(self.clock.wall())
