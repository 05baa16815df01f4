"""What the store says about names and workers, looked up fast: kept by listening to what changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from controller import ports
from controller.core import awaiting, fields, instances, kinds, resolution, runs

_RUN = "workerset://"


class Book:
    """`on_pod` hears of a Pod that changed, `on_names` of a namespace whose names may resolve elsewhere."""

    def __init__(self, store: ports.Store) -> None:
        self.on_pod: Callable[[kinds.Key], None] = _ignore_pod
        self.on_names: Callable[[str], None] = _ignore_names
        self._store = store
        self._directories: dict[str, resolution.Directory] = {}
        self._names: dict[kinds.Key, tuple[kinds.Object, frozenset[str]]] = {}
        self._run_of: dict[kinds.Key, str] = {}
        self._pod_of: dict[str, kinds.Key] = {}
        for pod in store.list(kinds.PODS)[0]:
            self._note_run(pod)
        store.subscribe(self._heard)

    def directory(self, namespace: str) -> resolution.Directory:
        """The background sets of a namespace."""
        found = self._directories.get(namespace)
        if found is None:
            sets = self._store.list(kinds.WORKERSETS, namespace)[0]
            background = [one for obj in sets if (one := resolution.declared(obj)) is not None]
            others = [obj["metadata"]["name"] for obj in sets if not obj["spec"].get("background")]
            found = resolution.Directory(background, namespace=namespace, others=others)
            self._directories[namespace] = found
        return found

    def namespaces(self) -> list[str]:
        """Those that declare any set."""
        return sorted({obj["metadata"]["namespace"] for obj in self._store.list(kinds.WORKERSETS)[0]})

    def workerset(self, key: kinds.Key) -> kinds.Object | None:
        return self._store.find(kinds.WORKERSETS, key)

    def names(self, key: kinds.Key) -> frozenset[str]:
        """The worker names that a set is asked to run; counted once for each of its versions."""
        obj = self.workerset(key)
        if obj is None:
            self._names.pop(key, None)
            return frozenset()
        known = self._names.get(key)
        if known is None or known[0] is not obj:
            known = self._names[key] = obj, instances.names_of(obj)
        return known[1]

    def pods(self, target: awaiting.Target) -> list[kinds.Object]:
        """The Pods that run under a name; in a catch-all a Pod may have belonged to another one."""
        namespace = target.declared.key.namespace
        found = (self._store.find(kinds.PODS, kinds.Key(namespace, worker)) for worker in target.workers)
        return [pod for pod in found if pod is not None]

    def pod(self, worker: runs.WorkerRef) -> kinds.Object | None:
        return self._store.find(kinds.PODS, kinds.Key(worker.namespace, worker.worker))

    def records(self, target: awaiting.Target) -> Mapping[str, Mapping[str, Any]]:
        key = target.declared.key
        return self._store.record(key.namespace, key.name)

    def worker_of_run(self, run: str) -> kinds.Key | None:
        """The Pod that runs it now, as far as is known."""
        return self._pod_of.get(run)

    def _heard(self, change: ports.Change) -> None:
        if change.resource == kinds.PODS:
            key = _key_of(change.object)
            if change.type == "DELETED":
                self._pod_of.pop(self._run_of.pop(key, ""), None)
            else:
                self._note_run(change.object)
            self.on_pod(key)
        elif change.resource == kinds.WORKERSETS and _matters(change):
            self._names.pop(_key_of(change.object), None)
            namespace = change.object["metadata"]["namespace"]
            self._directories.pop(namespace, None)
            self.on_names(namespace)

    def _note_run(self, pod: kinds.Object) -> None:
        key = _key_of(pod)
        statuses: Sequence[Any] = fields.mapping(pod.get("status")).get("containerStatuses") or ({},)
        run = str(statuses[0].get("containerID", "")).removeprefix(_RUN)
        before = self._run_of.get(key, "")
        if run != before:
            self._pod_of.pop(before, None)
            self._run_of[key] = run
            if run:
                self._pod_of[run] = key


def _matters(change: ports.Change) -> bool:
    before = change.previous
    if before is None or change.type == "DELETED":
        return True
    return resolution.declared(before) != resolution.declared(change.object)


def _key_of(obj: kinds.Object) -> kinds.Key:
    return kinds.Key(obj["metadata"].get("namespace", ""), obj["metadata"]["name"])


def _ignore_pod(_key: kinds.Key) -> None:
    pass


def _ignore_names(_namespace: str) -> None:
    pass
