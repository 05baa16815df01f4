"""Runs as a worker of `sdk.py`: times what its library costs from the inside; the samples go to a file."""

from __future__ import annotations

import json
import os
import sys
import time
import timeit
from collections.abc import Callable

import workerset
from workerset import places

NAME = "redis"


def empty() -> None:
    pass


def nanoseconds(statement: str, calls: int) -> float:
    """Of one call."""
    names = {"empty": empty, "get_vars": workerset.get_vars, "ensure": workerset.ensure, "NAME": NAME}
    return timeit.timeit(statement, number=calls, globals=names) * 1e9 / calls


def microseconds(call: Callable[[str], object]) -> float:
    began = time.perf_counter_ns()
    call(NAME)
    return (time.perf_counter_ns() - began) / 1000


def main() -> None:
    calls, trials = int(sys.argv[-2]), int(sys.argv[-1])
    workerset.ensure_vars(NAME)
    found: dict[str, list[float]] = {}

    def note(what: str, value: float) -> None:
        found.setdefault(what, []).append(value)

    for _ in range(15):
        note("empty", nanoseconds("empty()", calls))
        note("get_vars", nanoseconds("get_vars(NAME)", calls))
        with workerset.use_scope("bench"):
            workerset.get_vars(NAME)
            note("get_vars in a scope", nanoseconds("get_vars(NAME)", calls))
        with workerset.request():
            workerset.get_vars(NAME)
            note("get_vars in a request", nanoseconds("get_vars(NAME)", calls))
        note("ensure", nanoseconds("ensure(NAME)", calls))
    here = places.current.get()
    for _ in range(trials * 25):
        here.forget(NAME)
        note("ensure over the socket", microseconds(workerset.ensure))
    with open("figures.new", "w") as file:
        json.dump(found, file)
    os.rename("figures.new", "figures.json")
    workerset.handle().wait()


if __name__ == "__main__":
    main()
