"""The store: decoded objects in memory to read from, SQLite as the durable truth, one counter for all.

Everything happens on the event loop's thread. A transaction changes memory at once and keeps an undo list; at
its end one batch goes to the database, and only then do listeners and watchers hear of it, in order.
"""

from __future__ import annotations

import functools
import os
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Literal

from controller import ports
from controller.core import deletion, errors, kinds, metadata
from controller.store import db, history, hub, image, planting, work

HISTORY = 10_000
BLOCK = 4096
"""Versions promised to the database ahead of use, so that Pods, which are never written, cost no commit."""

Record = Mapping[str, object]
Owners = Mapping[str, str]
NO_ENSURES: Mapping[str, Owners] = {}


class Store:
    """`ports.Store` on a file, or `:memory:`. Raises `db.StoreProblem` if it cannot be opened."""

    def __init__(self, path: str, *, history_limit: int = HISTORY) -> None:
        self.notes: tuple[str, ...] = ()
        self._path = path
        self._db = db.Database(path)
        self._past = history.History(history_limit)
        self._hub = hub.Hub()
        self._listeners: list[Callable[[ports.Change], None]] = []
        self._heard: deque[Sequence[ports.Change]] = deque()
        self._telling = False
        self._pending: work.Pending | None = None
        try:
            self._image, newest = image.load(self._db.contents(), path)
        except BaseException:
            self._db.close()
            raise
        self._promised = max(self._image.counters.get(image.VERSION, 0), *newest.values(), 0)
        self._version = self._promised + 1
        for kind in kinds.RESOURCES:
            name = kind.qualified
            floor = max(newest.get(name, 0), self._image.counters.get(image.DELETED + name, 0))
            self._past.begin(name, floor if kind.durable else self._version)

    @classmethod
    def open(cls, path: str, clock: ports.Clock, *, history_limit: int = HISTORY) -> Store:
        """Like the constructor, but a damaged file is moved aside, with a line in `notes`, not a failure."""
        try:
            return cls(path, history_limit=history_limit)
        except db.Damaged as problem:
            aside = f"{path}.damaged-{int(clock.wall())}"
            for ending in ("", "-wal", "-shm"):
                if os.path.exists(path + ending):
                    os.replace(path + ending, aside + ending)
            store = cls(path, history_limit=history_limit)
            store.notes = (
                f"the state was damaged ({problem}) and is empty now, apply your manifests again; "
                f"the damaged file was kept: {aside}",
            )
            return store

    def close(self) -> None:
        """Write what was put off, give back the versions not used, checkpoint, close."""
        last = self._image.put_off()
        last.counters |= {image.VERSION: self._version} if self._promised > self._version else {}
        if last and not self._db.lost():
            try:
                self._db.write(last, durable=False)
            except errors.StatusError:  # the next start just begins at a higher version, and derives anew
                pass
        self._db.close()

    def repair(self) -> None:
        """Write everything again if the file was deleted under us; raises StatusError if that cannot be."""
        if self._db.lost():
            self._plant_anew()

    # ------------------------------------------------------------------ reading

    def get(self, resource: kinds.Resource, key: kinds.Key) -> kinds.Object:
        found = self.find(resource, key)
        if found is None:
            raise image.about(errors.NotFound, "not found", resource, key)
        return found

    def find(self, resource: kinds.Resource, key: kinds.Key) -> kinds.Object | None:
        return self._image.shelf(resource.qualified).get(key.namespace, key.name)

    def list(
        self, resource: kinds.Resource, namespace: str | None = None
    ) -> tuple[Sequence[kinds.Object], int]:
        return tuple(self._image.shelf(resource.qualified).listed(namespace)), self._version

    def version(self) -> int:
        return self._version

    # ------------------------------------------------------------------ writing

    def create(self, resource: kinds.Resource, obj: kinds.Object) -> kinds.Object:
        key = image.key_of(obj)
        if self.find(resource, key) is not None:
            raise image.about(errors.AlreadyExists, "already exists", resource, key)
        return self._put("ADDED", resource, obj, None)

    def update(
        self,
        resource: kinds.Resource,
        obj: kinds.Object,
        *,
        expected_version: str | None = None,
        derived: bool = False,
    ) -> kinds.Object:
        """Taking the last finalizer off an object that is being deleted deletes it."""
        key = image.key_of(obj)
        live = self._expected(resource, key, expected_version)
        if image.stamped(obj, live["metadata"]["resourceVersion"]) == live:
            return live
        if deletion.finished(live, obj):
            return self._put("DELETED", resource, obj, live)
        return self._put("MODIFIED", resource, obj, live, derived=derived)

    def delete(
        self, resource: kinds.Resource, key: kinds.Key, *, expected_version: str | None = None
    ) -> kinds.Object:
        live = self._expected(resource, key, expected_version)
        return self._put("DELETED", resource, live, live)

    def _expected(self, resource: kinds.Resource, key: kinds.Key, version: str | None) -> kinds.Object:
        live = self.get(resource, key)
        if version and version != live["metadata"]["resourceVersion"]:
            raise metadata.conflict(resource, key.name, metadata.MODIFIED)
        return live

    def _put(
        self,
        what: Literal["ADDED", "MODIFIED", "DELETED"],
        resource: kinds.Resource,
        obj: kinds.Object,
        live: kinds.Object | None,
        *,
        derived: bool = False,
    ) -> kinds.Object:
        key = image.key_of(obj)
        with self._writing():
            pending = self._running()
            pending.version = self._version = self._version + 1
            stored = image.stamped(obj, str(self._version))
            shelf = self._image.shelf(resource.qualified)
            shelf.put(key.namespace, key.name, None if what == "DELETED" else stored)
            pending.undo.append(functools.partial(shelf.put, key.namespace, key.name, live))
            pending.changes.append(ports.Change(what, resource, stored, live, self._version, derived))
        return stored

    # ------------------------------------------------------------------ transactions

    def transaction(self, *, durable: bool = False) -> AbstractContextManager[None]:
        """Nests: an inner one that fails undoes its own writes only; the outermost commits."""
        return work.Transaction(self._begin, self._end, durable=durable)

    def _writing(self) -> work.Transaction:
        return work.Transaction(self._begin, self._end, durable=False)

    def _running(self) -> work.Pending:
        assert self._pending is not None
        return self._pending

    def _begin(self, durable: bool) -> tuple[bool, work.Mark]:
        """Whether this is the outermost, and where to go back to."""
        outermost = self._pending is None
        pending = self._pending = self._pending or work.Pending(self._version)
        pending.durable = pending.durable or durable
        return outermost, pending.mark()

    def _end(self, mark: work.Mark, outermost: bool, failed: bool) -> None:
        pending = self._running()
        try:
            if failed:
                self._back_to(pending, mark)
            elif outermost:
                self._commit(pending)
        except BaseException:
            self._back_to(pending, mark)
            raise
        finally:
            if outermost:
                self._pending = None
        if outermost and not failed:
            self._tell(pending.changes)

    def _back_to(self, pending: work.Pending, mark: work.Mark) -> None:
        pending.back_to(mark)
        self._version = pending.version

    def _commit(self, pending: work.Pending) -> None:
        changes = self._image.batch_of(pending)
        content = bool(changes)
        promise = self._version + BLOCK if self._version > self._promised - BLOCK // 8 else self._promised
        if promise != self._promised and pending.changes:
            changes.counters[image.VERSION] = promise
        if not changes:
            return
        try:
            if self._db.lost():
                self._plant_anew()
            self._db.write(changes, durable=pending.durable and content)
        except errors.StatusError:
            # Pods and watches go on while the disk is full; the promise is made up for at the next commit
            if content:
                raise
            return
        self._image.written(changes)
        self._promised = self._image.counters.get(image.VERSION, self._promised)

    def _plant_anew(self) -> None:
        """The file is gone (a deleted state folder): write everything again, from memory."""
        self._db.close()
        self._db = planting.plant(self._path, self._image.everything())

    def _tell(self, changes: Sequence[ports.Change]) -> None:
        """A listener may write: what that changes is told after this, so that all hear the same order."""
        if not changes:
            return
        self._heard.append(changes)
        for change in changes:
            self._past.append(change)
        self._hub.wake(changes)
        if self._telling:
            return
        self._telling = True
        try:
            while self._heard:
                for change in self._heard.popleft():
                    for listener in self._listeners:
                        listener(change)
        finally:
            self._telling = False

    # ------------------------------------------------------------------ watching

    def subscribe(self, listener: Callable[[ports.Change], None]) -> None:
        self._listeners.append(listener)

    def watch(
        self, resource: kinds.Resource, namespace: str | None = None, *, since: int | None = None
    ) -> hub.Watch:
        position = self._past.position(resource.qualified, since, self._version)
        return hub.Watch(self._hub, self._past, resource.qualified, namespace, position)

    # ------------------------------------------------------------------ records and settings

    def record(self, namespace: str, workerset: str) -> Mapping[str, Record]:
        return self._image.records.get((namespace, workerset), {})

    def put_record(self, namespace: str, workerset: str, worker: str, record: Record | None) -> None:
        held = self.record(namespace, workerset).get(worker)
        if held == record:
            return
        with self._writing():
            pending = self._running()
            self._image.set_record(namespace, workerset, worker, record)
            pending.undo.append(functools.partial(self._image.set_record, namespace, workerset, worker, held))
            pending.records.append((namespace, workerset, worker))

    def ensures(self, namespace: str, workerset: str) -> Mapping[str, Owners]:
        return self._image.ensures.get((namespace, workerset), NO_ENSURES)

    def put_ensure(self, namespace: str, workerset: str, name: str, owners: Owners | None) -> None:
        held = self.ensures(namespace, workerset).get(name)
        if held == owners:
            return
        with self._writing():
            pending = self._running()
            self._image.set_ensure(namespace, workerset, name, owners)
            pending.undo.append(functools.partial(self._image.set_ensure, namespace, workerset, name, held))
            pending.ensures.append((namespace, workerset, name))

    def setting(self, name: str) -> object:
        return self._image.settings.get(name)

    def put_setting(self, name: str, value: object) -> None:
        held = self.setting(name)
        if held == value:
            return
        with self._writing():
            pending = self._running()
            self._image.settings[name] = value
            pending.undo.append(functools.partial(self._image.settings.__setitem__, name, held))
            pending.settings.append(name)
