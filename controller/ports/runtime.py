"""The seam to what runs processes: the shim, through its client."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from controller.core import kinds, runs, spec

WorkerRef = runs.WorkerRef
Survivor = runs.Survivor
Exit = runs.Exit
Process = runs.Process
Socket = runs.Socket
StartRun = runs.StartRun
PlaceTicket = runs.PlaceTicket
WithdrawTicket = runs.WithdrawTicket
CloseHandle = runs.CloseHandle
Signal = runs.Signal
Kill = runs.Kill
Acknowledge = runs.Acknowledge
Look = runs.Look
OpenSockets = runs.OpenSockets
CloseSockets = runs.CloseSockets
RunVerb = runs.RunVerb
SetVerb = runs.SetVerb
Verb = runs.Verb


class Runtime(Protocol):
    """Verbs only, no policy. All methods but `env_file_values` are non-blocking and in order.

    `submit` is reflected by `processes` at once (a StartRun appears with pid 0), so planning twice is
    harmless. Whenever anything about a set's processes changes later, `on_change(key)` is called from
    the event loop; after a lost and regained connection it is called for every set.
    """

    on_change: Callable[[kinds.Key], None]

    unattributed: tuple[Survivor, ...]
    """What workers left behind and no run can be held for; it ends with the whole project (S4.6)."""

    def processes(self, key: kinds.Key) -> tuple[Process, ...]:
        """All runs of the set, oldest first: O(runs of that set)."""
        ...

    def sockets(self, key: kinds.Key) -> tuple[Socket, ...]:
        """The sockets of the set as levels, in the order of its `OpenSockets`; empty without one.

        They outlive every process and the controller. Reflected at once, like processes.
        """
        ...

    def keys(self) -> tuple[kinds.Key, ...]:
        """Every set that has at least one process or socket here, declared or not."""
        ...

    def connected(self) -> bool:
        """False while the shim is away; nothing is planned then."""
        ...

    def submit(self, verbs: Sequence[Verb]) -> None: ...

    def env_file_values(self, template: spec.Template) -> Mapping[str, str]:
        """Read `env_files`, later files win. Raises `LaunchProblem` with the file and what to do."""
        ...


class LaunchProblem(Exception):
    """A worker cannot be started as declared; the text says what, where and what to do."""
