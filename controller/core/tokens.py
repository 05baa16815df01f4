"""The token of a worker: says which worker it was given to, and that we gave it. Stateless.

`v1.<base64url of namespace NUL set NUL worker>.<32 hex digits of HMAC-SHA-256>`. It stops mistakes, not a
hostile process of the same user (S2.4).
"""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac

from controller.core import refusals, runs

VERSION = "v1"
_DIGITS = 32


def sign(secret: str, worker: runs.WorkerRef) -> str:
    """The same worker always gets the same token under one secret."""
    text = "\0".join((worker.namespace, worker.workerset, worker.worker))
    body = base64.urlsafe_b64encode(text.encode("utf-8", "surrogateescape")).decode().rstrip("=")
    return f"{VERSION}.{body}.{_mac(secret, body)}"


def verify(secret: str, token: object) -> runs.WorkerRef:
    """Who the token belongs to. Raises Refusal."""
    if not isinstance(token, str) or not token:
        raise _denied("a token is needed: send the value of WORKERSET_TOKEN")
    return _opened(secret, token)


@functools.lru_cache(maxsize=4096)
def _opened(secret: str, token: str) -> runs.WorkerRef:
    """Each worker sends the same one with every request; what raises is not remembered."""
    version, _, rest = token.partition(".")
    body, _, mac = rest.partition(".")
    if version != VERSION or not hmac.compare_digest(
        mac.encode("utf-8", "replace"), _mac(secret, body).encode()
    ):
        raise _denied(
            "the token is not one of this project: use the WORKERSET_TOKEN this worker was started with"
        )
    namespace, workerset, worker = _text(body).split("\0")
    return runs.WorkerRef(namespace, workerset, worker)


def namespace_of(token: str) -> str:
    """What it says, to whoever holds it and cannot judge it; empty for what is no token."""
    try:
        return _text(token.split(".")[1]).split("\0")[0]
    except (IndexError, ValueError):
        return ""


def _text(body: str) -> str:
    return base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode("utf-8", "surrogateescape")


def _mac(secret: str, body: str) -> str:
    made = hmac.new(secret.encode(), f"{VERSION}.{body}".encode("utf-8", "surrogatepass"), hashlib.sha256)
    return made.hexdigest()[:_DIGITS]


def _denied(message: str) -> refusals.Refusal:
    return refusals.Refusal(refusals.Kind.DENIED, message)
