"""Ints of any size as decimal text, past the limit that `int()` and `str()` have (4,300 digits by default).

The limit is against input of strangers; it is a setting of the whole process, so a library must not touch it.
"""

from __future__ import annotations

_STEP = 512
"""Digits that are under any limit: the least that can be set is 640."""
_BASE = 10**_STEP


def text(value: int) -> str:
    """`str(value)`."""
    try:
        return int.__repr__(value)
    except ValueError:
        return ("-" if value < 0 else "") + _digits(abs(value))


def _digits(value: int) -> str:
    pieces = []
    while value:
        value, rest = divmod(value, _BASE)
        pieces.append(str(rest).zfill(_STEP))
    return "".join(reversed(pieces)).lstrip("0")


def parse(digits: str) -> int:
    """`int(digits)` of what `text` wrote."""
    sign = digits.startswith("-")
    value = 0
    first = (len(digits) - sign) % _STEP or _STEP
    position = int(sign)
    for end in range(position + first, len(digits) + 1, _STEP):
        value = value * _BASE + int(digits[position:end])
        position = end
    return -value if sign else value
