"""Durations, sizes and cpu as people write them (S1.6): text to number and back, nothing else."""

from __future__ import annotations

import functools
import math
import re

_DURATION = re.compile(r"(?:[0-9]{1,9}(?:\.[0-9]{1,9})?(?:ms|s|m|h))+")
_DURATION_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}

_SIZE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,9})?)(k|M|G|T|Ki|Mi|Gi|Ti)?")
_BYTES = {
    "": 1,
    "k": 1000,
    "M": 1000**2,
    "G": 1000**3,
    "T": 1000**4,
    "Ki": 1024,
    "Mi": 1024**2,
    "Gi": 1024**3,
    "Ti": 1024**4,
}

_CPU = re.compile(r"([0-9]{1,7})m|([0-9]{1,5}(?:\.[0-9]{1,3})?)")


@functools.lru_cache(maxsize=256)
def parse_duration(text: str) -> float:
    """Seconds of `500ms`, `30s`, `1m30s`. Raises ValueError with a sentence."""
    if not _DURATION.fullmatch(text):
        raise ValueError(f"not a duration such as 500ms, 30s or 1m30s: {text}")
    if text.endswith("ms") and text[:-2].isdigit():
        return int(text[:-2]) / 1000
    return sum(float(number) * _SECONDS[unit] for number, unit in _DURATION_PART.findall(text))


def whole_seconds(text: str) -> int:
    """A duration as Kubernetes' whole seconds, never shorter. Raises ValueError with a sentence."""
    return math.ceil(parse_duration(text))


def format_duration(seconds: float) -> str:
    """The shortest exact form of whole milliseconds: `1m30s`, `500ms`, `0s`."""
    milliseconds = round(seconds * 1000)
    if milliseconds < 0:
        return f"-{format_duration(-seconds)}"
    if milliseconds < 1000:
        return f"{milliseconds}ms" if milliseconds else "0s"
    rest, milliseconds = divmod(milliseconds, 1000)
    minutes, seconds_left = divmod(rest, 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{hours}h" if hours else "", f"{minutes}m" if minutes else ""]
    parts.append(f"{seconds_left}s" if seconds_left else "")
    parts.append(f"{milliseconds}ms" if milliseconds else "")
    return "".join(parts)


def parse_size(value: str | int) -> int:
    """Bytes of `10Mi`, `500M`, `1.5Gi` or a plain number. Raises ValueError with a sentence."""
    match = _SIZE.fullmatch(str(value))
    if not match:
        raise ValueError(f"not a size such as 512Ki, 10Mi or 1Gi: {value}")
    number, unit = match[1], match[2] or ""
    return round(float(number) * _BYTES[unit]) if "." in number else int(number) * _BYTES[unit]


def format_size(size: int) -> str:
    """The largest binary unit that divides it: `10Mi`."""
    for unit in ("Ti", "Gi", "Mi", "Ki"):
        if size and size % _BYTES[unit] == 0:
            return f"{size // _BYTES[unit]}{unit}"
    return str(size)


def parse_cpu(value: str | float) -> float:
    """Cores of `500m`, `2` or `1.5`. Raises ValueError with a sentence."""
    match = _CPU.fullmatch(str(value))
    if not match:
        raise ValueError(f"not an amount of cpu such as 500m or 2: {value}")
    return int(match[1]) / 1000 if match[1] else float(match[2])


def number_of_share(value: int | str) -> int:
    """The number of `2` or of `25%`."""
    return int(value.removesuffix("%")) if isinstance(value, str) else int(value)
