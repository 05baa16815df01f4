"""One request: what it is about, what it says, and how its handler's answer or error gets out."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.types import Receive, Scope, Send

from controller.api import bodies, encode, negotiation, protobuf, query, registry, replies
from controller.api.services import Services
from controller.core import errors, kinds, users

USER = "workerset.user"
"""Key of the scope: who asks, where that is not the owner of the socket."""

_LOG = logging.getLogger(__name__)


class Call:
    """The request as handlers see it. `served` is unset for paths that are about no kind."""

    __slots__ = (
        "_headers",
        "_receive",
        "method",
        "params",
        "query",
        "served",
        "services",
        "subresource",
        "user",
    )

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        services: Services,
        served: registry.Served = registry.SERVED[0],
        subresource: str = "",
    ) -> None:
        self.method = "GET" if scope["method"] == "HEAD" else scope["method"]
        self.params: Mapping[str, str] = scope.get("path_params", {})
        self.query = query.Query(scope.get("query_string", b""))
        self.services = services
        self.served = served
        self.subresource = subresource
        self.user: users.User = scope.get(USER, users.OWNER)
        self._headers = scope["headers"]
        self._receive = receive

    @property
    def resource(self) -> kinds.Resource:
        return self.served.resource

    @property
    def namespace(self) -> str | None:
        """The namespace in the path; None where there is none (all of them, or a cluster-scoped kind)."""
        return self.params.get("namespace")

    @property
    def key(self) -> kinds.Key:
        return kinds.Key(self.params.get("namespace", ""), self.params.get("name", ""))

    def header(self, name: bytes) -> str:
        for key, value in self._headers:
            if key == name:
                return str(value.decode("latin-1"))
        return ""

    @property
    def form(self) -> negotiation.Form:
        """The representation asked for; raises NotAcceptable."""
        return negotiation.choose(self.header(b"accept"))

    @property
    def content_type(self) -> str:
        """Without its parameters."""
        return self.header(b"content-type").partition(";")[0].strip().lower()

    async def body(self, limit: int = bodies.LIMIT) -> bytes:
        declared = self.header(b"content-length")
        return await bodies.read(self._receive, int(declared) if declared.isdigit() else None, limit)

    async def json(self, limit: int = bodies.LIMIT) -> dict[str, Any]:
        """An object, as deletions may have one; an empty body is an empty one."""
        body = await self.body(limit)
        if self.content_type == protobuf.MEDIA_TYPE:
            return protobuf.parse_options(body)
        return bodies.must_be_object(bodies.parse_json(body)) if body.strip() else {}

    def not_found(self) -> errors.NotFound:
        """The object of the path is not there."""
        return not_found(self.resource, self.key.name)

    def live(self) -> kinds.Object:
        """The object of the path. Raises NotFound."""
        found = self.services.reader(self.resource).find(self.resource, self.key)
        if found is None:
            raise self.not_found()
        return found


def not_found(resource: kinds.Resource, name: str) -> errors.NotFound:
    return errors.NotFound(
        f'{resource.qualified} "{name}" not found', kind=resource.plural, name=name, group=resource.group
    )


def no_such_path() -> errors.NotFound:
    """In the words kubectl knows."""
    return errors.NotFound("the server could not find the requested resource")


Handler = Callable[[Call], Awaitable[replies.Sendable]]


class Endpoint:
    """An ASGI application for one path: a handler a method, and every error as a Status."""

    def __init__(
        self,
        services: Services,
        handlers: Mapping[str, Handler],
        served: registry.Served = registry.SERVED[0],
        *,
        subresource: str = "",
        allow: str = "",
    ) -> None:
        self._services = services
        self._handlers = handlers
        self._served = served
        self._subresource = subresource
        self._allow = _with_head(allow or ", ".join(handlers))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = Call(scope, receive, self._services, self._served, self._subresource)
        answer: replies.Sendable
        try:
            handler = self._handlers.get(call.method)
            if handler is None:
                raise errors.MethodNotAllowed(
                    f"{call.method} is not supported here, use one of: {self._allow}"
                )
            answer = await handler(call)
        except errors.StatusError as problem:
            answer = self._refusal(problem, call.method)
        except RecursionError:
            answer = self._refusal(bodies.too_deep(), call.method)
        except Exception:  # noqa: BLE001 - whatever breaks, the client gets a Status and the log the reason
            answer = self._refusal(self._internal(scope), call.method)
        await answer.send(receive, send)

    def _refusal(self, problem: errors.StatusError, method: str) -> replies.Reply:
        """With the headers that RFC 9110 15.5.6 and 15.5.16 and RFC 5789 2.2 ask for."""
        extra: list[tuple[str, str]] = []
        if isinstance(problem, errors.MethodNotAllowed):
            extra.append(("allow", _with_head(problem.methods) or self._allow))
        if isinstance(problem, errors.UnsupportedMediaType):
            extra.append(("accept-patch" if method == "PATCH" else "accept", ", ".join(problem.accepted)))
        if problem.retry_after_seconds is not None:
            extra.append(("retry-after", str(problem.retry_after_seconds)))
        unread = isinstance(problem, errors.TooLarge) and problem.unread
        kind = replies.LastReply if unread else replies.Reply
        return kind(encode.dump(encode.status_of(problem)), problem.code, extra=extra)

    def _internal(self, scope: Scope) -> errors.StatusError:
        mark = self._services.ids.run()
        _LOG.exception("request %s failed: %s %s", mark, scope["method"], scope["path"])
        return errors.StatusError(f"internal error, the reason is in .workerset/controller.log: {mark}")


def _with_head(methods: str) -> str:
    """HEAD is a GET of which only the headers are sent."""
    return methods.replace("GET", "GET, HEAD")
