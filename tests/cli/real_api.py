"""The real API on a real store, served on a Unix socket by a thread: Tables, selectors, watches and patches.

There is no engine: what it would write, tests write through `in_store` and `set_status`.
"""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from controller import clock, ids, ports
from controller.api import application, server
from controller.client import http
from controller.client import resources as kinds
from controller.core import deletion
from controller.core import kinds as core
from controller.files import follow
from controller.manifest import schema
from controller.store import store as stores
from tests.fakes.gateway import FakeGateway
from tests.fakes.vars import FakeVars

DEADLINE = 20.0


class Engineless:
    """`ports.Control` and `ports.Logs` of a controller without an engine."""

    def project(self) -> Mapping[str, object]:
        return {}

    def refresh(self, keys: object) -> None:
        """Nobody looks."""

    def environment(self, key: object) -> Sequence[Mapping[str, object]]:
        return [{"name": "PORT", "value": "80", "source": "env"}]

    def usage(self, workers: object) -> Sequence[object]:
        return []


class RealApi:
    """Use with `with`. `client` talks to it, `in_store` runs a function where the store lives."""

    def __init__(self, socket_path: str) -> None:
        self.client = http.Client(socket_path, timeout=DEADLINE)
        self._path = socket_path
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def __enter__(self) -> RealApi:
        self._thread.start()
        assert self._ready.wait(DEADLINE)
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.stop()

    def stop(self) -> None:
        """The controller ends: its streams are ended, its socket goes."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(DEADLINE)
        assert not self._thread.is_alive()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._store = stores.Store(":memory:")
        control: Any = Engineless()
        parts = application.Parts(
            self._store,
            schema.WorkerSetSchema(),
            control,
            control,
            clock.SystemClock(),
            ids.SystemIds(),
            FakeVars(),
            follow.LocalFiles(clock.SystemClock()),
            "secret",
            FakeGateway(),
        )
        made = application.build(parts)
        try:
            await server.Endpoint(made, self._path).serve(self._ready.set, self._stop)
        finally:
            self._store.close()

    def in_store(self, change: Callable[[stores.Store], Any]) -> Any:
        async def run() -> Any:
            return change(self._store)

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(DEADLINE)

    def create(self, name: str, kind: kinds.Kind = kinds.WORKERSETS, **parts: Any) -> dict[str, Any]:
        """A set of `num` sleepers with labels."""
        metadata = {"name": name, "labels": parts.pop("labels", {})}
        spec = {"command": ["sleep", "60"], "num": 1, **parts.pop("spec", {})}
        body = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, "spec": spec}
        return self.client.request("POST", kind.path("default"), None, body).json()

    def get(self, name: str, kind: kinds.Kind = kinds.WORKERSETS) -> dict[str, Any]:
        return self.client.request("GET", kind.path("default", name)).json()

    def drain_deleted(self) -> None:
        """From now on, what is being deleted goes at once, as if the engine had nothing to stop."""

        def hear(change: ports.Change) -> None:
            if change.resource == core.WORKERSETS and "deletionTimestamp" in change.object["metadata"]:
                self._loop.call_soon(self._drain, change.object)

        self.in_store(lambda store: store.subscribe(hear))

    def _drain(self, obj: core.Object) -> None:
        found = self._store.find(core.WORKERSETS, core.Key("default", obj["metadata"]["name"]))
        if found is not None:
            self._store.update(core.WORKERSETS, deletion.drained(found))

    def set_status(self, name: str, **status: Any) -> None:
        """What the engine would say of a set."""
        path = kinds.WORKERSETS.path("default", name, "status")
        generation = self.get(name)["metadata"]["generation"]
        body = {"status": {"observedGeneration": generation, **status}}
        self.client.request("PATCH", path, None, body, http.MERGE_PATCH)


class Tap(io.StringIO):
    """Standard output of a command that goes on: waits for text to appear."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = threading.Condition()

    def write(self, text: str) -> int:
        with self._changed:
            self._changed.notify_all()
            return super().write(text)

    def wait_for(self, text: str) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: text in self.getvalue(), DEADLINE), self.getvalue()
