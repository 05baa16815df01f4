"""What a caller may ask for: the checks of S3.1, before anything is looked up or started."""

from __future__ import annotations

import math

from controller.core import objectrules, refusals

DEFAULT_TIMEOUT_SECONDS = 30.0
LONGEST_TIMEOUT_SECONDS = 1e7
LONGEST_NAME = 253
MOST_NAMES = 10_000


def names(given: object) -> tuple[str, ...]:
    """A non-empty list of distinct worker names. Raises Refusal (S3.1)."""
    if not isinstance(given, list):
        raise _type(f"names must be a list of strings, not {_kind_of(given)}")
    if not given:
        raise refusals.invalid("the list of names is empty: give at least one worker name")
    if len(given) > MOST_NAMES:
        raise refusals.invalid(f"more than {MOST_NAMES} names at once: {len(given)}")
    for place, one in enumerate(given):
        if not isinstance(one, str):
            raise _type(f"names must be strings, not {_kind_of(one)}: number {place + 1}")
    seen: set[str] = set()
    for one in given:
        name(one)
        if one in seen:
            raise refusals.invalid(f"duplicate name in the list: {one}")
        seen.add(one)
    return tuple(given)


def name(given: object) -> str:
    """One worker name. Raises Refusal."""
    if not isinstance(given, str):
        raise _type(f"a name must be a string, not {_kind_of(given)}")
    if not given:
        raise refusals.invalid("a worker name is empty")
    if "\0" in given:
        raise refusals.invalid(f"a worker name cannot hold a NUL character: {given!r}")
    if len(given) > LONGEST_NAME:
        raise refusals.invalid(f"a worker name has at most {LONGEST_NAME} characters: {given[:40]}…")
    for prefix in objectrules.RESERVED_PREFIXES:
        if given.startswith(prefix):
            raise refusals.invalid(f"the prefix {prefix} is reserved: {given}")
    return given


def scope(given: object) -> str | None:
    """None is the caller's own. Raises Refusal."""
    if given is None:
        return None
    if not isinstance(given, str):
        raise _type(f"a scope must be a string, not {_kind_of(given)}")
    if "\0" in given or len(given) > LONGEST_NAME:
        raise refusals.invalid("a scope has at most 253 characters and no NUL")
    return given


def folder(given: object) -> str:
    """Where a worker of another user reaches shared memory; empty for all others. Raises Refusal."""
    if given is None:
        return ""
    if not isinstance(given, str) or not given.startswith("/proc/self/fd/") or "\0" in given:
        raise refusals.invalid(f"folder is the value of WORKERSET_VARS_FOLDER, not {given!r}")
    return given


def timeout(given: object) -> float:
    """Seconds; absent is the default. Raises Refusal for what is not above zero."""
    if given is None:
        return DEFAULT_TIMEOUT_SECONDS
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        raise _type(f"timeout must be a number of seconds, not {_kind_of(given)}")
    if math.isnan(given) or given <= 0:
        raise refusals.invalid(f"timeout must be above 0 seconds: {given}")
    return min(float(given), LONGEST_TIMEOUT_SECONDS)


def flag(given: object, what: str, default: bool) -> bool:
    """A boolean argument. Raises Refusal."""
    if given is None:
        return default
    if not isinstance(given, bool):
        raise _type(f"{what} must be true or false, not {_kind_of(given)}")
    return given


def _type(message: str) -> refusals.Refusal:
    return refusals.Refusal(refusals.Kind.TYPE, message)


def _kind_of(value: object) -> str:
    if value is None:
        return "null"
    words = {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "a list"}
    return words.get(type(value), "an object")
