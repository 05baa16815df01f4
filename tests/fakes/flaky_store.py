"""A store that fails on demand: the real one in memory, refusing what a rival or a full disk would."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from controller.core import errors, kinds
from controller.store import store


class FlakyStore(store.Store):
    """The next `conflicts` updates raise Conflict; while `full`, commits of durable content fail.

    As on a full disk, a transaction fails at its end, with nothing written; reads, Pods and watches go on.
    """

    def __init__(self, path: str = ":memory:", *, conflicts: int = 0) -> None:
        super().__init__(path)
        self.conflicts = conflicts
        self.full = False
        self.refused = 0
        self._depth = 0
        self._dirty = False

    @contextmanager
    def transaction(self, *, durable: bool = False) -> Iterator[None]:
        self._depth += 1
        try:
            with super().transaction(durable=durable):
                yield
                if self._depth == 1 and self._dirty and self.full:
                    self.refused += 1
                    raise errors.StorageFull("no space left for the state, nothing was written; free some")
        finally:
            self._depth -= 1
            self._dirty = self._dirty and self._depth > 0

    @contextmanager
    def _write(self, *, durable: bool) -> Iterator[None]:
        with self.transaction():
            version = self.version()
            yield
            self._dirty |= durable and self.version() != version

    def create(self, resource: kinds.Resource, obj: kinds.Object) -> kinds.Object:
        with self._write(durable=resource.durable):
            return super().create(resource, obj)

    def update(self, resource: kinds.Resource, obj: kinds.Object, **options: Any) -> kinds.Object:
        if self.conflicts:
            self.conflicts -= 1
            self.refused += 1
            raise errors.Conflict("the object has been modified; please apply your changes to the latest one")
        with self._write(durable=resource.durable):
            return super().update(resource, obj, **options)

    def delete(
        self, resource: kinds.Resource, key: kinds.Key, *, expected_version: str | None = None
    ) -> kinds.Object:
        with self._write(durable=resource.durable):
            return super().delete(resource, key, expected_version=expected_version)

    def put_record(
        self, namespace: str, workerset: str, worker: str, record: Mapping[str, object] | None
    ) -> None:
        with self.transaction():
            self._dirty |= self.record(namespace, workerset).get(worker) != record
            super().put_record(namespace, workerset, worker, record)

    def put_setting(self, name: str, value: object) -> None:
        with self.transaction():
            self._dirty |= self.setting(name) != value
            super().put_setting(name, value)
