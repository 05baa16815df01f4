"""Middleware for ASGI applications: `app = workerset.asgi.Middleware(app)` (S7.5).

It tags each request with its scope, keeps what the request reads of vars the same from beginning to end,
counts requests in flight, and lets clients leave politely before a stop. Put it outermost. Without a
controller it does nothing but the first two.
"""

from __future__ import annotations

from _thread import allocate_lock

from . import draining, load, places

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping
    from typing import Any

    Scope = MutableMapping[str, Any]
    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    App = Callable[[Scope, Receive, Send], Awaitable[None]]

_PATIENCE_SECONDS = 5.0
"""How long a busy event loop may take until it stops accepting."""


class Middleware:
    """`scope`: where the requests' names are looked up: a scope's name, or a callable that is given the ASGI
    scope of a request and returns one; None is the scope of the worker's set (S2.4)."""

    def __init__(self, app: App, scope: str | Callable[[Scope], str | None] | None = None) -> None:
        self.app = app
        self._scope = scope

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "lifespan":
            await self._lifespan(scope, receive, send)
            return
        if kind not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        _watch()
        where = self._scope(scope) if callable(self._scope) else self._scope
        with places.request(where):
            if kind == "http":
                await self._http(scope, receive, send)
            else:
                await self.app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Counted; long-lived WebSockets are not, since they wait for nothing."""
        counts = load.current()
        counts.begin()
        try:
            polite = send
            if scope.get("http_version", "1.1").startswith("1"):
                polite = _polite(send)
            await self.app(scope, receive, polite)
        finally:
            counts.end()

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Startup is bootstrap (S3.5): what fails there is told as what the process dies of (S3.6)."""
        failed: list[Message] = []

        async def watched(message: Message) -> None:
            if message["type"] == "lifespan.startup.failed":
                failed.append(message)
            await send(message)
            if message["type"] == "lifespan.startup.complete":
                _watch()

        try:
            await self.app(scope, receive, watched)
        except BaseException as error:
            if failed:
                from . import crash

                crash.tell(error)
            else:
                _watch()  # an application that knows no lifespan: servers go on without
            raise


def _polite(send: Send) -> Send:
    state = draining.current

    async def polite(message: Message) -> None:
        if state.closing and message["type"] == "http.response.start":
            kept = [pair for pair in message.get("headers", ()) if pair[0].lower() != b"connection"]
            message = {**message, "headers": [*kept, (b"connection", b"close")]}
        await send(message)

    return polite


def _watch() -> None:
    state = draining.current
    if not state.watched:
        state.watch(_settler())


def _settler() -> Callable[[], None] | None:
    """Waits for a turn of this event loop; None where it is another kind of loop."""
    import asyncio

    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return None

    def settle() -> None:
        """Two turns: in the first, what the kernel had told before may still be accepted."""
        for _ in range(2):
            turned = allocate_lock()
            turned.acquire()
            try:
                loop.call_soon_threadsafe(turned.release)
            except RuntimeError:
                return  # the loop has ended already
            turned.acquire(timeout=_PATIENCE_SECONDS)

    return settle
