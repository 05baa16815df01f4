"""Parameters of a request, typed; what makes no sense is refused with the parameter's name."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from controller.core import errors


class Query:
    """The query string; of a parameter given twice the first counts, as in Kubernetes."""

    __slots__ = ("_found", "_pairs")

    def __init__(self, text: bytes) -> None:
        self._pairs: list[tuple[str, str]] = []
        if text:
            self._pairs = parse_qsl(text.decode("latin-1"), keep_blank_values=True, errors="surrogateescape")
        self._found: dict[str, str] = dict(reversed(self._pairs))

    def text(self, name: str, default: str = "") -> str:
        return self._found.get(name) or default

    def all(self, name: str) -> list[str]:
        """Every value of a parameter that may be given more than once, in order."""
        return [value for key, value in self._pairs if key == name]

    def has(self, name: str) -> bool:
        return name in self._found

    def flag(self, name: str) -> bool:
        """Kubernetes' booleans: present and neither `false` nor `0`."""
        return name in self._found and self._found[name].lower() not in ("false", "0")

    def number(self, name: str, *, least: int = 0) -> int | None:
        """A whole number, None if absent or empty. Raises BadRequest, or Invalid below `least`."""
        text = self._found.get(name, "").strip()
        if not text:
            return None
        try:
            value = int(text) if len(text) < 20 else None
        except ValueError:
            value = None
        if value is None:
            raise errors.BadRequest(f"{name} must be a whole number: {text[:40]}")
        if value < least:
            raise invalid(name, f"must be greater than or equal to {least}", text)
        return value

    def choice(self, name: str, allowed: Mapping[str, str] | tuple[str, ...], default: str = "") -> str:
        """One of the allowed words, the default if absent or empty. Raises Invalid."""
        text = self._found.get(name, "")
        if not text:
            return default
        if text not in allowed:
            known = ", ".join(f'"{word}"' for word in allowed)
            raise invalid(name, f"supported values: {known}", text, reason="FieldValueNotSupported")
        return text


def invalid(
    name: str, detail: str, value: str | None = None, *, reason: str = "FieldValueInvalid"
) -> errors.Invalid:
    """One bad parameter, as Kubernetes words it."""
    word = "Unsupported value" if reason == "FieldValueNotSupported" else "Invalid value"
    message = f"{word}: {value!r}: {detail}" if value is not None else f"{word}: {detail}"
    if reason == "FieldValueForbidden":
        message = f"Forbidden: {detail}"
    return errors.Invalid(f"{name}: {message}", name=name, causes=[errors.Cause(reason, message, name)])
