"""What an embedding program says about its controller: frozen values."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """`root` is the project's folder: state and logs go into its `.workerset/`, relative paths begin there.

    `namespace` is where sets and names are looked for unless a call says another. `environ` is what workers
    inherit and what says where run-time folders are; None takes the program's own, now. `serves_api` is the
    socket for workerctl. `stop_seconds` bounds the polite stop at the end (None: each set's `stop_grace`).
    `purge_at_end` removes `.workerset/` and everything in it then: for tests, and for programs that declare
    all anew each time. `max_processes`: all sets together may need so many, more is refused; None: no limit.
    """

    root: str | os.PathLike[str]
    namespace: str = "default"
    environ: Mapping[str, str] | None = None
    serves_api: bool = True
    start_seconds: float = 20.0
    stop_seconds: float | None = None
    purge_at_end: bool = False
    max_processes: int | None = None

    def __post_init__(self) -> None:
        """Raises TypeError and ValueError, naming the field."""
        if not isinstance(self.root, str | os.PathLike):
            raise TypeError(f"root must be a path, not {type(self.root).__name__}")
        if not os.fspath(self.root):
            raise ValueError("root is empty: give the project's folder")
        if not isinstance(self.namespace, str) or not self.namespace:
            raise ValueError(f"namespace must be a name such as default: {self.namespace!r}")
        if not self.start_seconds > 0:
            raise ValueError(f"start_seconds must be above 0: {self.start_seconds}")
        if self.max_processes is not None and not self.max_processes > 0:
            raise ValueError(f"max_processes must be above 0, or None: {self.max_processes}")
        if self.stop_seconds is not None and not self.stop_seconds >= 0:
            raise ValueError(f"stop_seconds must be 0 or more, or None: {self.stop_seconds}")
