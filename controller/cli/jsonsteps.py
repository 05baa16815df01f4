"""The steps a JSONPath is made of: each turns a list of values into a list of values.

Semantics are those of Kubernetes' templates (kubernetes.io, "JSONPath Support"): a missing key is no
value, not an error; an index out of range is one. Parsing is in `jsonpath.py`.
"""

from __future__ import annotations

from controller.cli import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    Step = Callable[[list[Any], Any], list[Any]]
    """(current values, the whole object) → the next values."""


def run(steps: Sequence[Step], values: list[Any], root: Any) -> list[Any]:
    for step in steps:
        values = step(values, root)
    return values


def whole(_values: list[Any], root: Any) -> list[Any]:
    """`$`."""
    return [root]


def itself(values: list[Any], _root: Any) -> list[Any]:
    """`@`."""
    return values


def wildcard(values: list[Any], _root: Any) -> list[Any]:
    """`*`, `[*]`: every value of a mapping, every item of a list."""
    found: list[Any] = []
    for value in values:
        found += value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return found


def descend(values: list[Any], _root: Any) -> list[Any]:
    """`..`: the values and everything below that has parts, in document order."""
    found: list[Any] = []
    for value in values:
        below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        if below:
            found.append(value)
            found += descend(list(below), _root)
    return found


def field(name: str) -> Step:
    def step(values: list[Any], _root: Any) -> list[Any]:
        return [value[name] for value in values if isinstance(value, dict) and name in value]

    return step


def key(whole_names: Sequence[str], names: Sequence[str]) -> Step:
    """`['a.b']`: a key of that very name, else the path it spells (as kubectl reads it)."""

    def step(values: list[Any], _root: Any) -> list[Any]:
        found: list[Any] = []
        for value in values:
            literal = next((one for one in whole_names if isinstance(value, dict) and one in value), None)
            if literal is not None:
                found.append(value[literal])
                continue
            for name in names:
                value = value.get(name) if isinstance(value, dict) else None
            if value is not None:
                found.append(value)
        return found

    return step


def item(index: int) -> Step:
    """`[n]`; negative counts from the end."""

    def step(values: list[Any], _root: Any) -> list[Any]:
        found = []
        for value in values:
            if value is None:
                continue
            if not isinstance(value, list):
                raise errors.CliError(f"jsonpath: [{index}] needs a list, found {_kind(value)}")
            if not -len(value) <= index < len(value):
                raise errors.CliError(
                    f"jsonpath: array index out of bounds: index {index}, length {len(value)}"
                )
            found.append(value[index])
        return found

    return step


def part(start: int | None, end: int | None, stride: int | None) -> Step:
    """`[start:end:step]`, clipped to what is there."""

    def step(values: list[Any], _root: Any) -> list[Any]:
        found: list[Any] = []
        for value in values:
            if value is None:
                continue
            if not isinstance(value, list):
                raise errors.CliError(f"jsonpath: a slice needs a list, found {_kind(value)}")
            found += value[start:end:stride]
        return found

    return step


def union(branches: Sequence[Sequence[Step]]) -> Step:
    """`[a,b]`."""

    def step(values: list[Any], root: Any) -> list[Any]:
        return [found for branch in branches for found in run(branch, values, root)]

    return step


def literal(value: Any) -> Step:
    """A quoted text or a number inside braces stands for itself."""

    def step(_values: list[Any], _root: Any) -> list[Any]:
        return [value]

    return step


def select(left: Sequence[Step], operator: str, right: Sequence[Step]) -> Step:
    """`[?(left operator right)]`: items of lists for which it holds; without operator: the left exists."""

    def holds(value: Any, root: Any) -> bool:
        lefts = run(left, [value], root)
        if not operator:
            return bool(lefts)
        rights = run(right, [value], root)
        return bool(lefts) and bool(rights) and _compare(lefts[0], operator, rights[0])

    def step(values: list[Any], root: Any) -> list[Any]:
        found: list[Any] = []
        for value in values:
            if value is None:
                continue
            if not isinstance(value, list):
                raise errors.CliError(f"jsonpath: a filter needs a list, found {_kind(value)}")
            found += [one for one in value if holds(one, root)]
        return found

    return step


def _compare(left: Any, operator: str, right: Any) -> bool:
    """Values of two types are unequal and in no order."""
    same = isinstance(left, bool) == isinstance(right, bool) and (
        isinstance(left, type(right)) or (isinstance(left, int | float) and isinstance(right, int | float))
    )
    if operator in ("==", "="):
        return same and bool(left == right)
    if operator == "!=":
        return not same or bool(left != right)
    if not same or not isinstance(left, int | float | str):
        return False
    if operator == "<":
        return bool(left < right)
    if operator == "<=":
        return bool(left <= right)
    return bool(left > right) if operator == ">" else bool(left >= right)


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    return "a text" if isinstance(value, str) else f"the value {value}"
