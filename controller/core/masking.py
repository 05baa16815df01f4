"""Values that nobody should read over a shoulder: masked by the name of their variable."""

from __future__ import annotations

import re
from collections.abc import Mapping

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
