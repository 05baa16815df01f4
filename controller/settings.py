"""Where a project's things are, and the few knobs of each part: frozen values, no I/O."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

BASE_ENVIRONMENT = "base-environment"
"""The store's setting that holds what the first controller of a project was started with (S8.1)."""


@dataclass(frozen=True, slots=True)
class ProjectPaths:
    """All places of one project. `root`, `state` and `run` are absolute; the rest follows from them.

    `state` is normally `root/.workerset`; `run` is the private run-time folder, short because socket paths
    are limited to 108 bytes (unix(7)).
    """

    root: str
    state: str
    run: str

    @property
    def folder(self) -> str:
        """In the project itself: what is where. Holds the state too, unless its file system cannot.

        Where nothing can be written in the project, it is wherever the state is, under the same name.
        """
        return self.state if self.state.endswith("/.workerset") else f"{self.root}/.workerset"

    @property
    def api_socket(self) -> str:
        return f"{self.run}/api.sock"

    @property
    def shim_socket(self) -> str:
        return f"{self.run}/shim.sock"

    @property
    def worker_socket(self) -> str:
        """The narrow socket that workers call `ensure()` over."""
        return f"{self.run}/workers.sock"

    @property
    def others_socket(self) -> str:
        """The same for workers of other users: they are given this folder, and cannot enter the one above."""
        return f"{self.run}/n/workers.sock"

    @property
    def vars(self) -> str:
        """The folder of the shared memory that workers publish in."""
        return f"{self.run}/vars"

    def probe_socket(self, namespace: str, worker: str) -> str:
        """The private socket of a worker whose set has `probe_port: unix`."""
        name = hashlib.sha256(f"{namespace}\0{worker}".encode()).hexdigest()[:16]
        return f"{self.run}/p/{name}"

    @property
    def database(self) -> str:
        return f"{self.state}/store.db"

    @property
    def tls(self) -> str:
        """Keys and certificates of the TCP port."""
        return f"{self.state}/tls"

    @property
    def logs(self) -> str:
        return f"{self.state}/logs"

    @property
    def controller_pid(self) -> str:
        return f"{self.state}/controller.pid"

    @property
    def shim_pid(self) -> str:
        return f"{self.state}/shim.pid"

    @property
    def guardian_pid(self) -> str:
        return f"{self.state}/guardian.pid"

    @property
    def own_log(self) -> str:
        """What the controller and the guardian have to say: one log line each, for bug reports."""
        return f"{self.state}/controller.log"


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Policy of the reconcile loop; rules S1.11, S4.

    `hold_seconds`: how long what was only asked for may stay unwritten while its answer is awaited.
    `boot_id` names the boot of the machine: monotonic times in run records mean nothing under another.
    """

    event_ttl_seconds: float = 3600.0
    events_per_set: int = 1000
    revisions_kept: int = 10
    ready_resets_after_seconds: float = 10.0
    batch_seconds: float = 0.02
    hold_seconds: float = 2.0
    boot_id: str = ""
    cpu_saturated: float = 0.9


@dataclass(frozen=True, slots=True)
class Limits:
    """What the machine is to bear. `max_processes` is what all sets together may need, None: no limit;
    `cpu_saturated` the part of the processors' time from which on no HTTP set grows."""

    max_processes: int | None = None
    cpu_saturated: float = 0.9


NO_LIMITS = Limits()
