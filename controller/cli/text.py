"""Plain text for people: columns, ages, durations, lists of names. Pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def columns(rows: Sequence[Sequence[str]], gap: int = 3) -> list[str]:
    """Aligned to the left, the last column as it is, nothing trailing."""
    widths: list[int] = []
    for row in rows:
        for index, cell in enumerate(row[:-1]):
            if index == len(widths):
                widths.append(0)
            widths[index] = max(widths[index], len(cell))
    lines = []
    for row in rows:
        cells = [f"{cell:<{widths[index] + gap}}" for index, cell in enumerate(row[:-1])]
        lines.append(("".join(cells) + row[-1]).rstrip())
    return lines


def age(seconds: float) -> str:
    """`45s`, `3m20s`, `5h12m`, `3d4h`, `90d`: as kubectl's HumanDuration."""
    whole = int(max(seconds, 0))
    if whole < 120:
        return f"{whole}s"
    minutes = whole // 60
    if minutes < 10:
        return f"{minutes}m{whole % 60}s" if whole % 60 else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    hours = minutes // 60
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    days = hours // 24
    if days < 8:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    return f"{days}d"


def age_of(stamp: str, now: float) -> str:
    """The age of an RFC 3339 stamp; `<unknown>` where there is none."""
    at = epoch(stamp)
    return "<unknown>" if at is None else age(now - at)


def epoch(stamp: str) -> float | None:
    """Seconds since the epoch of an RFC 3339 stamp; None if it is none. Nanoseconds are cut."""
    import re
    from datetime import datetime

    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(\.\d+)?([Zz]|[+-]\d\d:?\d\d)", stamp or "")
    if not found:
        return None
    day, clock, fraction, zone = found.groups()
    try:
        at = datetime.fromisoformat(f"{day}T{clock}{'+00:00' if zone in 'Zz' else zone}")
    except ValueError:
        return None
    return at.timestamp() + float(fraction or 0)


def plural(count: int, word: str) -> str:
    """`1 worker`, `3 workers`."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def some_of(names: Sequence[str], limit: int = 2) -> str:
    """`web-1`, `web-1 and web-2`, `web-1, web-2 and 3 more`."""
    if len(names) <= 1:
        return "".join(names)
    if len(names) <= limit:
        return f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{', '.join(names[:limit])} and {len(names) - limit} more"


def indent(text: str, width: int = 2) -> str:
    return "\n".join(" " * width + line for line in text.splitlines())
