"""`ports.Runtime` on this machine: the mirror of what the shim knows, and the way to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from controller import ports, settings
from controller.core import kinds, spec


class LocalRuntime:
    """Levels of all runs, kept by messages from the shim; verbs go out in batches."""

    def __init__(self, paths: settings.ProjectPaths, base_env: Mapping[str, str]) -> None:
        self.on_change: Callable[[kinds.Key], None] = _ignore
        self._paths = paths
        self._base_env = base_env

    async def connect(self) -> None:
        """Connect to the shim and learn all its runs; afterwards reconnects by itself."""
        raise NotImplementedError

    async def close(self) -> None:
        raise NotImplementedError

    def processes(self, key: kinds.Key) -> tuple[ports.Process, ...]:
        raise NotImplementedError

    def keys(self) -> tuple[kinds.Key, ...]:
        raise NotImplementedError

    def connected(self) -> bool:
        raise NotImplementedError

    def submit(self, verbs: Sequence[ports.Verb]) -> None:
        raise NotImplementedError

    def env_file_values(self, template: spec.Template) -> Mapping[str, str]:
        raise NotImplementedError


def _ignore(_key: kinds.Key) -> None:
    pass
