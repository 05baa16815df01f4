"""JSON text to values, or to why it is none."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from controller.manifest import locate

_MESSAGES: tuple[tuple[str, str, str], ...] = (
    ("property name", "a key in double quotes is missing", "add it, or remove the comma before"),
    ("trailing comma", "a comma too many", "remove it"),
    ("',' delimiter", "a comma is missing", "add it, or close what is open"),
    ("':' delimiter", "a colon is missing", "add it after the key"),
    ("Expecting value", "a value is missing", "add it"),
    ("Extra data", "text after the end", "write several objects as the items of a List"),
    ("Unterminated string", "the quotation mark is not closed", "close it"),
    (
        "control character",
        "a text cannot hold this character as it is",
        "write a line feed as \\n, a tab as \\t",
    ),
    ("escape", "no such escape", "double the backslash"),
)
"""Part of the parser's message → what it means, and what to do."""


class _Duplicate(ValueError):
    pass


def parse(text: str) -> tuple[Any, locate.TextProblem | None]:
    """The value, or why it is none. Duplicate keys, NaN and broken surrogates are refused (S1.3)."""
    try:
        value = json.loads(text, object_pairs_hook=_pairs, parse_constant=_constant)
        if "\\ud" in text.lower():
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        rows = ((found, what) for part, found, what in _MESSAGES if part in error.msg)
        message, fix = next(rows, (f"not JSON: {error.msg[0].lower()}{error.msg[1:]}", ""))
        return None, locate.TextProblem(error.lineno - 1, error.colno - 1, message, fix)
    except _Duplicate as error:
        from controller.manifest import jsonnodes  # PyYAML's nodes: only for what is wrong

        return None, jsonnodes.duplicate(text, str(error))
    except UnicodeEncodeError:
        detail = "half of a surrogate pair is no character"
        return None, locate.TextProblem(0, 0, detail, "write the character itself, or both escapes")
    except RecursionError:
        return None, locate.TextProblem(0, 0, "nested too deep", "look for brackets that are not closed")
    except ValueError as error:
        return None, locate.TextProblem(0, 0, f"not JSON: {error}")
    return value, None


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _Duplicate(key)
            seen.add(key)
    return made


def _constant(name: str) -> NoReturn:
    raise ValueError(f"no such number in JSON: {name}")
