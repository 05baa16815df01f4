"""Readers of the Node and of what workers use: computed when somebody asks (`kubectl top`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NoReturn

from controller import ports
from controller.api import logs
from controller.core import errors, kinds, nodes, pods

_SHORTEST_SECONDS = 0.5
"""A rate over less than this says little; then that of the sample before it is told again."""


@dataclass(frozen=True, slots=True)
class _Sample:
    used: ports.Usage
    at: float
    load: nodes.Load


class Sampler:
    """CPU as a rate since somebody last asked; the first time since the process began."""

    def __init__(self, control: ports.Control, clock: ports.Clock) -> None:
        self._control, self._clock = control, clock
        self._samples: dict[ports.WorkerRef, _Sample] = {}

    def loads(self, workers: Iterable[ports.WorkerRef]) -> dict[ports.WorkerRef, nodes.Load]:
        now = self._clock.monotonic()
        found = {one.worker: one for one in self._control.usage(list(workers))}
        for worker, used in found.items():
            self._samples[worker] = self._sample(self._samples.get(worker), used, now)
        return {worker: self._samples[worker].load for worker in found}

    def _sample(self, before: _Sample | None, used: ports.Usage, now: float) -> _Sample:
        if before is None or before.used.pid != used.pid:
            age = max(_SHORTEST_SECONDS, self._clock.wall() - used.started_wall) if used.started_wall else 1.0
            return _Sample(used, now, nodes.Load(used.cpu_seconds / age, used.memory_bytes, age))
        seconds = now - before.at
        if seconds < _SHORTEST_SECONDS:
            return before
        cores = max(0.0, used.cpu_seconds - before.used.cpu_seconds) / seconds
        return _Sample(used, now, nodes.Load(cores, used.memory_bytes, seconds))

    def forget(self, workers: Iterable[ports.WorkerRef]) -> None:
        """All but these are gone."""
        kept = set(workers)
        self._samples = {worker: one for worker, one in self._samples.items() if worker in kept}


class _Unwatched:
    """What is computed has no changes to tell; the registry offers no watch of it."""

    def watch(self, resource: kinds.Resource, /, *_: object, **__: object) -> NoReturn:
        raise errors.MethodNotAllowed(f"watch is not supported on {resource.qualified}, list it again")


class Node(_Unwatched):
    """This machine."""

    def __init__(self, control: ports.Control, store: ports.Store) -> None:
        self._control, self._store = control, store

    def find(self, _: kinds.Resource, key: kinds.Key, /) -> kinds.Object | None:
        return self._node() if key.name == pods.NODE else None

    def list(self, *_: object) -> tuple[Sequence[kinds.Object], int]:
        return [self._node()], self._store.version()

    def _node(self) -> kinds.Object:
        return nodes.node(self._control.machine(), self._control.project())


class PodMetrics(_Unwatched):
    """Of every worker that has a process."""

    def __init__(self, sampler: Sampler, store: ports.Store, clock: ports.Clock) -> None:
        self._sampler, self._store, self._clock = sampler, store, clock

    def find(self, _: kinds.Resource, key: kinds.Key, /) -> kinds.Object | None:
        pod = self._store.find(kinds.PODS, key)
        return None if pod is None else next(iter(self._of((pod,))), None)

    def _of(self, found: Sequence[kinds.Object]) -> Sequence[kinds.Object]:
        refs = [logs.ref_of(pod) for pod in found]
        loads, now = self._sampler.loads(refs), self._clock.wall()
        return [
            nodes.pod_metrics(pod, loads[ref], now)
            for pod, ref in zip(found, refs, strict=True)
            if ref in loads
        ]

    def list(self, _: kinds.Resource, namespace: str | None = None, /) -> tuple[Sequence[kinds.Object], int]:
        found, version = self._store.list(kinds.PODS, namespace)
        if namespace is None:
            self._sampler.forget(map(logs.ref_of, found))
        return self._of(found), version


class NodeMetrics(_Unwatched):
    """All workers together."""

    def __init__(self, sampler: Sampler, store: ports.Store, clock: ports.Clock) -> None:
        self._sampler, self._store, self._clock = sampler, store, clock

    def find(self, _: kinds.Resource, key: kinds.Key, /) -> kinds.Object | None:
        return self._now() if key.name == pods.NODE else None

    def list(self, *_: object) -> tuple[Sequence[kinds.Object], int]:
        return [self._now()], self._store.version()

    def _now(self) -> kinds.Object:
        found, _ = self._store.list(kinds.PODS)
        loads = self._sampler.loads(map(logs.ref_of, found))
        return nodes.node_metrics(nodes.Load.sum(loads.values()), self._clock.wall())
