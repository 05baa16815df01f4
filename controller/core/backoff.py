"""Pace and giving up: two counters and a formula (S4.1–S4.5). Pure arithmetic, no clock."""

from __future__ import annotations

from dataclasses import dataclass

QUICK_SECONDS = 1.0
"""An exit this soon after the start counts towards the pace whatever its code (S4.2)."""

LONGEST_WAIT_SECONDS = 1.0
STEP_SECONDS = 0.1
HINT_AFTER = 5
"""Quick clean exits in a row before the one-shot hint is shown (S4.3)."""


@dataclass(frozen=True, slots=True)
class Counters:
    """`failures` decides on giving up (S4.3), `pace` on how long to wait (S4.2)."""

    failures: int = 0
    pace: int = 0


ZERO = Counters()


def after_exit(counters: Counters, *, clean: bool, alive_seconds: float) -> Counters:
    """S4.2–S4.4: a clean exit resets the failures, and the pace too if the run lasted a second."""
    quick = alive_seconds < QUICK_SECONDS
    if clean:
        return Counters(0, counters.pace + 1 if quick else 0)
    return Counters(counters.failures + 1, counters.pace + 1)


def wait_seconds(pace: int) -> float:
    """S4.2: 0, 0.1, 0.4, 0.9, 1, 1 … seconds before run number pace + 1."""
    steps = min(max(pace - 1, 0), 10)
    return min(LONGEST_WAIT_SECONDS, steps * steps * STEP_SECONDS)


def gives_up(failures: int, most: int) -> bool:
    """S4.5: failure number most + 1 is one too many; -1 = never."""
    return 0 <= most < failures


def first_retry_is_free(counters: Counters, most: int) -> bool:
    """S4.5a: should it exit now, whatever the code, the next run would start at once."""
    return wait_seconds(counters.pace + 1) == 0 and not gives_up(counters.failures + 1, most)


def retry_wait_seconds(pace: int, retry_after_seconds: float) -> float | None:
    """S4.5: how long a given-up worker rests; None = until something changes."""
    if retry_after_seconds <= 0:
        return None
    return max(retry_after_seconds, wait_seconds(pace))
