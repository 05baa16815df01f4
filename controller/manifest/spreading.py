"""Examining many files side by side: who gets which, and how results come back.

Who runs the shares is the caller's business (`Spread`): this part starts nothing.
"""

from __future__ import annotations

import functools
import heapq
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from controller.manifest import diagnostics, examine, files

Work = Callable[[], bytes]

PER_FILE = 400
"""What opening a file costs, in bytes of text."""

LEAST = 60_000
"""Bytes that a process must have to do, or it costs more than it saves."""


@dataclass(frozen=True, slots=True)
class Spread:
    """At most `most` shares; `run` does them all, in any order, and gives their results in order."""

    most: int
    run: Callable[[Sequence[Work]], Sequence[bytes]]


def examine_all(
    found: Sequence[files.Found],
    examiner: examine.Examiner,
    stdin: TextIO | None,
    spread: Spread | None,
) -> list[examine.FileResult]:
    """Every file, in order. With `spread`, in shares where that pays, and no document of a file is kept."""
    if spread is None:
        return [examiner.file(files.read_one(one, stdin)) for one in found]
    results: dict[int, examine.FileResult] = {}
    if shared := shares(found, spread.most):
        works = [functools.partial(_examine_share, share, found, examiner) for share in shared]
        for share, answer in zip(shared, spread.run(works), strict=True):
            results.update(zip(share, map(_decoded, json.loads(answer)), strict=True))
    return [
        results[place] if place in results else _examine_one(one, examiner, stdin)
        for place, one in enumerate(found)
    ]


def shares(found: Sequence[files.Found], most: int) -> list[list[int]]:
    """Places of files in at most `most` shares of like weight, the heaviest files dealt first.

    Standard input, and what is no file, stay with the caller.
    """
    weights = {
        place: one.size + PER_FILE
        for place, one in enumerate(found)
        if isinstance(one, files.Place) and one.path != "-"
    }
    count = min(most, sum(weights.values()) // LEAST)
    if count < 2:
        return []
    dealt: list[tuple[int, int, list[int]]] = [(0, nth, []) for nth in range(count)]
    for place in sorted(weights, key=lambda place: weights[place], reverse=True):
        weight, nth, share = heapq.heappop(dealt)
        share.append(place)
        heapq.heappush(dealt, (weight + weights[place], nth, share))
    return [sorted(share) for _, _, share in sorted(dealt, key=lambda one: one[1])]


def _examine_one(
    one: files.Found, examiner: examine.Examiner, stdin: TextIO | None = None
) -> examine.FileResult:
    """Standard input cannot be read a second time, so its documents are kept."""
    is_stdin = isinstance(one, files.Place) and one.path == "-"
    return examiner.file(files.read_one(one, stdin), keep=is_stdin)


def _examine_share(share: Sequence[int], found: Sequence[files.Found], examiner: examine.Examiner) -> bytes:
    return json.dumps([_encoded(_examine_one(found[place], examiner)) for place in share]).encode()


def _encoded(result: examine.FileResult) -> list[Any]:
    return [result.name, result.was_read, [_encoded_one(one) for one in result.examined]]


def _encoded_one(one: examine.Examined) -> list[Any]:
    told = [_encoded_diagnostic(diagnostic) for diagnostic in one.diagnostics]
    return [one.line, one.index, one.kind, one.namespace, one.name, one.sound, told]


def _encoded_diagnostic(one: diagnostics.Diagnostic) -> list[Any]:
    shown = one.excerpt and [one.excerpt.text, one.excerpt.column, one.excerpt.length]
    return [one.line, one.column, one.path, one.code, one.message, one.fix, one.severity, shown]


def _decoded(encoded: list[Any]) -> examine.FileResult:
    name, was_read, documents = encoded
    return examine.FileResult(name, was_read, tuple(_decoded_one([name, *one]) for one in documents))


def _decoded_one(encoded: list[Any]) -> examine.Examined:
    encoded[-1] = tuple(_decoded_diagnostic([encoded[0], *one]) for one in encoded[-1])
    return examine.Examined(*encoded)


def _decoded_diagnostic(encoded: list[Any]) -> diagnostics.Diagnostic:
    encoded[-1] = encoded[-1] and diagnostics.Excerpt(*encoded[-1])
    return diagnostics.Diagnostic(*encoded)
