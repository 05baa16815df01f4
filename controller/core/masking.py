"""Values that nobody should read over a shoulder: masked by the name of their variable."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

MASK = "********"
_SECRET = re.compile(
    r"PASS|SECRET|TOKEN|CREDENTIAL|PRIVATE|AUTH|SIGNATURE|COOKIE|DSN|(?:^|_)KEY(?:$|_)|APIKEY|_PWD$",
    re.IGNORECASE,
)
_URL_PASSWORD = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^/\s:@]*:)[^/\s@]+(@)", re.IGNORECASE)


def masked(name: str, value: str, mark: str = MASK) -> str:
    """The value for people: hidden if the name sounds like a secret, and passwords in URLs always."""
    if value and _SECRET.search(name):
        return mark
    return _URL_PASSWORD.sub(rf"\g<1>{mark}\g<2>", value)


def masked_all(env: Mapping[str, str]) -> dict[str, str]:
    return {name: masked(name, str(value)) for name, value in env.items()}


def masked_pair(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Two environments for a comparison: a hidden value that changed still differs."""
    left, right = masked_all(before), masked_all(after)
    for name in left.keys() & right.keys():
        if left[name] == right[name] and before[name] != after[name]:
            left[name] = masked(name, str(before[name]), f"{MASK} (before)")
            right[name] = masked(name, str(after[name]), f"{MASK} (after)")
    return left, right


def masked_words(words: Sequence[str]) -> list[str]:
    """A command line for people: `NAME=value`, `--name=value` and `--name value` by their names.

    A guess that errs on the side of showing: what has no telling name, as after `-p`, stays.
    """
    found: list[str] = []
    hide_next = False
    for word in words:
        name, equals, value = word.partition("=")
        if hide_next and not word.startswith("-"):
            found.append(MASK)
        elif equals:
            found.append(f"{name}={masked(_as_variable(name), value)}")
        else:
            found.append(masked("", word))
        hide_next = word.startswith("--") and not equals and bool(_SECRET.search(_as_variable(name)))
    return found


def masked_words_pair(before: Sequence[str], after: Sequence[str]) -> tuple[list[str], list[str]]:
    """Two command lines for a comparison: a hidden word that changed still differs."""
    left, right = masked_words(before), masked_words(after)
    for place, (old, new) in enumerate(zip(left, right, strict=False)):
        if old == new and before[place] != after[place]:
            left[place], right[place] = f"{old} (before)", f"{new} (after)"
    return left, right


def _as_variable(option: str) -> str:
    """`--api-key` as the variable that it would be: API_KEY."""
    return option.lstrip("-").replace("-", "_")
