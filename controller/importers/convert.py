"""Values of other formats as ours: times, sizes, signals, patterns. ValueError has a sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping

from controller.core import quantity, signals

_TRUE = frozenset({"true", "yes", "on", "1", "t", "y"})
_FALSE = frozenset({"false", "no", "off", "0", "f", "n"})
_TIME = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([a-zµ]*)\s*")
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kmgt]?)(i?)b?", re.IGNORECASE)

SECONDS = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1.0),
    **dict.fromkeys(("ms", "msec"), 0.001),
    **dict.fromkeys(("us", "usec", "µs"), 0.000001),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
}
_LONGEST = 86400 * 3650


def truth(text: str) -> bool:
    if text.strip().lower() in _TRUE:
        return True
    if text.strip().lower() in _FALSE:
        return False
    raise ValueError(f"neither true nor false: {text}")


def number(text: str) -> int:
    if not re.fullmatch(r"[-+]?[0-9]{1,9}", text.strip()):
        raise ValueError(f"not a whole number: {text}")
    return int(text)


def duration(text: str, unit: float = 1.0, units: Mapping[str, float] = SECONDS) -> str:
    """`90`, `1m30s`, `5 min` in our form; a bare number counts in `unit` seconds."""
    parts = _TIME.findall(text.strip())
    if not parts or _TIME.sub("", text.strip()):
        raise ValueError(f"not a length of time: {text}")
    total = 0.0
    for amount, word in parts:
        if word and word not in units:
            raise ValueError(f"not a length of time: {text}")
        total += float(amount) * (units[word] if word else unit)
    if total > _LONGEST:
        raise ValueError(f"longer than ten years: {text}")
    return quantity.format_duration(total)


def size(text: str) -> str:
    """`512M`, `1g`, `50MB`, `100000`: binary units, as all of these programs have it."""
    found = _SIZE.fullmatch(text.strip())
    if not found:
        raise ValueError(f"not a size: {text}")
    scale = 1024 ** " kmgt".index(found[2].lower() or " ")
    return quantity.format_size(round(float(found[1]) * scale))


def stop_signal(text: str) -> str:
    """`TERM`, `SIGTERM`, `15`."""
    import signal

    word = text.strip().upper()
    if word.isdecimal():
        try:
            word = signal.Signals(int(word)).name
        except ValueError:
            raise ValueError(f"no such signal: {text}") from None
    word = word if word.startswith("SIG") else f"SIG{word}"
    if word not in signals.NUMBERS:
        raise ValueError(f"a worker cannot be stopped with it: {text}")
    return word


def umask(text: str) -> str:
    if not re.fullmatch(r"0?o?[0-7]{1,4}", text.strip()):
        raise ValueError(f"not an octal mask: {text}")
    return f"{int(text.strip().replace('o', ''), 8):03o}"


def pattern(path: str) -> str:
    """A path to watch: a folder stands for all that is in it."""
    path = path.removeprefix("./").rstrip("/")
    if path in ("", "."):
        return "**"
    last = path.rpartition("/")[2]
    is_file = any(char in path for char in "*?[") or "." in last.lstrip(".")
    return path if is_file else f"{path}/**"
