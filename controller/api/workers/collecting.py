"""Puts what was asked for into the store: all of one turn of the loop in one commit (S3.2).

A write here is an ordinary one: the record, and the set's list with it under its own field owner. It is not
flushed to the disk, since a power cut is a reboot, which ends what was ensured anyway.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from controller import ports
from controller.core import ensured, errors, kinds, refusals

Refresh = Callable[[Iterable[kinds.Key]], None]
"""Makes the engine look at sets whose objects did not change."""

Names = dict[str, set[str]]
"""Names that are asked for → their new owners."""


class Collector:
    """`add` and `release` return once it is committed."""

    def __init__(self, store: ports.Store, now: Callable[[], str], refresh: Refresh) -> None:
        self._store, self._now, self._refresh = store, now, refresh
        self._adding: dict[kinds.Key, Names] = {}
        self._commit: asyncio.Future[None] | None = None
        self._listed: dict[kinds.Key, tuple[object, frozenset[str]]] = {}

    def taken(self, key: kinds.Key) -> tuple[Collection[str], Collection[str]]:
        """The names that have a place in a set, and those about to that have none yet."""
        obj = self._store.find(kinds.WORKERSETS, key)
        listed = () if obj is None else obj["spec"].get("instances") or ()
        of, names = self._listed.get(key, (None, frozenset()))
        if of is not listed:
            names = frozenset(listed)
            self._listed[key] = listed, names
        return names, self._adding.get(key, {}).keys() - names

    def held(self, key: kinds.Key) -> dict[str, ensured.Owners]:
        """The same names, together: who asked for them, since when."""
        obj = self._store.find(kinds.WORKERSETS, key)
        ensures = self._store.ensures(key.namespace, key.name)
        listed = () if obj is None else obj["spec"].get("instances") or ()
        coming = self._adding.get(key, {})
        now = self._now()
        found: dict[str, ensured.Owners] = {name: ensures.get(name, {}) for name in listed}
        for name, owners in coming.items():
            found[name] = {**dict.fromkeys(owners, now), **found.get(name, {})}
        return found

    def has(self, key: kinds.Key, name: str, owner: str) -> bool:
        """Whether that is recorded already."""
        return owner in self._store.ensures(key.namespace, key.name).get(name, {})

    async def add(self, wanted: Iterable[tuple[kinds.Key, str]], owner: str) -> None:
        """Record that `owner` asks for these names. Raises Refusal if it cannot be written."""
        for key, name in wanted:
            self._adding.setdefault(key, {}).setdefault(name, set()).add(owner)
        if self._commit is None:
            loop = asyncio.get_running_loop()
            self._commit = loop.create_future()
            loop.call_soon(self._write)
        await asyncio.shield(self._commit)

    def release(self, wanted: Iterable[tuple[kinds.Key, str]], owner: str) -> list[str]:
        """`owner` asks no more (the command line: nobody does); returns the names it had asked for."""
        released: list[str] = []
        touched: dict[kinds.Key, ensured.Ensures | None] = {}
        with _refused(), self._store.transaction():
            for key, name in wanted:
                owners = self._store.ensures(key.namespace, key.name).get(name, {})
                gone = owners.keys() if owner == ensured.COMMAND_LINE else owners.keys() & {owner}
                if not gone:
                    continue
                left = {one: since for one, since in owners.items() if one not in gone}
                self._store.put_ensure(key.namespace, key.name, name, left or None)
                released.append(name)
                touched[key] = None
            self._render(touched)
        self._refresh(touched)
        return released

    def _write(self) -> None:
        adding, commit = self._adding, self._commit
        self._adding, self._commit = {}, None
        if commit is None:
            return
        try:
            with _refused(), self._store.transaction():
                unchanged = self._render({key: self._record(key, names) for key, names in adding.items()})
        except refusals.Refusal as refusal:
            commit.set_exception(refusal)
            commit.exception()  # looked at: a caller that is gone asks no more
        else:
            self._refresh(unchanged)
            commit.set_result(None)

    def _record(self, key: kinds.Key, names: Names) -> ensured.Ensures:
        """Returns those that nobody had asked for."""
        ensures = self._store.ensures(key.namespace, key.name)
        now = self._now()
        fresh: dict[str, ensured.Owners] = {}
        for name, owners in names.items():
            asked = {**dict.fromkeys(sorted(owners), now), **ensures.get(name, {})}
            self._store.put_ensure(key.namespace, key.name, name, asked)
            if name not in ensures:
                fresh[name] = asked
        return fresh

    def _render(self, keys: Mapping[kinds.Key, ensured.Ensures | None]) -> list[kinds.Key]:
        """Returns the sets whose object stays as it is, which nobody would hear of. What is given with a key
        are names that have come since it was rendered last; None: others are gone."""
        unchanged = []
        for key, fresh in keys.items():
            obj = self._store.find(kinds.WORKERSETS, key)
            if obj is None:
                continue
            now, rendered = self._now(), None
            if fresh is not None:
                rendered = ensured.added(obj, fresh, now)
            if rendered is None:
                rendered = ensured.render(obj, self._store.ensures(key.namespace, key.name), now)
            if rendered is obj:
                unchanged.append(key)
            else:
                self._store.update(kinds.WORKERSETS, rendered, derived=fresh is not None)
        return unchanged


@contextlib.contextmanager
def _refused() -> Iterator[None]:
    """What the store cannot write now becomes the worker's error."""
    try:
        yield
    except errors.StatusError as problem:
        raise refusals.Refusal(refusals.Kind.UNAVAILABLE, problem.message) from problem
