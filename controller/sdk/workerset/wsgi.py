"""Middleware for WSGI applications: `app = workerset.wsgi.Middleware(app)` (S7.5).

It tags each request with its scope, keeps what the request reads of vars the same from beginning to end,
counts requests in flight, and lets clients leave politely before a stop. Put it outermost. Without a
controller it does nothing but the first two.
"""

from __future__ import annotations

from contextvars import Context, copy_context

from . import draining, load, places

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    Environ = dict[str, Any]
    Start = Callable[..., Any]
    App = Callable[[Environ, Start], Iterable[bytes]]


class Middleware:
    """`scope`: where the requests' names are looked up: a scope's name, or a callable that is given the
    environ of a request and returns one; None is the scope of the worker's set (S2.4)."""

    def __init__(self, app: App, scope: str | Callable[[Environ], str | None] | None = None) -> None:
        self.app = app
        self._scope = scope

    def __call__(self, environ: Environ, start_response: Start) -> Iterable[bytes]:
        draining.current.watch()
        counts = load.current()
        counts.begin()
        try:
            where = self._scope(environ) if callable(self._scope) else self._scope
            context = copy_context()
            context.run(places.request(where).__enter__)
            result = context.run(self.app, environ, _polite(start_response))
        except BaseException:
            counts.end()
            raise
        if type(result) in (list, tuple) or _is_file(result, environ):
            counts.end()  # nothing of the application runs any more; servers send these faster as they are
            return result
        return _Body(result, context, counts)


class _Body:
    """What the application yields, made in the request's context: a generator reads vars as late as that."""

    def __init__(self, result: Iterable[bytes], context: Context, counts: load.Load) -> None:
        self._result = result
        self._context = context
        self._counts: load.Load | None = counts
        self._iterator: Iterator[bytes] | None = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._iterator is None:
            self._iterator = self._context.run(iter, self._result)
        return self._context.run(next, self._iterator)

    def close(self) -> None:
        """Servers call this when the response is sent, or its client is gone."""
        counts, self._counts = self._counts, None
        try:
            close = getattr(self._result, "close", None)
            if close is not None:
                self._context.run(close)
        finally:
            if counts is not None:
                counts.end()


def _is_file(result: object, environ: Environ) -> bool:
    wrapper = environ.get("wsgi.file_wrapper")
    return isinstance(wrapper, type) and isinstance(result, wrapper)


def _polite(start_response: Start) -> Start:
    """WSGI forbids applications to close connections by a header; gunicorn has a method for it."""
    close = getattr(getattr(start_response, "__self__", None), "force_close", None)
    if close is None:
        return start_response
    state = draining.current

    def polite(*arguments: Any, **named: Any) -> Any:
        if state.closing:
            close()
        return start_response(*arguments, **named)

    return polite
