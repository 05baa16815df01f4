"""The decoded state, and its way into bytes and back: what the database holds is what stands here.

Knows objects, records, settings and counters; nothing of transactions' order or of watches.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from controller import ports
from controller.core import errors, kinds
from controller.store import batch, db, memory, work

VERSION = "version"
"""The counter no version may be below after a restart."""

DELETED = "deleted:"
"""Prefix of the counters that hold the newest deletion of each durable resource."""

_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False)

Record = Mapping[str, object]
Owners = Mapping[str, str]
_Value = TypeVar("_Value")


@dataclass(slots=True)
class Image:
    """Everything in memory. `late` are objects whose rows are older than they are (`Store.update`)."""

    shelves: dict[str, memory.Shelf] = field(default_factory=dict)
    records: dict[tuple[str, str], dict[str, Record]] = field(default_factory=dict)
    ensures: dict[tuple[str, str], dict[str, Owners]] = field(default_factory=dict)
    settings: dict[str, object] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    late: set[batch.ObjectId] = field(default_factory=set)

    def shelf(self, resource: str) -> memory.Shelf:
        found = self.shelves.get(resource)
        if found is None:
            found = self.shelves[resource] = memory.Shelf()
        return found

    def set_record(self, namespace: str, workerset: str, worker: str, record: Record | None) -> None:
        """Replaces the mapping of the set, so that one handed out earlier never changes."""
        _set_within(self.records, (namespace, workerset), worker, record)

    def set_ensure(self, namespace: str, workerset: str, name: str, owners: Owners | None) -> None:
        _set_within(self.ensures, (namespace, workerset), name, owners)

    def batch_of(self, pending: work.Pending) -> batch.Batch:
        """The last state of what was touched; every object is encoded once, for the disk and for watchers."""
        result = batch.Batch()
        last: dict[batch.ObjectId, ports.Change] = {}
        due: set[batch.ObjectId] = set()
        for change in pending.changes:
            if change.resource.durable:
                key = key_of(change.object)
                name = change.resource.qualified
                where = name, key.namespace, key.name
                last[where] = change
                if not change.derived:
                    due.add(where)
                if change.type == "DELETED":
                    result.counters[DELETED + name] = change.version
        self.late |= last.keys() - due
        for where, change in last.items():
            if where not in due:
                continue
            gone = change.type == "DELETED"
            result.objects[where] = None if gone else (change.version, change.encoded("json", dump))
        for namespace, workerset, worker in pending.records:
            record = self.records.get((namespace, workerset), {}).get(worker)
            result.records[namespace, workerset, worker] = None if record is None else dump(record)
        for namespace, workerset, name in pending.ensures:
            owners = self.ensures.get((namespace, workerset), {}).get(name)
            result.ensures[namespace, workerset, name] = None if owners is None else dump(owners)
        for name in pending.settings:
            result.settings[name] = dump(self.settings.get(name))
        return result

    def put_off(self) -> batch.Batch:
        """The rows of what is late."""
        result = batch.Batch()
        for resource, namespace, name in self.late:
            obj = self.shelf(resource).get(namespace, name)
            if obj is not None:
                result.objects[resource, namespace, name] = _version_of(obj), dump(obj)
        return result

    def written(self, changes: batch.Batch) -> None:
        """They are in the database."""
        self.counters |= changes.counters
        self.late.difference_update(changes.objects)

    def everything(self) -> batch.Batch:
        """All durable state, for a file that has to be written anew."""
        result = batch.Batch(counters=dict(self.counters))
        for kind in kinds.RESOURCES:
            for obj in self.shelf(kind.qualified).listed(None) if kind.durable else ():
                key = key_of(obj)
                result.objects[kind.qualified, key.namespace, key.name] = _version_of(obj), dump(obj)
        for (namespace, workerset), records in self.records.items():
            for worker, record in records.items():
                result.records[namespace, workerset, worker] = dump(record)
        for (namespace, workerset), ensures in self.ensures.items():
            for name, owners in ensures.items():
                result.ensures[namespace, workerset, name] = dump(owners)
        result.settings = {name: dump(value) for name, value in self.settings.items()}
        return result


def _set_within(
    table: dict[tuple[str, str], dict[str, _Value]], where: tuple[str, str], name: str, value: _Value | None
) -> None:
    changed = {**table.get(where, {})}
    if value is None:
        changed.pop(name, None)
    else:
        changed[name] = value
    if changed:
        table[where] = changed
    else:
        table.pop(where, None)


def load(held: batch.Contents, path: str) -> tuple[Image, dict[str, int]]:
    """The image of a database, and the newest version of each resource in it; raises `db.Damaged`."""
    image = Image(counters=held.counters)
    newest: dict[str, int] = {}
    try:
        for resource, namespace, name, version, body in held.objects:
            image.shelf(resource).put(namespace, name, json.loads(body))
            newest[resource] = max(newest.get(resource, 0), version)
        for namespace, workerset, worker, body in held.records:
            image.records.setdefault((namespace, workerset), {})[worker] = json.loads(body)
        for namespace, workerset, raw, body in held.ensures:
            ensures = image.ensures.setdefault((namespace, workerset), {})
            ensures[raw.decode("utf-8", "surrogatepass")] = json.loads(body)
        image.settings = {name: json.loads(body) for name, body in held.settings}
    except ValueError as problem:
        raise db.Damaged(f"{problem}: {path}") from problem
    return image, newest


def key_of(obj: kinds.Object) -> kinds.Key:
    meta = obj["metadata"]
    return kinds.Key(meta.get("namespace", ""), meta["name"])


def stamped(obj: kinds.Object, version: str) -> kinds.Object:
    return {**obj, "metadata": {**obj["metadata"], "resourceVersion": version}}


def about(
    problem: type[errors.StatusError], what: str, resource: kinds.Resource, key: kinds.Key
) -> errors.StatusError:
    text = f'{resource.qualified} "{key.name}" {what}'
    return problem(text, kind=resource.plural, name=key.name, group=resource.group)


def _version_of(obj: kinds.Object) -> int:
    return int(obj["metadata"]["resourceVersion"])


def dump(value: Any) -> bytes:
    """ASCII JSON: a worker's name may hold bytes that are no UTF-8, as lone surrogates."""
    try:
        return _ENCODER.encode(value).encode()
    except ValueError as problem:
        raise errors.BadRequest(f"a value cannot be stored: {problem}") from problem
