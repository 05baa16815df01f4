"""The door of the TCP port: which hosts, which origins, which tokens, and what a token may do.

The Unix socket has no such door: its file mode is one. Checked before anything is read of a request, so that
nothing answers without a token, and no page in a browser reaches the API by another name (DNS rebinding).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from controller.api import call as calls
from controller.api import encode, registry, replies
from controller.core import errors, kinds, loopback, users

_REVIEWS = frozenset(
    f"{one.base_path}/{one.plural}"
    for one in (kinds.ACCESS_REVIEWS, kinds.RULES_REVIEWS, kinds.SUBJECT_REVIEWS)
)
"""What a token for reading may POST: questions."""

_OWN_PATHS = "/workerset/"

HOW = "workerctl kubeconfig makes one, workerctl token create --read-only another"


class Guard:
    """Wraps the application. `holder` knows whose a token is."""

    def __init__(self, app: ASGIApp, host: str, holder: Callable[[str], users.User | None]) -> None:
        self._app = app
        self._hosts = frozenset(loopback.names(host))
        self._holder = holder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            user = self._admitted(scope)
        except errors.StatusError as problem:
            await _refuse(problem, scope, receive, send)
            return
        await self._app({**scope, calls.USER: user}, receive, send)

    def _admitted(self, scope: Scope) -> users.User:
        """Raises Forbidden or Unauthorized."""
        found = _headers(scope)
        self._check_host(found)
        scheme, _, token = found.get(b"authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise errors.Unauthorized(f"a bearer token is needed: {HOW}")
        user = self._holder(token.strip())
        if user is None:
            raise errors.Unauthorized(f"the token is not one of this project, or was revoked: {HOW}")
        if not user.may_write and not _reads(scope):
            raise errors.Forbidden(f"{user.name} is for reading only: {scope.get('method', 'WebSocket')}")
        return user

    def _check_host(self, found: dict[bytes, str]) -> None:
        host = found.get(b"host", "")
        if loopback.host_of(host) not in self._hosts:
            known = ", ".join(sorted(self._hosts))
            raise errors.Forbidden(f"this server is known as {known}, not as: {host[:100]!r}")
        origin = found.get(b"origin")
        if origin is not None and urlsplit(origin)[:2] != ("https", host.lower()):
            raise errors.Forbidden(f"requests of other sites are not answered, origin: {origin[:100]!r}")


def _headers(scope: Scope) -> dict[bytes, str]:
    """The headers that are looked at. Raises Forbidden for one that is given twice."""
    found: dict[bytes, str] = {}
    for key, value in scope["headers"]:
        if key in (b"host", b"origin", b"authorization"):
            if key in found:
                raise errors.Forbidden(f"the header is given twice: {key.decode('ascii')}")
            found[key] = value.decode("latin-1")
    return found


def _reads(scope: Scope) -> bool:
    """What a token for reading may ask. A WebSocket reaches into a worker; own endpoints hand out secrets."""
    path = scope["path"].rstrip("/")
    if scope["type"] != "http" or path.startswith(_OWN_PATHS):
        return False
    if scope["method"] in ("GET", "HEAD"):
        return path.rpartition("/")[2] not in registry.STREAMS
    return scope["method"] == "POST" and path in _REVIEWS


async def _refuse(problem: errors.StatusError, scope: Scope, receive: Receive, send: Send) -> None:
    """As a Status, to a WebSocket's handshake too; the body that was on its way is not waited for."""
    extra = [("www-authenticate", "Bearer")] if problem.code == errors.Unauthorized.code else []
    kind = replies.LastReply if scope["type"] == "http" else replies.Reply
    reply = kind(encode.dump(encode.status_of(problem)), problem.code, extra=extra)
    if scope["type"] == "http":
        await reply.send(receive, send)
    elif "websocket.http.response" in scope.get("extensions", {}):
        await reply.send(receive, _as_handshake(send))
    else:
        await send({"type": "websocket.close", "code": 1008})


def _as_handshake(send: Send) -> Any:
    async def forward(message: Message) -> None:
        await send({**message, "type": f"websocket.{message['type']}"})

    return forward
