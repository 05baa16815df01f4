"""The seam to what checks workers: probes as levels, and commands beside a running worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from controller.core import kinds, probes, probing

Target = probing.Target
Health = probes.Health


class Probes(Protocol):
    """Checks the runs it is told to follow, by themselves in time; the event loop is never blocked.

    `on_change(key)` is called from the event loop whenever a level of a run of the set changes.
    """

    on_change: Callable[[kinds.Key], None]

    def follow(self, key: kinds.Key, targets: Sequence[Target]) -> None:
        """These runs of the set, and no others of it; the same again changes nothing."""
        ...

    def levels(self, key: kinds.Key) -> Mapping[str, Health]:
        """What is known of the runs that are followed; the same objects while nothing changed."""
        ...


@dataclass(frozen=True, slots=True)
class Executed:
    """How a command beside a worker ended. `error`: it never started, or the worker has ended meanwhile.

    `output` is the last it printed."""

    code: int | None = None
    signal: int | None = None
    error: str = ""
    output: str = ""
    timed_out: bool = False


@dataclass(frozen=True, slots=True)
class Interactive:
    """A command that somebody talks to. With `tty` it has one terminal, and no stderr of its own.

    Without `argv` it is the worker itself, on the terminal that it has already.
    """

    argv: Sequence[str]
    stdin: bool = False
    stdout: bool = True
    stderr: bool = True
    tty: bool = False


class Session(Protocol):
    """Such a command, from its start on. `close` ends it and what it started in its session."""

    async def read(self, number: int, /) -> bytes:
        """What comes next of 1 (stdout) or 2 (stderr); empty at its end."""
        ...

    async def write(self, data: bytes, /) -> None:
        """To its stdin; waits while it is not read."""
        ...

    def end_input(self) -> None: ...

    def resize(self, columns: int, rows: int) -> None: ...

    async def ended(self) -> Executed:
        """How it ended. Raises as `Commands` do."""
        ...

    async def close(self) -> None: ...


class Commands(Protocol):
    """Commands in a run's own environment and folder, and what its watchdog says.

    All raise `ConnectionError` where nobody can be asked, and `LookupError` where the run does not live.
    """

    async def execute(self, run: str, argv: Sequence[str], timeout_seconds: float) -> Executed:
        """Run `argv` beside the worker; after the timeout it and what it started get SIGKILL."""
        ...

    async def open(self, run: str, asked: Interactive) -> Session:
        """Start one to talk to; whether it could be started is what `Session.ended` says."""
        ...

    async def attach(self, run: str, terminal: str, asked: Interactive) -> Session:
        """Talk to the worker itself, on its terminal of this path; `close` leaves it alone."""
        ...

    async def watchdog(self, run: str) -> tuple[float, float] | None:
        """Seconds since it last sent WATCHDOG=1 (or began), and how many it may take; None: it has none."""
        ...
