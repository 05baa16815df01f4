"""Published values for people: the wire's wrappers unwrapped, what is binary recognisable (S6.2). Pure."""

from __future__ import annotations

from controller.cli import text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SHOWN_BYTES = 16


def unwrap(value: Any) -> Any:
    """`{"$bytes": …}` as bytes, `$float` as a float, `$map` as a dict, `$enum` as `Class.MEMBER`."""
    if isinstance(value, list):
        return [unwrap(one) for one in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        (word, held), *_ = value.items()
        if word == "$bytes":
            import base64

            return base64.b64decode(held)
        if word == "$float":
            return float(held)
        if word == "$enum":
            return f"{held[0].rpartition(':')[2]}.{held[1]}"
        if word == "$map":
            return {key: unwrap(one) for key, one in held}
    return {key: unwrap(one) for key, one in value.items()}


def cell(value: Any) -> str:
    """One line of text: a string as it is, the rest like JSON; bytes by their length and how they begin."""
    return value if isinstance(value, str) else _told(value)


def _told(value: Any) -> str:
    if isinstance(value, bytes):
        more = "…" if len(value) > _SHOWN_BYTES else ""
        return f"<{text.plural(len(value), 'byte')}: {value[:_SHOWN_BYTES].hex(' ')}{more}>"
    if isinstance(value, list):
        return f"[{', '.join(map(_told, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_told(key)}: {_told(one)}" for key, one in value.items()) + "}"
    if isinstance(value, float):
        return repr(value)
    import json

    return json.dumps(value, ensure_ascii=False)
