"""Names that workers asked for, as part of a set's `spec.instances` (S3.2).

The records are the truth: whatever a write does to the list, what is ensured is put back in, under an owner
of its own in `managedFields`. It raises no generation, which counts what was declared: an ensure neither
revives what was given up nor makes a set look unobserved.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from controller.core import fieldset, kinds, notes, resolution, sentences

MANAGER = "workerset-ensure"
COMMAND_LINE = "workerctl"
"""The owner of what `workerctl ensure` asked for."""

Owners = Mapping[str, str]
"""Who asked for a name → since when (RFC 3339)."""

Ensures = Mapping[str, Owners]

NONE: Ensures = {}

_LEAF: dict[str, Any] = {}


def none() -> Ensures:
    """Always the very same empty mapping."""
    return NONE


def owner_of(key: kinds.Key) -> str:
    """A set as the owner of what its workers asked for."""
    return str(key)


def accepts(spec: Mapping[str, Any], name: str) -> bool:
    """A catch-all lists any name, a named set its own, others none."""
    if not spec.get("background"):
        return False
    return "name" not in spec or spec["name"] == name


def declared(obj: kinds.Object) -> tuple[str, ...]:
    """The names in `instances` that somebody wrote there, in order."""
    listed: Sequence[str] = obj["spec"].get("instances") or ()
    if not listed:
        return ()
    mine, others = _held(obj)
    alone = mine - others
    return tuple(listed) if not alone else tuple(one for one in listed if _element(one) not in alone)


def fitting(obj: kinds.Object) -> kinds.Object:
    """Without the ensured names that the spec, as it is to be, cannot list: nobody wrote those."""
    spec = obj.get("spec")
    listed = spec.get("instances") if isinstance(spec, dict) else None
    if not isinstance(spec, dict) or not isinstance(listed, list):
        return obj
    mine, others = _held(obj)
    kept = [
        one
        for one in listed
        if not isinstance(one, str) or accepts(spec, one) or _element(one) not in mine - others
    ]
    if len(kept) == len(listed):
        return obj
    changed = {key: value for key, value in spec.items() if key != "instances"}
    return {**obj, "spec": {**changed, "instances": kept} if kept else changed}


def render(obj: kinds.Object, ensures: Ensures, now: str) -> kinds.Object:
    """`obj` with declared ∪ ensured as its `instances`, the declared first, then by time.

    The very same object if that is so already. Names it cannot list are left out.
    """
    spec = obj["spec"]
    mine, others = _held(obj)
    if not ensures and not mine:
        return obj
    wanted = {_element(name): name for name in ensures if accepts(spec, name)}
    listed: Sequence[str] = spec.get("instances") or ()
    alone = mine - others
    by_hand = [one for one in listed if _element(one) not in alone]
    kept = [one for one in listed if (what := _element(one)) in alone and what in wanted]
    known = {*by_hand, *kept}
    fresh = sorted(
        (name for name in wanted.values() if name not in known),
        key=lambda name: (min(ensures[name].values()), name),
    )
    names = [*by_hand, *kept, *fresh]
    if names == list(listed) and wanted.keys() == mine:
        return obj
    changed = {key: value for key, value in spec.items() if key != "instances"}
    if names or ("instances" in spec and not listed):
        changed["instances"] = names
    return {**obj, "spec": changed, "metadata": _owned(obj, dict.fromkeys(wanted, _LEAF), now)}


def added(obj: kinds.Object, fresh: Ensures, now: str) -> kinds.Object | None:
    """What `render` says of an object that is rendered, where these names have come: at the cost of what is
    new. None where it takes a look at everything."""
    if not fresh:
        return obj
    spec = obj["spec"]
    listed: Sequence[str] = spec.get("instances") or ()
    elements = {name: _element(name) for name in fresh}
    tries = _tries(obj)
    mine = [trie for ours, trie in tries if ours]
    is_new = elements.keys().isdisjoint(listed) and len(mine) < 2
    if not is_new or not all(accepts(spec, name) for name in fresh):
        return None
    if not all(trie.keys().isdisjoint(elements.values()) for _, trie in tries):
        return None
    changed = {key: value for key, value in spec.items() if key != "instances"}
    come = sorted(fresh, key=lambda name: (min(fresh[name].values()), name))
    changed["instances"] = [*listed, *come]
    items = dict.fromkeys(elements.values(), _LEAF)
    return {**obj, "spec": changed, "metadata": _owned(obj, {**(mine[0] if mine else {}), **items}, now)}


def told(before: Ensures, after: Ensures, why: Mapping[str, str]) -> list[notes.Note]:
    """What to say about names that are asked for now and were not, or the other way round."""
    found = []
    come, left = after.keys() - before.keys(), before.keys() - after.keys()
    new = [f"{name} by {', '.join(after[name])}" for name in _in_order(come, after)]
    gone = [f"{name} ({why[name]})" if name in why else name for name in _in_order(left, before)]
    if new:
        found.append(notes.Note("Ensured", f"ensured {sentences.several(new)}", count=len(new)))
    if gone:
        found.append(notes.Note("Released", f"no longer ensured: {sentences.several(gone)}", count=len(gone)))
    return found


def _in_order(names: Collection[str], of: Ensures) -> Iterable[str]:
    return filter(names.__contains__, of) if names else ()


def settled(
    directory: resolution.Directory, held: Mapping[kinds.Key, Ensures], there: Collection[str]
) -> dict[tuple[kinds.Key, str], Owners | None]:
    """Records that change so that each is with the set that answers to its name; None = removed.

    `there` are the owners that exist. A name nobody answers to, or that nobody who exists asks for, has none.
    """
    before = {(key, name): owners for key, ensures in held.items() for name, owners in ensures.items()}
    after: dict[tuple[kinds.Key, str], dict[str, str]] = {}
    for (key, name), owners in before.items():
        source = directory.sets.get(key)
        target = None if source is None else _answering(directory, source.scope, name)
        if target is None:
            continue
        for owner, since in owners.items():
            if owner in there:
                known = after.setdefault((target.key, name), {})
                known[owner] = min(since, known.get(owner, since))
    changed = {where: after.get(where) for where, owners in before.items() if after.get(where) != owners}
    return {**changed, **{where: owners for where, owners in after.items() if where not in before}}


def why_gone(directory: resolution.Directory, source: kinds.Key, name: str) -> str:
    """Of a record that `settled` takes from a set: in a few words."""
    held = directory.sets.get(source)
    found = None if held is None else _answering(directory, held.scope, name)
    if found is None:
        return "no set answers to it" if held else f"{source.name} is no background set any more"
    return "whoever asked is gone" if found.key == source else f"set {found.key.name} answers to it now"


def _answering(directory: resolution.Directory, scope: str, name: str) -> resolution.Declared | None:
    found = directory.find(scope, name)
    if found is not None and found.is_catch_all and resolution.is_own_name(found, name):
        return None
    return found


@functools.lru_cache(maxsize=16384)  # a write renders all names of its set, which are mostly the same ones
def _element(name: str) -> str:
    return fieldset.value_element(name)


def _held(obj: kinds.Object) -> tuple[set[str], set[str]]:
    """The items of `instances` that we hold, and those that others do."""
    mine: set[str] = set()
    others: set[str] = set()
    for ours, trie in _tries(obj):
        (mine if ours else others).update(trie)
    return mine, others


def _tries(obj: kinds.Object) -> list[tuple[bool, dict[str, Any]]]:
    """Who holds which items of `instances`: whether we do, and them, as they stand in `managedFields`."""
    found = []
    for entry in obj["metadata"].get("managedFields") or ():
        if not isinstance(entry, dict):
            continue
        trie = entry.get("fieldsV1")
        below = trie.get("f:spec") if isinstance(trie, dict) else None
        items = below.get("f:instances") if isinstance(below, dict) else None
        if isinstance(items, dict):
            found.append((_is_ours(entry), items))
    return found


def _is_ours(entry: Mapping[str, Any]) -> bool:
    return entry.get("manager") == MANAGER and entry.get("operation") == "Update"


def _owned(obj: kinds.Object, items: dict[str, Any], now: str) -> dict[str, Any]:
    meta: dict[str, Any] = dict(obj["metadata"])
    entries = [one for one in meta.pop("managedFields", ()) if not _is_ours(one)]
    if items:
        entries.append(
            {
                "manager": MANAGER,
                "operation": "Update",
                "apiVersion": obj.get("apiVersion", ""),
                "time": now,
                "fieldsType": "FieldsV1",
                "fieldsV1": {"f:spec": {"f:instances": items}},
            }
        )
        entries.sort(key=_order)
    if entries:
        meta["managedFields"] = entries
    return meta


def _order(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """As Kubernetes orders them."""
    return tuple(str(entry.get(name, "")) for name in ("operation", "time", "manager", "subresource"))
