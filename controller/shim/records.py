"""The shim's memory: slots, the runs in them, and how to start one. Values and nothing else."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from controller.shim.lean import socket
    from controller.shim.notify import Notify

Ref = tuple[str, str, str]
"""Namespace, set and worker: the name of a slot."""


class Spec:
    """How to start a process; shared by all runs that are started alike."""

    __slots__ = (
        "argv",
        "cpu",
        "cwd",
        "declared",
        "env",
        "files",
        "found_at",
        "keep",
        "listen",
        "max_size",
        "memory",
        "nice",
        "program",
        "tty",
        "umask",
        "user",
    )

    def __init__(self, fields: dict[str, Any], base: dict[str, str]) -> None:
        self.argv: list[str] = fields["argv"]
        self.cwd: str = fields["cwd"]
        self.env: dict[str, str] = {**base, **fields["env"]}
        for name in fields.get("unset", ()):
            self.env.pop(name, None)
        self.declared = frozenset(fields["env"])
        self.umask: int | None = fields.get("umask")
        self.user: str | None = fields.get("user")
        self.nice: int | None = fields.get("nice")
        self.files: int | None = fields.get("files")
        self.memory: int | None = fields.get("memory")
        self.cpu: float | None = fields.get("cpu")
        self.tty: bool = fields.get("tty", False)
        self.listen: list[str] = fields.get("listen", [])
        self.max_size: int = fields["max_size"]
        self.keep: int = fields["keep"]
        self.program = ""
        self.found_at = 0.0

    def instead(self, argv: list[str]) -> Spec:
        """The same surroundings for another command."""
        other: Spec = object.__new__(Spec)
        for name in Spec.__slots__:
            setattr(other, name, getattr(self, name))
        other.argv, other.program, other.found_at = argv, "", 0.0
        return other


class Slot:
    """A place for one worker: at most one of its runs has a living process."""

    __slots__ = ("has_traffic", "notify", "number", "own", "probe", "ref", "runs")

    def __init__(self, ref: Ref, number: int) -> None:
        self.ref = ref
        self.number = number
        self.own: dict[str, str] = {}
        self.runs: list[Run] = []
        self.notify: Notify | None = None
        self.probe: socket.socket | None = None
        self.has_traffic = False

    def live(self) -> Run | None:
        """The run that has a living main process."""
        for run in reversed(self.runs):
            if run.pid and run.exit is None:
                return run
        return None

    def is_settling(self) -> bool:
        """An exit is not told before its remains and last words are known; nor is what follows it."""
        return any(run.settling for run in self.runs)


class Run:
    """One process in a slot: what was asked for and what was heard, as levels."""

    __slots__ = (
        "acknowledged",
        "blind",
        "by_ticket",
        "cgroup",
        "closed_at",
        "counts_memory",
        "drained",
        "exception",
        "exit",
        "handle",
        "handle_taken",
        "id",
        "killed_at",
        "listening",
        "log",
        "ordinal",
        "out_of_memory",
        "pid",
        "published",
        "ready",
        "settling",
        "signal",
        "signalled_at",
        "slot",
        "spec",
        "started_at",
        "started_wall",
        "status",
        "survivors",
        "template_hash",
        "terminal",
        "terminal_log",
        "ticket",
        "ticket_on_success",
        "unenforced",
        "unscanned",
        "watchdog_at",
    )

    def __init__(self, run_id: str, slot: Slot, spec: Spec, template_hash: str, ordinal: int) -> None:
        self.id = run_id
        self.slot = slot
        self.spec = spec
        self.template_hash = template_hash
        self.ordinal = ordinal
        self.pid = 0
        self.handle = -1
        self.log = -1
        self.terminal = self.terminal_log = -1
        self.started_at = 0.0
        self.started_wall = 0.0
        self.handle_taken = self.ready = self.published = False
        self.listening = self.blind = self.drained = False
        self.watchdog_at = 0.0
        self.status = ""
        self.exception: dict[str, Any] | None = None
        self.cgroup = ""
        self.counts_memory = False
        self.unenforced = ""
        self.out_of_memory: bool | None = None
        self.ticket: str | None = None
        self.ticket_on_success = False
        self.by_ticket = False
        self.closed_at: float | None = None
        self.signalled_at: float | None = None
        self.signal = 0
        self.killed_at: float | None = None
        self.exit: tuple[float, int | None, int | None, str] | None = None
        self.survivors: dict[int, str] = {}
        self.acknowledged = False
        self.unscanned = False
        self.settling = False

    @property
    def is_over(self) -> bool:
        """It has ended, it is known what it left behind, and that is gone (S4.6)."""
        return self.exit is not None and not self.unscanned and not self.survivors

    def to_wire(self) -> list[Any]:
        """All levels, in the order in which `runtime/wire.py` reads them."""
        return [
            "run",
            self.id,
            self.slot.ref,
            self.template_hash,
            self.ordinal,
            self.pid,
            self.started_at,
            self.started_wall,
            self.handle_taken,
            self.ready,
            self.published,
            self.status,
            self.ticket,
            self.by_ticket,
            self.closed_at,
            self.signalled_at,
            self.killed_at,
            self.exit,
            list(self.survivors.items()),
            self.ticket_on_success,
            self.listening,
            self.blind,
            self.exception,
            self.out_of_memory,
            self.unenforced,
            self.drained,
            self.spec.user,
        ]
