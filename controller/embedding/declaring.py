"""A set as a typed value: every field of the schema's `spec`, under the same name (S1).

`tests/embedding/test_declaring.py` holds names, order and types against the schema. What is None is not
declared, so that the defaults are the schema's; what is wrong is said when it is applied, as for a manifest.
"""

from __future__ import annotations

import dataclasses
import datetime
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

from controller.core import kinds, names

StrPath = str | os.PathLike[str]
Duration = str | float | datetime.timedelta
"""`"1m30s"`, or a number of seconds."""

CATCH_ALL = "catch-all"
_METADATA = ("set_name", "namespace", "labels", "annotations")
_DURATIONS = ("retry_after", "idle_timeout", "stop_grace", "min_ready", "drain_timeout")


Probe = TypedDict(  # noqa: UP013 - `exec` as a name of a class would read like the function
    "Probe",
    {
        "exec": str | Sequence[StrPath],
        "http": str,
        "tcp": bool,
        "watchdog": str,
        "port": int,
        "initial_delay": str,
        "period": str,
        "timeout": str,
        "success_threshold": int,
        "failure_threshold": int,
    },
    total=False,
)
"""A health check: exactly one of exec, http, tcp and watchdog."""


class Rollout(TypedDict, total=False):
    max_surge: int | str
    max_unavailable: int | str
    progress_deadline: str
    paused: bool


class Resources(TypedDict, total=False):
    memory: str | int
    cpu: str | float
    files: int


class Log(TypedDict, total=False):
    max_size: str | int
    keep: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSet:
    """A set to be applied. `workerctl explain workerset.spec` says what each field means.

    `set_name` is the object's own name (`metadata.name`); left out, it follows from `name` and `scope`, or is
    that of the scope's catch-all. Applying a set of the same name again changes it.
    """

    set_name: str | None = None
    namespace: str | None = None
    labels: Mapping[str, str] | None = None
    annotations: Mapping[str, str] | None = None

    background: bool | None = None
    name: str | None = None
    scope: str | None = None
    num: int | None = None
    max_threads: int | None = None
    max_consecutive_failures: int | None = None
    retry_after: Duration | None = None
    file: StrPath | None = None
    command: str | Sequence[StrPath] | None = None
    args: Sequence[str] | None = None
    interpreter: StrPath | None = None
    working_dir: StrPath | None = None
    env: Mapping[str, str] | None = None
    env_files: Sequence[StrPath] | None = None
    watch: bool | Sequence[StrPath] | None = None
    listen: Sequence[str | int] | None = None
    port: int | None = None
    ready_when: Literal["started", "handle", "vars", "notify", "listening", "completed"] | None = None
    startup_probe: Probe | None = None
    readiness_probe: Probe | None = None
    liveness_probe: Probe | None = None
    probe_port: int | Literal["unix"] | None = None
    depends_on: Sequence[str] | None = None
    instances: Sequence[str] | None = None
    idle_timeout: Duration | None = None
    suspend: bool | None = None
    restart: Literal["always", "on_failure", "never"] | None = None
    stop_signal: (
        Literal[
            "SIGTERM",
            "SIGINT",
            "SIGQUIT",
            "SIGHUP",
            "SIGUSR1",
            "SIGUSR2",
            "SIGABRT",
            "SIGALRM",
            "SIGKILL",
            "SIGPWR",
            "SIGWINCH",
        ]
        | None
    ) = None
    stop_grace: Duration | None = None
    min_ready: Duration | None = None
    drain_timeout: Duration | None = None
    rollout: Rollout | None = None
    start: Literal["auto", "fork", "exec"] | None = None
    preload: Literal["auto"] | Sequence[str] | None = None
    umask: str | None = None
    nice: int | None = None
    scopes: Sequence[str] | None = None
    resources: Resources | None = None
    user: str | None = None
    tty: bool | None = None
    log: Log | None = None

    def object_name(self) -> str:
        """Raises ValueError where nothing says it."""
        if self.set_name is not None:
            return self.set_name
        scope = self.scope or ""
        if self.name:
            plain = names.slug(self.name, longest=40)
            if plain == self.name and not scope and plain != CATCH_ALL:
                return plain
            whole = f"{self.name}\0{scope}"
            return f"{plain}-{names.short_hash(whole, 8)}"
        if self.background:
            return f"{CATCH_ALL}-{names.slug(scope)}-{names.short_hash(scope, 8)}" if scope else CATCH_ALL
        raise ValueError("a set that is no background set needs a name: give set_name")

    def to_object(self, namespace: str) -> kinds.Object:
        """As the API takes it: JSON values only."""
        spec = {
            field.name: _plain(field.name, value)
            for field in dataclasses.fields(self)
            if field.name not in _METADATA and (value := getattr(self, field.name)) is not None
        }
        metadata: dict[str, Any] = {"name": self.object_name(), "namespace": self.namespace or namespace}
        metadata |= {
            key: dict(value)
            for key, value in (("labels", self.labels), ("annotations", self.annotations))
            if value is not None
        }
        return {
            "apiVersion": kinds.WORKERSETS.api_version,
            "kind": kinds.WORKERSETS.kind,
            "metadata": metadata,
            "spec": spec,
        }


def _plain(name: str, value: Any) -> Any:
    if name in _DURATIONS and isinstance(value, datetime.timedelta):
        value = value.total_seconds()
    if name in _DURATIONS and isinstance(value, int | float):
        return f"{value:.3f}".rstrip("0").rstrip(".") + "s"
    return _json(value)


def _json(value: Any) -> Any:
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, Mapping):
        return {str(key): _json(one) for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_json(one) for one in value]
    return value
