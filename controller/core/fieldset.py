"""Sets of field paths: which leaves an object has, and FieldsV1, the way Kubernetes writes such a set.

A path is a tuple of FieldsV1 elements: `("f:spec", "f:env", "f:PORT")`, an item of a keyed list
`'k:{"type":"Ready"}'`, an item of a set list `'v:"job-a"'`. Maps are granular, lists are atomic (one leaf)
except those named in `KEYED` and `SETS`. Source: structured-merge-diff, KEP-555.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from controller.core import fields

Path = tuple[str, ...]
Leaves = dict[Path, Any]

KEYED: Mapping[Path, str] = {
    ("f:status", "f:conditions"): "type",
    ("f:metadata", "f:ownerReferences"): "uid",
}
"""Lists whose items are told apart by one field."""

SETS: frozenset[Path] = frozenset({("f:spec", "f:instances"), ("f:metadata", "f:finalizers")})
"""Lists of scalars where each value is owned by itself."""

UNTRACKED: frozenset[Path] = frozenset(
    {("f:apiVersion",), ("f:kind",)}
    | {
        ("f:metadata", f"f:{name}")
        for name in (
            "name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "selfLink",
            "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields", "generateName",
        )
    }
)  # fmt: skip
"""What nobody owns: identity, and what the server writes."""

_BARE: tuple[Path, ...] = (
    ("f:metadata",),
    ("f:spec",),
    ("f:status",),
    ("f:metadata", "f:labels"),
    ("f:metadata", "f:annotations"),
)
"""Containers that are always meant to be there: empty ones are no leaves."""


def leaves(obj: Mapping[str, Any]) -> Leaves:
    """Every owned path of `obj` with its value; items of keyed and set lists are paths too."""
    found: Leaves = {}
    for key, value in obj.items():
        _collect((f"f:{key}",), value, found)
    for path in _BARE:
        found.pop(path, None)
    return found


def vanished(before: Iterable[Path], after: AbstractSet[Path]) -> frozenset[Path]:
    """The leaves of `before` that are not among those of `after`, and the maps that went with the last of
    theirs: somebody may own such a map as an empty one."""
    gone = frozenset(before) - after
    return gone | (_above(gone) - after - _above(after)) if gone else gone


def _above(paths: Iterable[Path]) -> set[Path]:
    return {path[:length] for path in paths for length in range(1, len(path))}


def _collect(path: Path, value: Any, found: Leaves) -> None:
    if path in UNTRACKED:
        return
    if isinstance(value, dict) and value:
        for key, item in value.items():
            _collect((*path, f"f:{key}"), item, found)
    elif isinstance(value, list) and (elements := items(path, value)):
        for element, item in elements.items():
            below = (*path, element)
            found[below] = None if isinstance(item, dict) else item
            if isinstance(item, dict):
                for key, part in item.items():
                    _collect((*below, f"f:{key}"), part, found)
    else:
        found[path] = value


def items(path: Path, value: list[Any]) -> dict[str, Any] | None:
    """The items of a keyed or set list by their path element; None = the list at `path` is atomic.

    A list that breaks its own rule (an item without key, the same one twice) counts as atomic.
    """
    key = KEYED.get(path)
    if key is not None:
        if not all(isinstance(item, dict) and isinstance(item.get(key), str) for item in value):
            return None
        found = {_element("k:", {key: item[key]}): item for item in value}
    elif path in SETS:
        if not all(isinstance(item, (str, int, float)) for item in value):
            return None
        found = {_element("v:", item): item for item in value}
    else:
        return None
    return found if len(found) == len(value) else None


def value_element(value: Any) -> str:
    """How a set list names one of its values: `v:"job-a"`."""
    return _element("v:", value)


def _element(prefix: str, value: Any) -> str:
    return prefix + json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def encode(paths: Iterable[Path]) -> dict[str, Any]:
    """FieldsV1: a trie in which a member that has members below it carries the key `.`."""
    root: dict[str, Any] = {}
    for path in sorted(paths):
        here = root
        for element in path[:-1]:
            here = here.setdefault(element, {})
        last = path[-1]
        if last.startswith("k:"):
            here.setdefault(last, {})["."] = {}
        else:
            here.setdefault(last, {})
    return root


def decode(trie: Any) -> frozenset[Path]:
    """The members of a FieldsV1 value, whoever wrote it; raises ValueError on what is none.

    Only what can be a leaf counts: the `.` of a map (which other servers write) is dropped.
    """
    found: set[Path] = set()
    _decode((), trie, found)
    return frozenset(found - {()} - UNTRACKED - set(_BARE))


def _decode(path: Path, trie: Any, found: set[Path]) -> None:
    if not isinstance(trie, dict):
        raise ValueError("fieldsV1 is made of objects")
    if not trie:
        found.add(path)
    for element, below in trie.items():
        if element == ".":
            if path and path[-1].startswith(("k:", "v:")):
                found.add(path)
        elif element.startswith(("f:", "k:", "v:", "i:")):
            _decode((*path, element), below, found)
        else:
            raise ValueError(f"fieldsV1 has an element that is none of f:, k:, v:, i: {element}")


def dotted(path: Path) -> str:
    """As conflicts name it: `.spec.env.PORT`, `.status.conditions[type="Ready"].status`."""
    text = ""
    for element in path:
        kind, rest = element[:2], element[2:]
        if kind == "f:":
            text += f".{rest}"
        elif kind == "k:":
            pairs = fields.mapping(json.loads(rest))
            text += "[" + ",".join(f"{key}={json.dumps(value)}" for key, value in pairs.items()) + "]"
        else:
            text += f"[={rest}]"
    return text
