"""Field ownership: who set which field (`metadata.managedFields`), and server-side apply.

A manager is (name, operation, subresource), each with its own set of paths. An update takes what it changes
from everybody else; an apply may not, unless forced. Rules: KEP-555 and Kubernetes' server-side apply.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from controller.core import applying, errors, fields, fieldset, kinds

MOST_UPDATERS = 10
"""More update entries than this are folded into one, as Kubernetes does."""

ANCIENT = "ancient-changes"


@dataclass(frozen=True, slots=True)
class Manager:
    """Who wrote, how and where; the identity of an entry in managedFields."""

    name: str
    operation: str
    subresource: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a manager holds. `time` is when it last changed, by its own doing."""

    paths: frozenset[fieldset.Path]
    time: str
    api_version: str


Entries = dict[Manager, Entry]


def update(
    live: kinds.Object | None, new: kinds.Object, manager: str, operation: str, subresource: str, time: str
) -> kinds.Object:
    """`new` with managedFields as they are after this write: changed fields are this manager's alone.

    A client's own write of managedFields is honoured: what it sent is the starting point (kubectl migrates
    client-side to server-side apply that way), an empty list forgets everybody.
    """
    sent = fields.mapping(new.get("metadata")).get("managedFields")
    held = fields.mapping(live.get("metadata")).get("managedFields") if live else None
    if live is None and sent is None:  # what is new is all its maker's
        owned = Entry(frozenset(fieldset.leaves(new)), time, str(new.get("apiVersion", "")))
        return write(new, {Manager(manager, operation, subresource): owned})
    rewritten = sent is not None and sent != held
    entries = read(sent if rewritten else held)
    before, after = _leaves_apart(live or {}, new, everything=rewritten)
    changed = frozenset(
        path for path, value in after.items() if path not in before or not fields.same(before[path], value)
    )
    gone = fieldset.vanished(before, after.keys())
    if rewritten:
        entries = {who: _less(entry, entry.paths - after.keys()) for who, entry in entries.items()}
    me = Manager(manager, operation, subresource)
    if changed or gone:
        entries = {
            who: entry if who == me else _less(entry, changed | gone) for who, entry in entries.items()
        }
        mine = entries.get(me, Entry(frozenset(), time, ""))
        entries[me] = Entry((mine.paths | changed) - gone, time, str(new.get("apiVersion", "")))
    return write(new, _folded(entries))


def _leaves_apart(
    live: kinds.Object, new: kinds.Object, *, everything: bool
) -> tuple[fieldset.Leaves, fieldset.Leaves]:
    """Leaves of both, less the parts that are the very same value (a status the main path hands through)."""
    shared = {key for key, value in new.items() if not everything and live.get(key) is value}
    return (
        fieldset.leaves({key: value for key, value in live.items() if key not in shared}),
        fieldset.leaves({key: value for key, value in new.items() if key not in shared}),
    )


def apply(
    live: kinds.Object | None,
    config: kinds.Object,
    manager: str,
    force: bool,
    time: str,
    subresource: str = "",
) -> kinds.Object:
    """Server-side apply of `config`; raises Conflict naming every field another manager holds.

    Fields this manager applied before and now leaves out are removed where nobody else holds them.
    """
    base = live or {}
    entries = read(fields.mapping(base.get("metadata")).get("managedFields"))
    me = Manager(manager, "Apply", subresource)
    mine = entries.pop(me, Entry(frozenset(), time, ""))
    wanted = frozenset(fieldset.leaves(config))
    merged = applying.merge(base, config)
    before, after = fieldset.leaves(base), fieldset.leaves(merged)
    changed = frozenset(
        path
        for path in wanted
        if path in after and (path not in before or not fields.same(before[path], after[path]))
    )
    taken = {who: entry.paths & changed for who, entry in entries.items() if entry.paths & changed}
    if taken and not force:
        raise _conflict(taken, entries)
    entries = {who: _less(entry, changed) for who, entry in entries.items()}
    result = applying.remove(merged, mine.paths - wanted, wanted, _all_paths(entries))
    if mine.paths != wanted or changed:
        mine = Entry(wanted, time, str(config.get("apiVersion", "")))
    left = fieldset.leaves(result).keys()
    gone = fieldset.vanished(before.keys() | after.keys(), left)
    entries = {who: _less(entry, gone) for who, entry in entries.items()}
    entries[me] = mine
    return write(result, entries)


def added(obj: kinds.Object, path: fieldset.Path, manager: str, time: str) -> kinds.Object:
    """What `update` says of a fresh object with one more leaf, without looking at all the others."""
    who, entry = Manager(manager, "Update"), Entry(frozenset({path}), time, str(obj.get("apiVersion", "")))
    metadata = obj["metadata"]
    managed = [*metadata.get("managedFields", ()), _encoded(who, entry)]
    managed.sort(key=lambda one: (one["operation"], one.get("time", ""), one["manager"]))
    return {**obj, "metadata": {**metadata, "managedFields": managed}}


def read(managed: Any) -> Entries:
    """managedFields as entries; raises BadRequest on what is malformed. Empty entries mean nothing."""
    entries: Entries = {}
    if managed is not None and not isinstance(managed, list):
        raise errors.BadRequest("metadata.managedFields must be a list")
    for item in managed or ():
        if not item:
            continue
        one = fields.mapping(item)
        who = Manager(
            str(one.get("manager", "")), str(one.get("operation", "")), str(one.get("subresource", ""))
        )
        if who.operation not in ("Apply", "Update"):
            raise errors.BadRequest(f"metadata.managedFields: invalid operation: {who.operation!r}")
        try:
            paths = fieldset.decode(one.get("fieldsV1", {}))
        except ValueError as problem:
            raise errors.BadRequest(f"metadata.managedFields of {who.name}: {problem}") from None
        known = entries.get(who)
        held = known.paths | paths if known else paths
        entries[who] = Entry(held, str(one.get("time", "")), str(one.get("apiVersion", "")))
    return entries


def write(obj: kinds.Object, entries: Mapping[Manager, Entry]) -> kinds.Object:
    """A shallow copy of `obj` whose managedFields are `entries`, ordered as Kubernetes orders them."""
    ordered = sorted(
        ((who, entry) for who, entry in entries.items() if entry.paths),
        key=lambda pair: (pair[0].operation, pair[1].time, pair[0].name, pair[0].subresource),
    )
    metadata = dict(fields.mapping(obj.get("metadata")))
    metadata.pop("managedFields", None)
    if ordered:
        metadata["managedFields"] = [_encoded(who, entry) for who, entry in ordered]
    return {**obj, "metadata": metadata}


def _encoded(who: Manager, entry: Entry) -> dict[str, Any]:
    one: dict[str, Any] = {"manager": who.name, "operation": who.operation, "apiVersion": entry.api_version}
    if entry.time:
        one["time"] = entry.time
    one |= {"fieldsType": "FieldsV1", "fieldsV1": fieldset.encode(entry.paths)}
    if who.subresource:
        one["subresource"] = who.subresource
    return one


def _less(entry: Entry, paths: Iterable[fieldset.Path]) -> Entry:
    """The entry without `paths`; its time stays, since somebody else did it."""
    kept = entry.paths.difference(paths)
    return entry if len(kept) == len(entry.paths) else Entry(kept, entry.time, entry.api_version)


def _all_paths(entries: Entries) -> frozenset[fieldset.Path]:
    return frozenset().union(*(entry.paths for entry in entries.values()))


def _folded(entries: Entries) -> Entries:
    """At most ten update entries: older ones become one, so that scripts with ever new names cost nothing."""
    updaters = sorted(
        (who for who, entry in entries.items() if who.operation == "Update" and entry.paths),
        key=lambda who: (entries[who].time, who.name),
    )
    surplus = updaters[: len(updaters) - MOST_UPDATERS + 1] if len(updaters) > MOST_UPDATERS else []
    if not surplus:
        return entries
    folded = {who: entry for who, entry in entries.items() if who not in surplus}
    newest = entries[surplus[-1]]
    paths = _all_paths({who: entries[who] for who in surplus})
    folded[Manager(ANCIENT, "Update")] = Entry(paths, newest.time, newest.api_version)
    return folded


def _conflict(taken: Mapping[Manager, frozenset[fieldset.Path]], entries: Entries) -> errors.Conflict:
    """In the words of Kubernetes; kubectl prints the message above its own help."""
    causes: list[errors.Cause] = []
    parts: list[str] = []
    for who, paths in sorted(taken.items(), key=lambda pair: (pair[0].name, pair[0].operation)):
        with_whom = f'conflict with "{who.name}"'
        if who.subresource:
            with_whom += f' with subresource "{who.subresource}"'
        if who.operation == "Update":
            with_whom += f" using {entries[who].api_version}"
            with_whom += f" at {entries[who].time}" if entries[who].time else ""
        names = [fieldset.dotted(path) for path in sorted(paths)]
        causes += [errors.Cause("FieldManagerConflict", with_whom, name) for name in names]
        parts.append(
            f"{with_whom}:" + ("".join(f"\n- {name}" for name in names) if len(names) > 1 else f" {names[0]}")
        )
    count = f"{len(causes)} conflict" + ("s" if len(causes) > 1 else "")
    return errors.Conflict(f"Apply failed with {count}: " + "\n".join(parts), causes=causes)
