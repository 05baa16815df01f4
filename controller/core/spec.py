"""The declared object as typed values: what the planner and the runtime read.

Absent fields keep `None` where "not declared" means something else than a default; the properties
give the effective value (S1, S1.7, S1.8). Durations are seconds, sizes bytes, cpu cores.
`parse.py` makes these from JSON that has passed the schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from controller.core import probes


class SetKind(StrEnum):
    """S1.7: the three kinds of set."""

    BACKGROUND = "background"
    HTTP = "http"
    PLAIN = "plain"


class Gate(StrEnum):
    """S5: what makes a worker ready."""

    STARTED = "started"
    HANDLE = "handle"
    VARS = "vars"
    NOTIFY = "notify"
    LISTENING = "listening"
    COMPLETED = "completed"


class Restart(StrEnum):
    ALWAYS = "always"
    ON_FAILURE = "on_failure"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class LogRules:
    max_size_bytes: int = 10 * 1024 * 1024
    keep: int = 5


@dataclass(frozen=True, slots=True)
class Share:
    """A number of processes, or so many percent of `num`."""

    number: int
    percent: bool = False


@dataclass(frozen=True, slots=True)
class Rollout:
    """S7.2: within which bounds an HTTP set rolls; `paused`: it does not, until it is resumed."""

    max_surge: Share = Share(1)
    max_unavailable: Share = Share(0)
    progress_deadline_seconds: float = 60.0
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Template:
    """The part of a spec that a process is made from; a change of it restarts (S4.12).

    `listen` holds addresses in canonical text (`addresses.py`). `probe_port` is that of the first worker, or
    each gets a private socket. `watchdog_seconds` is what a worker is told at its start; another value
    restarts nothing.
    """

    file: str | None = None
    command: tuple[str, ...] | None = None
    args: tuple[str, ...] = ()
    interpreter: str | None = None
    working_dir: str = "."
    env: Mapping[str, str] = field(default_factory=dict)
    env_files: tuple[str, ...] = ()
    umask: int | None = None
    nice: int | None = None
    user: str | None = None
    files_limit: int | None = None
    memory_bytes: int | None = None
    cpu_cores: float | None = None
    tty: bool = False
    listen: tuple[str, ...] = ()
    port: int | None = None
    probe_port: int | Literal["unix"] | None = None
    watchdog_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class WorkerSetSpec:
    """One validated `spec`. Field meanings are those of S1 and of the schema's descriptions."""

    template: Template
    kind: SetKind
    name: str | None = None
    scope: str = ""
    declared_num: int | None = None
    declared_max_threads: int | None = None
    max_consecutive_failures: int = 6
    retry_after_seconds: float = 30.0
    restart: Restart = Restart.ALWAYS
    ready_when: Gate = Gate.STARTED
    min_ready_seconds: float = 1.0
    stop_signal: int = 15
    stop_grace_seconds: float = 30.0
    suspend: bool = False
    instances: tuple[str, ...] = ()
    idle_timeout_seconds: float = 0.0
    scopes: tuple[str, ...] | None = None
    log: LogRules = LogRules()
    probes: probes.Probes = probes.NONE
    drain_timeout_seconds: float = 10.0
    rollout: Rollout = Rollout()

    @property
    def num(self) -> int:
        """Eager processes: 0 for background sets unless declared, 1 for the others (S1)."""
        if self.declared_num is not None:
            return self.declared_num
        return 0 if self.kind is SetKind.BACKGROUND else 1

    @property
    def eager(self) -> int:
        """Processes that run whatever is ensured; a lazy set that lists its own name runs one (S3.2)."""
        lazily = self.kind is SetKind.BACKGROUND and self.name is not None and self.name in self.instances
        return max(self.num, 1) if lazily else self.num

    @property
    def is_catch_all(self) -> bool:
        """S2.1: a background set without a name."""
        return self.kind is SetKind.BACKGROUND and self.name is None
