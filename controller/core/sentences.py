"""How an exit reads: the phrases that status messages, conditions, Events and Pods share."""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping, Sequence
from typing import Any

from controller.core import backoff, records

_PYTHON_FRAME = re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+)')
_PYTHON_ERROR = re.compile(
    r"^(?P<type>[A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit|Warning)): (?P<text>.*)$"
)
_LONGEST = 300


def seconds(value: float) -> str:
    """The one way in which a time that something takes is said: `40ms`, `0.3s`, `12s`, `3m20s`, `2h5m`."""
    if 0.0005 <= value < 0.095:
        return f"{round(value * 1000)}ms"
    if value < 10:
        text = f"{value:.1f}".rstrip("0").rstrip(".")
        return f"{text or '0'}s"
    whole = round(value)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60}s" if whole % 60 else f"{whole // 60}m"
    return f"{whole // 3600}h{whole % 3600 // 60}m" if whole % 3600 // 60 else f"{whole // 3600}h"


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `11th`."""
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }".replace(" ", "")


def several(words: Sequence[str], shown: int = 8) -> str:
    """The first few, and how many more there are."""
    more = f" and {len(words) - shown} more" if len(words) > shown else ""
    return ", ".join(words[:shown]) + more


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def ending(last: records.LastExit) -> str:
    """`exit 1 after 0.3s`, `SIGKILL (out of memory) after 12s`, or why it never started."""
    if last.error:
        return last.error
    what = signal_name(last.signal) if last.signal is not None else f"exit {last.code}"
    what += memory_hint(last)
    when = f"{what} after {seconds(last.seconds)}"
    return f"{when}, before it was ready" if last.boot and last.code == 0 else when


def memory_hint(last: records.LastExit) -> str:
    """What a SIGKILL that nobody here sent may mean: the kernel says so only where it counts."""
    if last.out_of_memory:
        return " (out of memory)"
    if last.signal == signal.SIGKILL and not last.stopped and last.out_of_memory is None:
        return " (possibly out of memory)"
    return ""


def last_words(last: records.LastExit) -> str:
    """The line that says why: a Python error with its place, else the last line that is not blank."""
    if last.cause:
        return last.cause
    if last.exception and not last.error:
        return _exception(last.exception)
    lines = [line.rstrip() for line in last.lines if line.strip()]
    if last.error or not lines:
        return ""
    error = _PYTHON_ERROR.match(lines[-1])
    if error is None:
        return lines[-1].strip()[:_LONGEST]
    text = f"{error['type']} {error['text']}"
    for line in reversed(lines[:-1]):
        frame = _PYTHON_FRAME.match(line)
        if frame is not None:
            return f"{text[:_LONGEST]} ({frame['file']}:{frame['line']})"
    return text[:_LONGEST]


def _exception(told: Mapping[str, Any]) -> str:
    """What the worker itself said it died of."""
    text = f"{told.get('type', '')} {told.get('message', '')}".strip()[:_LONGEST]
    file, line = told.get("file"), told.get("line")
    return f"{text} ({file}:{line})" if file else text


def failure(record: records.Record, next_try: str, why: str = "") -> str:
    """`exit 1 after 0.3s, 7th time: KeyError 'API_KEY' (src/import.py:12); next try in 30s`.

    `why` takes the place of its last words, where something better is known.
    """
    last = record.last
    if last is None:
        return next_try
    text = ending(last)
    if record.counters.failures > 1:
        text += f", {ordinal(record.counters.failures)} time"
    elif hint := quick_exit_hint(record):
        text = hint
    if words := why or last_words(last):
        text += f": {words}"
    return f"{text}; {next_try}" if next_try else text


def quick_exit_hint(record: records.Record) -> str:
    """S4.3: a one-second one-shot declared `restart: always` is told what to write."""
    last, pace = record.last, record.counters.pace
    if last is None or last.code != 0 or record.counters.failures or pace < backoff.HINT_AFTER:
        return ""
    return (
        f"exited 0 after {seconds(last.seconds)}, {ordinal(pace)} time: for a one-off use restart: on_failure"
    )
