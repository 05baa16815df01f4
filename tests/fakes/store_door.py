"""The real store behind a door that can be shut: a full disk, or a controller that is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from controller import ports
from controller.core import errors, kinds


class _Door:
    """A transaction of the store behind: shut, it fails at the end. No generator, as there are very many."""

    __slots__ = ("_inner", "_store")

    def __init__(self, store: StoreDoor, inner: AbstractContextManager[None]) -> None:
        self._store, self._inner = store, inner

    def __enter__(self) -> None:
        self._inner.__enter__()
        self._store._enter()

    def __exit__(self, *problem: Any) -> None:
        try:
            self._store._leave()
        except errors.StorageFull as full:
            if problem[0] is None:
                self._inner.__exit__(type(full), full, full.__traceback__)
                raise
        self._inner.__exit__(*problem)


class StoreDoor:
    """`ports.Store` around another one. `full`: what would have to be on disk fails when it is committed."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.full = False
        self._listeners: list[Callable[[ports.Change], None]] = []
        self._depth = 0
        self._has_content = False
        inner.subscribe(self._tell)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def detach(self) -> None:
        """Nobody listens any more: the controller was killed."""
        self._listeners.clear()

    def subscribe(self, listener: Callable[[ports.Change], None]) -> None:
        self._listeners.append(listener)

    def transaction(self, *, durable: bool = False) -> _Door:
        return _Door(self, self.inner.transaction(durable=durable))

    def _enter(self) -> None:
        if self._depth == 0:
            self._has_content = False
        self._depth += 1

    def _leave(self) -> None:
        self._depth -= 1
        if self.full and self._depth == 0 and self._has_content:
            raise errors.StorageFull("the disk is full: /somewhere/store.db")

    @contextmanager
    def _writing(self, resource: kinds.Resource) -> Iterator[None]:
        with self.transaction():
            before = self.inner.version()
            yield
            self._has_content = self._has_content or (resource.durable and self.inner.version() != before)

    def create(self, resource: kinds.Resource, obj: kinds.Object) -> kinds.Object:
        with self._writing(resource):
            return self.inner.create(resource, obj)

    def update(self, resource: kinds.Resource, obj: kinds.Object, **options: Any) -> kinds.Object:
        with self._writing(resource):
            return self.inner.update(resource, obj, **options)

    def delete(self, resource: kinds.Resource, key: kinds.Key, **options: Any) -> kinds.Object:
        with self._writing(resource):
            return self.inner.delete(resource, key, **options)

    def put_record(
        self, namespace: str, workerset: str, worker: str, record: Mapping[str, object] | None
    ) -> None:
        with self.transaction():
            held = self.inner.record(namespace, workerset).get(worker)
            self._has_content = self._has_content or held != record
            self.inner.put_record(namespace, workerset, worker, record)

    def put_ensure(self, namespace: str, workerset: str, name: str, owners: Mapping[str, str] | None) -> None:
        with self.transaction():
            self.inner.put_ensure(namespace, workerset, name, owners)

    def _tell(self, change: ports.Change) -> None:
        for listener in self._listeners:
            listener(change)
