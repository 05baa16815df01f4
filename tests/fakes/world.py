"""A whole controller without processes or time: real store and engine, scripted runtime, fake clock."""

from __future__ import annotations

from typing import Any

from controller import settings
from controller.core import deletion, ensured, kinds, stamps
from controller.engine import reserving
from controller.engine.engine import Engine
from controller.engine.probed import Beside
from controller.store.store import Store
from tests.fakes.clock import FakeClock
from tests.fakes.ids import CountingIds
from tests.fakes.probes import ScriptedProbes
from tests.fakes.runtime import Director, ScriptedRuntime
from tests.fakes.store_door import StoreDoor
from tests.fakes.traffic import ScriptedTraffic
from tests.fakes.vars import FakeVars

NAMESPACE = "default"


class World:
    """Drive it with `settle` and `run_for`; edit through `apply`, `edit`, `delete`."""

    def __init__(
        self,
        director: Director | None = None,
        *,
        path: str = ":memory:",
        engine_settings: settings.EngineSettings | None = None,
        max_processes: int | None = None,
    ) -> None:
        self.clock = FakeClock()
        self.path = path
        self.settings = engine_settings or settings.EngineSettings(boot_id="boot-1")
        self.runtime = ScriptedRuntime(self.clock, director)
        self.store = StoreDoor(Store(path))
        self.vars = FakeVars()
        self.probes = ScriptedProbes(self.clock)
        self.traffic = ScriptedTraffic(self.clock)
        self.max_processes = max_processes
        self.generation = 0
        self.engine = self._new_engine()

    def _new_engine(self) -> Engine:
        self.generation += 1
        ids = CountingIds(self.generation)
        ledger = reserving.follow(self.store, self.max_processes)
        beside = Beside(self.vars, self.probes, self.traffic, ledger)
        engine = Engine(self.store, self.runtime, self.clock, ids, self.settings, beside)
        engine.start()
        return engine

    # ---- what users do

    def apply(self, name: str, spec: dict[str, Any], namespace: str = NAMESPACE, **meta: Any) -> kinds.Object:
        """Create a set or replace its spec, as the write door would."""
        found = self.store.find(kinds.WORKERSETS, kinds.Key(namespace, name))
        if found is None:
            minute, second = divmod(self.store.version() % 3600, 60)
            metadata = {
                "name": name,
                "namespace": namespace,
                "uid": f"uid-{namespace}-{name}-{self.store.version()}",
                "generation": 1,
                "creationTimestamp": f"2024-01-01T00:{minute:02d}:{second:02d}Z",
                **meta,
            }
            return self.store.create(
                kinds.WORKERSETS,
                {"apiVersion": "workerset.dev/v1", "kind": "WorkerSet", "metadata": metadata, "spec": spec},
            )
        metadata = {**found["metadata"], **meta}
        new = ensured.fitting({**found, "metadata": metadata, "spec": spec})
        new = ensured.render(new, self.store.ensures(namespace, name), self.now())
        if found["spec"] != new["spec"]:
            new["metadata"] = {**new["metadata"], "generation": metadata["generation"] + 1}
        return self.store.update(kinds.WORKERSETS, new)

    def edit(self, name: str, /, **fields: Any) -> kinds.Object:
        """Change fields of the spec; None removes one."""
        spec = {**self.get(name)["spec"], **fields}
        return self.apply(name, {field: value for field, value in spec.items() if value is not None})

    def ensure(self, name: str, worker_name: str, owner: str = "workerctl") -> None:
        """What an `ensure()` of `owner` writes, once it is resolved."""
        with self.store.transaction():
            held = self.store.ensures(NAMESPACE, name).get(worker_name, {})
            self.store.put_ensure(NAMESPACE, name, worker_name, {owner: self.now(), **held})
            self._render(name)

    def release(self, name: str, worker_name: str) -> None:
        with self.store.transaction():
            self.store.put_ensure(NAMESPACE, name, worker_name, None)
            self._render(name)

    def _render(self, name: str) -> None:
        obj = self.get(name)
        rendered = ensured.render(obj, self.store.ensures(NAMESPACE, name), self.now())
        if rendered is not obj:
            self.store.update(kinds.WORKERSETS, rendered)

    def now(self) -> str:
        return stamps.rfc3339(self.clock.wall())

    def annotate_restart(self, name: str, value: str) -> None:
        annotations = {**(self.get(name)["metadata"].get("annotations") or {})}
        annotations[kinds.ANNOTATION_RESTARTED_AT] = value
        self.apply(name, self.get(name)["spec"], annotations=annotations)

    def delete(self, name: str, grace: int | None = None) -> None:
        self._begin_delete(kinds.WORKERSETS, self.get(name), grace)

    def delete_pod(self, worker: str, grace: int | None = None) -> None:
        self._begin_delete(kinds.PODS, self.pod(worker), grace)

    def delete_namespace(self, name: str, grace: int | None = None) -> None:
        self._begin_delete(kinds.NAMESPACES, self.store.get(kinds.NAMESPACES, kinds.Key("", name)), grace)

    def _begin_delete(self, resource: kinds.Resource, obj: kinds.Object, grace: int | None) -> None:
        begun = deletion.begin_delete(
            resource, obj, propagation=None, now="2024-01-01T00:00:00Z", grace_seconds=grace
        )
        assert begun is not None
        self.store.update(resource, begun.object)

    # ---- time and controllers

    def settle(self, most: int = 1000) -> float | None:
        """Let everything happen that is due now; returns when the next thing is."""
        for _ in range(most):
            self.runtime.play()
            self.probes.play()
            due = self.next_at()
            if due is None or due > self.clock.monotonic():
                return due
        raise AssertionError("it never comes to rest")

    def run_for(self, seconds: float) -> None:
        """Jump from appointment to appointment."""
        until = self.clock.monotonic() + seconds
        while True:
            due = self.settle()
            if due is None or due > until:
                break
            self.clock.advance_to(due)
        self.clock.advance_to(until)
        self.settle()

    def next_at(self) -> float | None:
        """Let the engine work; the next appointment of engine, runtime or probes."""
        asked = (self.engine.step(), self.runtime.next_at(), self.probes.next_at())
        times = [at for at in asked if at is not None]
        return min(times, default=None)

    def kill_controller(self) -> None:
        """kill -9 of the controller: memory is lost, processes run on."""
        self.runtime.detach()
        self.probes.forget()
        self.store.detach()

    def start_controller(self) -> None:
        """A new one on what was stored. In memory, Pods are removed by hand, as nobody stores them."""
        if self.path == ":memory:":
            for pod in self.store.inner.list(kinds.PODS)[0]:
                meta = pod["metadata"]
                self.store.inner.delete(kinds.PODS, kinds.Key(meta["namespace"], meta["name"]))
        else:
            self.store.close()
            self.store = StoreDoor(Store(self.path))
        self.engine = self._new_engine()

    # ---- looking

    def get(self, name: str, namespace: str = NAMESPACE) -> kinds.Object:
        return self.store.get(kinds.WORKERSETS, kinds.Key(namespace, name))

    def find(self, name: str) -> kinds.Object | None:
        return self.store.find(kinds.WORKERSETS, kinds.Key(NAMESPACE, name))

    def status(self, name: str) -> dict[str, Any]:
        return self.get(name)["status"]

    def condition(self, name: str, type_: str) -> dict[str, Any]:
        return next(one for one in self.status(name)["conditions"] if one["type"] == type_)

    def pod(self, worker: str) -> kinds.Object:
        return self.store.get(kinds.PODS, kinds.Key(NAMESPACE, worker))

    def pods(self) -> list[str]:
        return [pod["metadata"]["name"] for pod in self.store.list(kinds.PODS)[0]]

    def live(self, name: str) -> list[str]:
        """Workers of the set with a run that has not ended."""
        return sorted(one.ref.worker for one in self.runtime.live(kinds.Key(NAMESPACE, name)))

    def run_of(self, worker: str) -> str:
        found = [one.run for one in self.runtime.live() if one.ref.worker == worker]
        assert len(found) == 1, found
        return found[0]

    def events(self, reason: str | None = None) -> list[kinds.Object]:
        found = self.store.list(kinds.EVENTS)[0]
        return [event for event in found if reason is None or event["reason"] == reason]
