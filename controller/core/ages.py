"""Ages as kubectl prints them: `5s`, `3m20s`, `2d` (apimachinery, HumanDuration); `now` is an argument."""

from __future__ import annotations

from typing import Any

from controller.core import stamps

UNKNOWN = "<unknown>"

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_YEAR = 365 * _DAY


def age(stamp: Any, now: float) -> str:
    """How long ago an RFC 3339 time was; `<unknown>` for anything else."""
    moment = born(stamp)
    return UNKNOWN if moment is None else duration(now - moment)


def born(stamp: Any) -> float | None:
    """When an RFC 3339 time was; None for anything else."""
    if not isinstance(stamp, str) or not stamp:
        return None
    try:
        return stamps.parse(stamp)
    except ValueError:
        return None


def duration(seconds: float) -> str:
    """Two units at most, and the second one only where the first says little."""
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    if whole < 2 * _MINUTE:
        return f"{max(whole, 0)}s"
    if whole < 10 * _MINUTE:
        return _two(whole, _MINUTE, "m", 1, "s")
    if whole < 3 * _HOUR:
        return f"{whole // _MINUTE}m"
    if whole < 8 * _HOUR:
        return _two(whole, _HOUR, "h", _MINUTE, "m")
    if whole < 2 * _DAY:
        return f"{whole // _HOUR}h"
    if whole < 8 * _DAY:
        return _two(whole, _DAY, "d", _HOUR, "h")
    if whole < 2 * _YEAR:
        return f"{whole // _DAY}d"
    if whole < 8 * _YEAR:
        return _two(whole, _YEAR, "y", _DAY, "d")
    return f"{whole // _YEAR}y"


def _two(whole: int, big: int, big_name: str, small: int, small_name: str) -> str:
    rest = whole % big // small
    return f"{whole // big}{big_name}{rest}{small_name}" if rest else f"{whole // big}{big_name}"
