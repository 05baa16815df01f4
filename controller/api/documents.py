"""Answers that are the same for everyone and rarely change: sent once, then confirmed (RFC 9110 13)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from controller.api import call as calls
from controller.api import encode, replies

REVALIDATE = "public"
"""Kept by clients, and asked about each time."""

FOR_EVER = "public, immutable"
"""Of an address that names its content."""

_FAR_AWAY = "Fri, 31 Dec 2100 23:59:59 GMT"


@dataclass(frozen=True, slots=True)
class Document:
    """One body and the hash of it."""

    body: bytes
    content_type: str = encode.JSON
    hash: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "hash", hashlib.sha512(self.body).hexdigest().upper())

    def reply(self, call: calls.Call, *, immutable: bool = False) -> replies.Reply:
        """304 without a body for a client that has it."""
        etag = f'"{self.hash}"'
        extra = [("etag", etag), ("vary", "Accept")]
        if immutable:
            extra.append(("expires", _FAR_AWAY))
        known = {one.strip().removeprefix("W/") for one in call.header(b"if-none-match").split(",")}
        code, body = (304, b"") if known & {etag, "*"} else (200, self.body)
        cache = FOR_EVER if immutable else REVALIDATE
        return replies.Reply(body, code, content_type=self.content_type, extra=extra, cache=cache)


def of(value: Any, content_type: str = encode.JSON) -> Document:
    return Document(encode.dump(value), content_type)
