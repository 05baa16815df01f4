"""Instances in `describe`: the names a set runs, who asked for them, what they have published. Pure."""

from __future__ import annotations

from controller.cli import tables, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    Object = dict[str, Any]

NAME = "workerset.dev/worker-name"
_BY_MANIFEST = "manifest"


def lines(obj: Object, pods: Sequence[Object], published: Sequence[Object], now: float) -> list[str]:
    """The table of a background set; nothing for others."""
    if not (obj.get("spec") or {}).get("background"):
        return []
    found = (obj.get("status") or {}).get("instances") or ()
    if not found:
        return ["Instances:   none"]
    vars_of = {str(one["name"]): one for one in published}
    rows: list[tuple[str, ...]] = [
        ("NAME", "STATE", "WORKER", "ENSURED BY", "SINCE", "GENERATION", "VARS AGE", "SIZE")
    ]
    rows += [_row(one, _workers(one, pods), vars_of.get(str(one["name"]), {}), now) for one in found]
    return ["Instances:", *(f"  {line}" for line in text.columns(rows))]


def of_pod(pod: Object, owner: Object, published: Sequence[Object], now: float) -> list[tuple[str, str]]:
    """What `describe pod` says of the name that the worker runs under."""
    if not (owner.get("spec") or {}).get("background"):
        return []
    name = name_of(pod)
    pairs = [("Answers to", tables.cell(name))]
    scope = (owner.get("spec") or {}).get("scope")
    pairs.append(("Scope", tables.cell(scope) if scope else ""))
    for one in (owner.get("status") or {}).get("instances") or ():
        if one.get("name") == name and one.get("ensuredBy"):
            since = text.age_of(str(one.get("since") or ""), now)
            pairs.append(("Ensured by", f"{', '.join(one['ensuredBy'])}, {since} ago"))
    return pairs + [("Vars", _told(facts)) for facts in published if facts["name"] == name]


def _row(one: Object, workers: Sequence[str], facts: Mapping[str, Any], now: float) -> tuple[str, ...]:
    owners = one.get("ensuredBy") or ()
    generation, age, size = cells(facts)
    return (
        tables.cell(one.get("name")),
        str(one.get("state") or ""),
        text.some_of(workers) or "-",
        ", ".join(owners) or _BY_MANIFEST,
        text.age_of(str(one.get("since") or ""), now) if owners else "-",
        generation,
        age,
        size,
    )


def cells(facts: Mapping[str, Any]) -> tuple[str, str, str]:
    """Generation, age and size of what a name has published; dashes where there is nothing."""
    if "problem" in facts:
        return str(facts["generation"]), "damaged", "-"
    if "ageSeconds" not in facts:
        return "-", "-", "-"
    return str(facts["generation"]), text.age(facts["ageSeconds"]), _size(facts["bytes"])


def _told(facts: Mapping[str, Any]) -> str:
    if "problem" in facts:
        return str(facts["problem"])
    generation, age, size = cells(facts)
    return "never published" if generation == "-" else f"generation {generation}, {age} ago, {size}"


def _size(count: int) -> str:
    return f"{count}B" if count < 10_240 else f"{count >> 10}Ki"


def _workers(one: Object, pods: Iterable[Object]) -> list[str]:
    return [str(pod["metadata"]["name"]) for pod in pods if name_of(pod) == one.get("name")]


def name_of(pod: Object) -> str:
    """The worker name that a Pod runs under."""
    return str((pod["metadata"].get("annotations") or {}).get(NAME) or "")
