"""The read copy: decoded objects of one resource, indexed by namespace, listed in order.

Objects are immutable by convention; a write replaces. Knows nothing of versions, disks or watches.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator

from controller.core import kinds


class Shelf:
    """All objects of one resource. Names of a namespace are kept sorted, so a list costs its result."""

    __slots__ = ("_names", "_namespaces", "_objects")

    def __init__(self) -> None:
        self._objects: dict[str, dict[str, kinds.Object]] = {}
        self._names: dict[str, list[str]] = {}
        self._namespaces: list[str] = []

    def get(self, namespace: str, name: str) -> kinds.Object | None:
        inside = self._objects.get(namespace)
        return inside.get(name) if inside is not None else None

    def put(self, namespace: str, name: str, obj: kinds.Object | None) -> None:
        """Set or (None) remove."""
        inside = self._objects.get(namespace)
        if obj is None:
            if inside is not None and inside.pop(name, None) is not None:
                self._forget(namespace, name)
            return
        if inside is None:
            inside = self._objects[namespace] = {}
            self._names[namespace] = []
            bisect.insort(self._namespaces, namespace)
        if name not in inside:
            bisect.insort(self._names[namespace], name)
        inside[name] = obj

    def _forget(self, namespace: str, name: str) -> None:
        names = self._names[namespace]
        del names[bisect.bisect_left(names, name)]
        if not names:
            del self._objects[namespace], self._names[namespace]
            del self._namespaces[bisect.bisect_left(self._namespaces, namespace)]

    def listed(self, namespace: str | None) -> Iterator[kinds.Object]:
        """Sorted by (namespace, name)."""
        for one in self._namespaces if namespace is None else (namespace,):
            inside = self._objects.get(one)
            if inside is not None:
                for name in self._names[one]:
                    yield inside[name]
