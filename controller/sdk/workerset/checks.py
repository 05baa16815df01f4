"""What arguments must be, before anything is sent (S3.1): `ValueError` and `TypeError` name the place."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def names_of(names: str | Sequence[str]) -> list[str]:
    """One name or a list of them, as a list."""
    if isinstance(names, str):
        return [name_of(names)]
    if not isinstance(names, (list, tuple)):
        raise TypeError(f"names: a str or a list of str is needed, not {type(names).__name__}")
    if not names:
        raise ValueError("names: the list is empty: give at least one name")
    seen = set()
    for place, one in enumerate(names):
        if not isinstance(one, str):
            raise TypeError(f"names[{place}]: must contain only strings, not {type(one).__name__}")
        name_of(one, f"names[{place}]")
        if one in seen:
            raise ValueError(f"names[{place}]: duplicate of an earlier one: {one!r}")
        seen.add(one)
    return list(names)


def name_of(name: str, where: str = "name") -> str:
    if not isinstance(name, str):
        raise TypeError(f"{where}: a str is needed, not {type(name).__name__}")
    if not name:
        raise ValueError(f"{where}: must not be empty")
    if "\0" in name:
        raise ValueError(f"{where}: must not hold a NUL byte: {name!r}")
    return name


def scope_of(scope: str | None) -> str | None:
    if scope is None:
        return None
    if not isinstance(scope, str):
        raise TypeError(f"scope: a str is needed, not {type(scope).__name__}")
    if "\0" in scope:
        raise ValueError(f"scope: must not hold a NUL byte: {scope!r}")
    return scope


def seconds_of(timeout: float, where: str = "timeout") -> float:
    """Above zero; too long to matter is as good as for ever."""
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)):
        raise TypeError(f"{where}: a number of seconds is needed, not {type(timeout).__name__}")
    if not timeout > 0:
        raise ValueError(f"{where}: must be above zero, in seconds: {timeout!r}")
    return min(float(timeout), 1e8)
