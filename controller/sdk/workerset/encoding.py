"""From vars to bytes (`codec.py`): what may be published, where what may not be is, and how it is written."""

from __future__ import annotations

import binascii
import json
import sys
from json.encoder import encode_basestring

from . import bigint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

DEPTH = 256
"""Dicts and lists in each other, the outermost counted."""

_ALLOWED = "publish None, bool, int, float, str, bytes, list, dict or an enum member"
_INSTEAD = {
    "tuple": "a list",
    "set": "a list",
    "frozenset": "a list",
    "bytearray": "bytes",
    "memoryview": "bytes",
    "Decimal": "a str or a float",
    "datetime": "a str or a number",
    "date": "a str",
    "PosixPath": "a str",
    "UUID": "a str",
}


class _Refused(Exception):
    """On its way up; each container adds where it was."""

    def __init__(self, why: str) -> None:
        self.why = why
        self.at: list[Any] = []


def encode(mapping: Mapping[Any, Any]) -> bytes:
    """The body of a payload. `ValueError` names the place of what cannot be published: `vars["a"][3]: …`."""
    if not isinstance(mapping, dict):
        mapping = _as_dict(mapping)
    try:
        try:
            return _text(mapping, _LEAVES).encode()
        except UnicodeEncodeError:
            _text(mapping, {**_LEAVES, str: _checked_str})
            raise
    except _Refused as refused:
        raise ValueError(f"vars{_place(refused.at[::-1])}: {refused.why}") from None


def _as_dict(mapping: Any) -> dict[Any, Any]:
    from collections.abc import Mapping

    if not isinstance(mapping, Mapping):
        raise TypeError(f"vars: cannot publish {_a(type(mapping))}: publish a dict")
    return dict(mapping)


def _text(mapping: Any, leaves: dict[type, Callable[[Any], str]]) -> str:
    out: list[str] = []
    _put(mapping, out, DEPTH, leaves)
    return "".join(out)


def _put(value: Any, out: list[str], room: int, leaves: dict[type, Callable[[Any], str]]) -> None:
    """One function for all, so that a level of nesting costs one frame."""
    leaf = leaves.get(type(value))
    if leaf is not None:
        out.append(leaf(value))
        return
    if not isinstance(value, (dict, list)):
        out.append(_other(value, leaves))
        return
    if room == 0:
        raise _Refused(
            f"nested too deep, more than {DEPTH} levels: publish something flatter, or without a cycle"
        )
    tagged = isinstance(value, dict) and _needs_map(value)
    opening = '{"$map":[' if tagged else "{" if isinstance(value, dict) else "["
    at: Any = 0
    try:
        for at, item in enumerate(value) if isinstance(value, list) else value.items():
            out.append(opening)
            if tagged:
                out.append("[" + _key(at, leaves) + ",")
                _put(item, out, room - 1, leaves)
                opening = "],"
            else:
                if isinstance(value, dict):
                    out.append(leaves[str](at) + ":")
                _put(item, out, room - 1, leaves)
                opening = ","
    except _Refused as refused:
        refused.at.append(at)
        raise
    if not value:
        out.append(opening)
    out.append("]]}" if tagged else "}" if isinstance(value, dict) else "]")


def _needs_map(value: dict[Any, Any]) -> bool:
    for key in value:
        if type(key) is not str:
            return True
    return len(value) == 1 and next(iter(value)).startswith("$")


def _key(key: Any, leaves: dict[type, Callable[[Any], str]]) -> str:
    if isinstance(key, bool) or _is_enum(key) or not isinstance(key, (str, int)):
        raise _Refused(f"a key is {_a(type(key))}: keys are str or int")
    return leaves[str](str(key)) if isinstance(key, str) else bigint.text(key)


def _other(value: Any, leaves: dict[type, Callable[[Any], str]]) -> str:
    """Members of enums, and subclasses of the simple types, which arrive as those."""
    if _is_enum(value):
        return _enum_text(value)
    if isinstance(value, str):
        return leaves[str](str.__str__(value))
    for kind in (int, float, bytes):
        if isinstance(value, kind):
            return _LEAVES[kind](value)
    instead = _INSTEAD.get(type(value).__name__)
    advice = f"publish {instead} instead" if instead else _ALLOWED
    raise _Refused(f"cannot publish {_a(type(value))}: {advice}")


def _is_enum(value: Any) -> bool:
    """Without importing `enum`: while nobody has, there is no member of one."""
    enum = sys.modules.get("enum")
    return enum is not None and isinstance(value, enum.Enum)


def _enum_text(member: Any) -> str:
    kind = type(member)
    if "<" in kind.__qualname__:
        raise _Refused(f"the enum {_a(kind)} is made inside a function: define it at the top of a module")
    if kind.__members__.get(member.name) is not member:
        raise _Refused(f"a combination of flags of {_a(kind)} has no name: publish a list of members")
    words = [f"{kind.__module__}:{kind.__qualname__}", member.name]
    return '{"$enum":[' + ",".join(map(encode_basestring, words)) + "]}"


def _float_text(value: float) -> str:
    text = float.__repr__(value)
    return '{"$float":"' + text + '"}' if text in ("nan", "inf", "-inf") else text


def _bytes_text(value: bytes) -> str:
    return '{"$bytes":"' + binascii.b2a_base64(value, newline=False).decode("ascii") + '"}'


def _checked_str(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        why = f"a str holds a lone surrogate at {error.start}: publish bytes, os.fsencode(…) for file names"
        raise _Refused(why) from None
    return encode_basestring(value)


_LEAVES: dict[type, Callable[[Any], str]] = {
    str: encode_basestring,
    int: bigint.text,
    float: _float_text,
    bool: lambda value: "true" if value else "false",
    type(None): lambda _none: "null",
    bytes: _bytes_text,
}


def _place(keys: list[Any]) -> str:
    shown = [f"[{_shown(key)}]" for key in keys]
    if len(shown) > 20:
        shown[10:-5] = ["…"]
    return "".join(shown)


def _shown(key: Any) -> str:
    return json.dumps(key) if isinstance(key, str) else repr(key)


def _a(kind: type) -> str:
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
