"""Tokens of clients: what is kept of them, who holds one, and what it may do (RFC 6750).

Kept is a digest, never the token. A token is 256 random bits, so that a plain hash is enough.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, cast

from controller.core import errors, users

SETTING = "client-tokens"
"""Where the store keeps them."""

PREFIX = "wst_"
"""So that people, and programs that look for leaked secrets, know one when they see it."""

Kept = Mapping[str, Mapping[str, str]]
"""Name → `digest`, `access`, `createdAt`."""

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def entry(token: str, access: users.Access, now: str) -> dict[str, str]:
    return {"digest": digest(token), "access": access, "createdAt": now}


def kept(stored: object) -> Kept:
    """What the store's setting says; nothing where there is none."""
    return cast("Kept", stored) if isinstance(stored, dict) else {}


def holder(stored: Kept, token: str) -> users.User | None:
    """Who a token belongs to; None for one that was never made or is revoked."""
    wanted = digest(token)
    for name, one in stored.items():
        if one["digest"] == wanted:
            return users.of_token(name, cast("users.Access", one["access"]))
    return None


def check_name(name: Any) -> str:
    """Raises BadRequest."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise errors.BadRequest(
            f"a token's name is made of lower-case letters, digits and -, for example dashboard: {name!r}"
        )
    return name


def check_access(access: Any) -> users.Access:
    """Raises BadRequest."""
    if access not in ("admin", "read-only"):
        raise errors.BadRequest(f"access must be admin or read-only: {access!r}")
    return cast("users.Access", access)
