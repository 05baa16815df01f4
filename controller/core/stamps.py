"""Times as Kubernetes writes them (RFC 3339, UTC). Pure: the seconds are arguments."""

from __future__ import annotations

import functools
from datetime import UTC, datetime


def rfc3339(wall: float) -> str:
    """`metav1.Time`: whole seconds, `2024-05-01T10:14:02Z`."""
    return _whole(int(wall))


@functools.lru_cache(maxsize=256)  # one pass asks for the same few seconds over and over
def _whole(wall: int) -> str:
    return datetime.fromtimestamp(wall, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def rfc3339_micro(wall: float) -> str:
    """`metav1.MicroTime`: six digits of a second, always."""
    return datetime.fromtimestamp(wall, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse(text: str) -> float:
    """Seconds since the epoch; raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"a time needs a zone, such as Z: {text}")
    return moment.timestamp()
