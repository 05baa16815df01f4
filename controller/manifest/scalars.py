"""What a plain scalar means: the types YAML 1.1 and 1.2 readers see in it.

`typed` is used for fields that are numbers or booleans; `env`, `args` and `command` take the text as
written (S1.6), and `is_changed_by_others` says where another reader would not.
"""

from __future__ import annotations

import math
import re

_CONSTANTS: dict[str, bool | None] = {
    **{form: True for word in ("yes", "true", "on") for form in (word, word.title(), word.upper())},
    **{form: False for word in ("no", "false", "off") for form in (word, word.title(), word.upper())},
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
}
_MAY_BE_NUMBER = frozenset("0123456789+-.")
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9_]*)")
_OTHER_BASE = re.compile(r"([-+]?)0(x[0-9a-fA-F_]+|o[0-7]+|b[01_]+|[0-7_]+)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(
    r"[-+]?0[0-7_]+|[-+]?0b[01_]+|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*"  # integers of YAML 1.1
    r"|[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?"  # its floats
    r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"  # base 60
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
    r"|\d{4}-\d\d?-\d\d?(?:(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::?\d\d)?))?)?"
    r"|[yYnN]|="
)


def typed(text: str) -> str | int | float | bool | None:
    """The value of a plain scalar: null, boolean, number or text. Never infinite, never a date."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in _MAY_BE_NUMBER or len(text) > 40:
        return text
    if _INTEGER.fullmatch(text):
        return int(text.replace("_", ""))
    if match := _OTHER_BASE.fullmatch(text):
        return _other_base(text, match)
    if _FLOAT.fullmatch(text):
        number = float(text.replace("_", ""))
        return number if math.isfinite(number) else text
    return text


def is_null(text: str) -> bool:
    return _CONSTANTS.get(text, text) is None


def is_changed_by_others(text: str) -> bool:
    """True where a reader of YAML 1.1 or 1.2 sees something else than this text in a plain scalar."""
    return not isinstance(typed(text), str) or _SPECIAL.fullmatch(text) is not None


def _other_base(text: str, match: re.Match[str]) -> str | int:
    digits = match[2].replace("_", "")
    base = {"x": 16, "o": 8, "b": 2}.get(digits[:1], 8)
    digits = digits.lstrip("xob") if base != 8 or digits[:1] == "o" else digits
    try:
        return int(match[1] + digits, base)
    except ValueError:
        return text
