"""Strategic merge patch, as far as the views of Pods' owners need it: lists of named items merge by name.

Kubernetes' "strategic merge patch" with its directives `$patch`, `$deleteFromPrimitiveList` and
`$retainKeys`; `$setElementOrder` orders what is new behind what is there. Results share nothing with inputs.
"""

from __future__ import annotations

from typing import Any

from controller.core import errors, fields

_KEYS = {
    "containers": "name",
    "env": "name",
    "conditions": "type",
    "ownerReferences": "uid",
    "ports": "containerPort",
}
"""Lists that merge, and by what."""

_PATCH, _RETAIN, _ORDER, _DELETE = "$patch", "$retainKeys", "$setElementOrder/", "$deleteFromPrimitiveList/"


def merge(target: Any, change: dict[str, Any]) -> dict[str, Any]:
    """`target` with `change` applied. Raises BadRequest for a directive that is none."""
    directive = change.get(_PATCH, "merge")
    if directive not in ("merge", "replace", "delete"):
        raise errors.BadRequest(f"a strategic merge patch has merge, replace or delete, not: {directive!r}")
    if directive != "merge":
        return {} if directive == "delete" else _plain(change)
    result: dict[str, Any] = fields.copy(target) if isinstance(target, dict) else {}
    if isinstance(change.get(_RETAIN), list):
        result = {key: value for key, value in result.items() if key in change[_RETAIN]}
    for key, value in change.items():
        if key.startswith(_DELETE):
            _without(result, key.removeprefix(_DELETE), value)
        elif key in (_PATCH, _RETAIN) or key.startswith(_ORDER):
            continue
        elif value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            result[key] = merge(result.get(key), value)
        elif isinstance(value, list) and key in _KEYS:
            result[key] = _merged_list(result.get(key), value, _KEYS[key])
        else:
            result[key] = fields.copy(value)
    return result


def _plain(change: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = fields.copy({key: value for key, value in change.items() if key != _PATCH})
    return found


def _without(result: dict[str, Any], key: str, values: Any) -> None:
    if isinstance(result.get(key), list) and isinstance(values, list):
        result[key] = [one for one in result[key] if one not in values]


def _merged_list(there: Any, change: list[Any], key: str) -> list[Any]:
    """Items found by their key are merged, in their place; new ones follow."""
    items = list(there) if isinstance(there, list) else []
    if any(isinstance(one, dict) and one.get(_PATCH) == "replace" and len(one) == 1 for one in change):
        items = []
    for one in change:
        if not isinstance(one, dict):
            raise errors.BadRequest(f"items of a list that merges by {key} must be objects: {one!r}")
        if one == {_PATCH: "replace"}:
            continue
        if key not in one:
            raise errors.BadRequest(f"an item of a list that merges by {key} needs it: {one!r}")
        at = next(
            (n for n, old in enumerate(items) if isinstance(old, dict) and old.get(key) == one[key]), None
        )
        if one.get(_PATCH) == "delete":
            if at is not None:
                del items[at]
        elif at is None:
            items.append(merge(None, one))
        else:
            items[at] = merge(items[at], one)
    return items
