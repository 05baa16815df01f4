"""The seam to what is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Literal, Protocol

from controller.core import kinds


@dataclass(frozen=True, slots=True)
class Change:
    """One watch event; `previous` is the object before it (None for ADDED), to judge selectors by. `derived`:
    see `Store.update`."""

    type: Literal["ADDED", "MODIFIED", "DELETED"]
    resource: kinds.Resource
    object: kinds.Object
    previous: kinds.Object | None
    version: int
    derived: bool = False
    encodings: dict[str, bytes] = field(default_factory=dict, compare=False, repr=False)

    def encoded(self, form: str, encode: Callable[[kinds.Object], bytes]) -> bytes:
        """`object` in a form such as `json`, encoded by whoever asks first, once for all watchers."""
        found = self.encodings.get(form)
        if found is None:
            found = self.encodings[form] = encode(self.object)
        return found


class Subscription(Protocol):
    """A watch. Iterate for batches of changes; a reader that falls too far behind gets `errors.Expired`."""

    def __aiter__(self) -> AsyncIterator[Sequence[Change]]: ...

    def close(self) -> None: ...


class Store(Protocol):
    """Objects and records behind one counter.

    Synchronous: a write is committed when the call returns, or at the end of the enclosing `transaction()`.
    Objects of resources with `durable=False` (Pods) live in memory only but share versions and watches.
    Raises `errors.*`; on a full disk `errors.StorageFull` with nothing written.
    """

    def get(self, resource: kinds.Resource, key: kinds.Key) -> kinds.Object:
        """Raises NotFound."""
        ...

    def find(self, resource: kinds.Resource, key: kinds.Key) -> kinds.Object | None: ...

    def list(
        self, resource: kinds.Resource, namespace: str | None = None
    ) -> tuple[Sequence[kinds.Object], int]:
        """Objects sorted by (namespace, name), and the version they are of."""
        ...

    def create(self, resource: kinds.Resource, obj: kinds.Object) -> kinds.Object:
        """Stores with a new resourceVersion; raises AlreadyExists. Uid and timestamps are the caller's."""
        ...

    def update(
        self,
        resource: kinds.Resource,
        obj: kinds.Object,
        *,
        expected_version: str | None = None,
        derived: bool = False,
    ) -> kinds.Object:
        """Replace. Equal content: nothing written, the stored object returned. Raises NotFound, Conflict.

        `derived`: what is new follows from what is durable otherwise (`ensures`). It is written with the next
        change of the object that is not; whoever opens the store after a crash has to derive it again.
        """
        ...

    def delete(
        self, resource: kinds.Resource, key: kinds.Key, *, expected_version: str | None = None
    ) -> kinds.Object:
        """Remove; returns the last object with its deletion's version. Raises NotFound, Conflict."""
        ...

    def version(self) -> int: ...

    def watch(
        self, resource: kinds.Resource, namespace: str | None = None, *, since: int | None = None
    ) -> Subscription:
        """Changes after `since` (None = from now). Raises Expired if they are no longer held."""
        ...

    def subscribe(self, listener: Callable[[Change], None]) -> None:
        """Every change of every kind, called once committed; for the engine's queue."""
        ...

    def transaction(self, *, durable: bool = False) -> AbstractContextManager[None]:
        """Group writes into one commit; `durable` also waits for the disk (a user's write)."""
        ...

    def record(self, namespace: str, workerset: str) -> Mapping[str, Mapping[str, object]]:
        """Run records of a set by worker name."""
        ...

    def put_record(
        self, namespace: str, workerset: str, worker: str, record: Mapping[str, object] | None
    ) -> None:
        """Write or (None) remove one run record."""
        ...

    def ensures(self, namespace: str, workerset: str) -> Mapping[str, Mapping[str, str]]:
        """What workers asked for of a set: worker name → who asked for it → since when (S3.2).

        The very same mapping while nothing about it changes; one handed out never does.
        """
        ...

    def put_ensure(self, namespace: str, workerset: str, name: str, owners: Mapping[str, str] | None) -> None:
        """Write or (None) remove who asks for one name."""
        ...

    def setting(self, name: str) -> object:
        """A small durable value (base environment, high-water marks); None if absent."""
        ...

    def put_setting(self, name: str, value: object) -> None: ...
