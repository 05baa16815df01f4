"""The order of `--sort-by`: by what the column holds.

A column of numbers, Kubernetes quantities (`512Mi`, `500m`), durations (`1m30s`) or RFC 3339 stamps sorts by
value, anything else naturally (`web-2` before `web-10`). What lacks the field comes first, as in kubectl.
"""

from __future__ import annotations

import re

from controller.cli import text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

_QUANTITY = re.compile(r"([+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)(n|u|m|k|[KMGTPE]i?)?")
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|us|ns|s|m|h|d))+")
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|us|ns|s|m|h|d)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_FACTORS = {"n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3}
_FACTORS |= {letter: 1000.0**power for power, letter in enumerate("KMGTPE", 1) if letter != "K"}
_FACTORS |= {f"{letter}i": 1024.0**power for power, letter in enumerate("KMGTPE", 1)}


def order(values: Sequence[Any]) -> list[int]:
    """The positions of `values`, sorted; equal ones keep their order."""
    measure = _measure([value for value in values if value is not None])
    keys = [(0, 0) if value is None else (1, measure(value)) for value in values]
    return sorted(range(len(keys)), key=keys.__getitem__)


def _measure(present: Sequence[Any]) -> Callable[[Any], Any]:
    """One measure that fits the whole column, so that the order is total."""
    if not all(isinstance(value, str | int | float) and not isinstance(value, bool) for value in present):
        return lambda value: natural(_text(value))
    for measure in (_stamp, _quantity_of_column(present), _duration, _quantity):
        if all(measure(value) is not None for value in present):
            return measure
    return lambda value: natural(_text(value))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        import json

        return json.dumps(value, sort_keys=True)
    return str(value)


def natural(word: str) -> tuple[tuple[int, int, str], ...]:
    """Runs of digits compare as numbers; the text itself decides between `01` and `1`."""
    parts = tuple(
        (1, int(part), "") if part.isdecimal() else (2, 0, part) for part in re.split(r"(\d+)", word) if part
    )
    return (*parts, (0, 0, word))


def _quantity_of_column(present: Sequence[Any]) -> Callable[[Any], float | None]:
    """`5m` is a quantity unless something beside it can only be a duration."""
    words = [value for value in present if isinstance(value, str)]
    if any(_DURATION.fullmatch(word) and not _QUANTITY.fullmatch(word) for word in words):
        return lambda _value: None
    return _quantity


def _quantity(value: Any) -> float | None:
    if isinstance(value, int | float):
        return float(value)
    found = _QUANTITY.fullmatch(value)
    return float(found[1]) * _FACTORS[found[2] or ""] if found else None


def _duration(value: Any) -> float | None:
    if isinstance(value, int | float) or value == "0":
        return float(value)
    if not _DURATION.fullmatch(value):
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in _DURATION_PART.findall(value))


def _stamp(value: Any) -> float | None:
    return text.epoch(value) if isinstance(value, str) else None
