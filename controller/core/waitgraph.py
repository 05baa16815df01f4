"""Who waits for whom (S3.7): a wait that would close a cycle is found before it begins. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Node = tuple[str, str, str]
"""Namespace, scope and name of an instance."""


def closes(waits: Mapping[Node, Iterable[Node]], caller: Node, wanted: Iterable[Node]) -> tuple[Node, ...]:
    """The cycle that `caller` waiting for `wanted` would close, as (caller, …, caller); empty if none.

    `waits` are the waits that there are: from each instance to those it waits for.
    """
    came_from: dict[Node, Node] = {}
    reached: list[Node] = []
    for one in wanted:
        if one not in came_from:
            came_from[one] = caller
            reached.append(one)
    while reached:
        here = reached.pop()
        if here == caller:
            return _path(came_from, caller)
        for further in waits.get(here, ()):
            if further not in came_from:
                came_from[further] = here
                reached.append(further)
    return ()


def _path(came_from: Mapping[Node, Node], caller: Node) -> tuple[Node, ...]:
    path = [caller]
    here = came_from[caller]
    while here != caller:
        path.append(here)
        here = came_from[here]
    return (caller, *reversed(path[1:]), caller)


def told(cycle: Iterable[Node]) -> str:
    """`a → b → a`; the scope only where it is not the global one."""
    return " → ".join(f"{scope}/{name}" if scope else name for _, scope, name in cycle)
