"""The real store behind a door that can be shut: a full disk, or a controller that is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from controller import ports
from controller.core import errors, kinds


class StoreDoor:
    """`ports.Store` around another one. `full`: every write fails when it would be committed."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.full = False
        self._listeners: list[Callable[[ports.Change], None]] = []
        self._depth = 0
        inner.subscribe(self._tell)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def detach(self) -> None:
        """Nobody listens any more: the controller was killed."""
        self._listeners.clear()

    def subscribe(self, listener: Callable[[ports.Change], None]) -> None:
        self._listeners.append(listener)

    @contextmanager
    def transaction(self, *, durable: bool = False) -> Iterator[None]:
        with self.inner.transaction(durable=durable):
            self._depth += 1
            before = self.inner.version()
            try:
                yield
            finally:
                self._depth -= 1
            if self.full and self._depth == 0 and self.inner.version() != before:
                raise errors.StorageFull("the disk is full: /somewhere/store.db")

    def create(self, resource: kinds.Resource, obj: kinds.Object) -> kinds.Object:
        with self.transaction():
            return self.inner.create(resource, obj)

    def update(self, resource: kinds.Resource, obj: kinds.Object, **options: Any) -> kinds.Object:
        with self.transaction():
            return self.inner.update(resource, obj, **options)

    def delete(self, resource: kinds.Resource, key: kinds.Key, **options: Any) -> kinds.Object:
        with self.transaction():
            return self.inner.delete(resource, key, **options)

    def put_record(
        self, namespace: str, workerset: str, worker: str, record: Mapping[str, object] | None
    ) -> None:
        with self.transaction():
            self.inner.put_record(namespace, workerset, worker, record)

    def _tell(self, change: ports.Change) -> None:
        for listener in self._listeners:
            listener(change)
