"""Cycles in a directed graph of names: who waits for whom (S1.2, S3.7)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)


def find_cycles(edges: Mapping[Node, Iterable[Node]]) -> tuple[tuple[Node, ...], ...]:
    """One cycle for each place where the search meets its own path, as `(a, b, c)` for a → b → c → a.

    Empty exactly if the graph has none. Iterative, since chains may be longer than Python's stack.
    """
    done: set[Node] = set()
    cycles: list[tuple[Node, ...]] = []
    for root in edges:
        if root in done:
            continue
        path: list[Node] = [root]
        places = {root: 0}
        branches = [iter(edges[root])]
        while branches:
            following = next(branches[-1], None)
            if following is None:
                branches.pop()
                finished = path.pop()
                del places[finished]
                done.add(finished)
            elif following in places:
                cycles.append(tuple(path[places[following] :]))
            elif following not in done:
                places[following] = len(path)
                path.append(following)
                branches.append(iter(edges.get(following, ())))
    return tuple(cycles)
