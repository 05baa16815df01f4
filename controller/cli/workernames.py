"""The names of background workers as sets declare and run them, for completion. Pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    Object = dict[str, Any]


def known(sets: Iterable[Object], scope: str | None) -> list[str]:
    """Names of sets, and those that run in catch-alls; of one scope, or of all."""
    found = []
    for obj in _background(sets, scope):
        found += [obj["spec"]["name"]] if obj["spec"].get("name") else []
        found += obj["spec"].get("instances") or ()
    return sorted(set(found))


def ensured(sets: Iterable[Object], scope: str | None) -> list[str]:
    """Those that somebody has ensured."""
    found = set()
    for obj in _background(sets, scope):
        listed = (obj.get("status") or {}).get("instances") or ()
        found |= {str(one["name"]) for one in listed if one.get("ensuredBy")}
    return sorted(found)


def scopes(sets: Iterable[Object]) -> list[str]:
    return sorted({str(obj["spec"]["scope"]) for obj in _background(sets, None) if obj["spec"].get("scope")})


def _background(sets: Iterable[Object], scope: str | None) -> Iterator[Object]:
    for obj in sets:
        spec = obj.get("spec") or {}
        if spec.get("background") and scope in (None, spec.get("scope") or ""):
            yield obj
