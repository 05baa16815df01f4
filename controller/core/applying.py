"""The two halves of server-side apply on values: merge a configuration in, take forgotten fields out.

Knows list kinds (`fieldset.KEYED`, `fieldset.SETS`), not managers. Results share nothing mutable with inputs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from controller.core import fields, fieldset, kinds

Path = fieldset.Path


def merge(live: kinds.Object, config: kinds.Object) -> kinds.Object:
    """Maps merge, keyed and set lists merge by item, everything else is replaced."""
    result = fields.copy(live)
    for key, value in config.items():
        path = (f"f:{key}",)
        result[key] = _merged(path, result[key], value) if key in result else fields.copy(value)
    return dict(result)


def _merged(path: Path, old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        for key, value in new.items():
            below = (*path, f"f:{key}")
            old[key] = _merged(below, old[key], value) if key in old else fields.copy(value)
        return old
    if isinstance(old, list) and isinstance(new, list):
        held, wanted = fieldset.items(path, old), fieldset.items(path, new)
        if held is not None and wanted is not None:
            for element, item in wanted.items():
                below = (*path, element)
                held[element] = _merged(below, held[element], item) if element in held else fields.copy(item)
            return list(held.values())
    return fields.copy(new)


def remove(
    obj: kinds.Object, forgotten: Iterable[Path], wanted: frozenset[Path], held_by_others: frozenset[Path]
) -> kinds.Object:
    """`obj` (owned by the caller) without `forgotten` paths that neither `wanted` nor others hold.

    Topmost first, so that a list item goes with its key field; an item in which others hold a field stays,
    with its key. A map or list emptied thereby goes too, unless somebody holds it.
    """
    kept = _with_ancestors(wanted | held_by_others)
    gone: set[Path] = set()
    for path in sorted(forgotten, key=len):
        if path in kept or any(path[:length] in gone for length in range(1, len(path))):
            continue
        if _is_key_of_item(path):
            continue
        if _take(obj, path, kept):
            gone.add(path)
    return obj


def _with_ancestors(paths: Iterable[Path]) -> set[Path]:
    return {path[:length] for path in paths for length in range(1, len(path) + 1)}


def _is_key_of_item(path: Path) -> bool:
    """`conditions[type="Ready"].type`: it identifies the item, so only the item can go."""
    if len(path) < 2 or not path[-2].startswith("k:"):
        return False
    return path[-1] == f"f:{fieldset.KEYED.get(path[:-2], '')}"


def _take(obj: Any, path: Path, kept: set[Path]) -> bool:
    """Remove what `path` names, then every ancestor it leaves empty; False if nothing was there."""
    chain: list[tuple[Any, Any, Path]] = []
    here = obj
    for depth, element in enumerate(path):
        step = _step(here, path[:depth], element)
        if step is None:
            return False
        chain.append((here, step, path[: depth + 1]))
        here = here[step]
    for number, (container, step, name) in enumerate(reversed(chain)):
        if number and (container[step] or name in kept or len(name) == 1):
            break
        del container[step]
    return True


def _step(container: Any, path: Path, element: str) -> Any:
    """The key or index under which `element` lies in `container`, None if it does not."""
    if element.startswith("f:"):
        name = element[2:]
        return name if isinstance(container, dict) and name in container else None
    if not isinstance(container, list):
        return None
    for index, name in enumerate(fieldset.items(path, container) or ()):
        if name == element:
            return index
    return None
