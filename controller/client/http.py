"""HTTP/1.1 over a Unix socket (RFC 9112): blocking, keep-alive, chunked bodies, streams of lines.

Hand-written because start-up time is the cost of a command: this imports `socket`, and `json` only
when a body needs it (`typing` alone would cost 3 ms). It knows nothing of Kubernetes beyond the shape
of a `Status`.
"""

from __future__ import annotations

from collections.abc import Mapping

from controller.client import connection, errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

JSON = "application/json"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io, application/json"
MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"

Query = Mapping[str, str | int | bool | None]
"""Values of None are left out, booleans become `true` and `false`."""

_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")


def quote(text: str) -> str:
    """Percent-encode (RFC 3986 2.1); `/` stays."""
    return "".join(
        chr(b) if b in _UNRESERVED else f"%{b:02X}" for b in text.encode("utf-8", "surrogateescape")
    )


def target(path: str, query: Query | None) -> str:
    """The request target: path and query."""
    parts = []
    for key, value in (query or {}).items():
        if value is not None:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            parts.append(f"{quote(key)}={quote(text)}")
    return f"{path}?{'&'.join(parts)}" if parts else path


class Response:
    """A whole answer. Header names are lower case; repeated headers are joined by newlines."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    def json(self) -> Any:
        import json

        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def warnings(self) -> tuple[str, ...]:
        """Texts of `Warning: 299 - "text"` headers (RFC 7234 5.5)."""
        found = []
        for line in self.headers.get("warning", "").split("\n"):
            _, quoted, text = line.partition(' "')
            if quoted:
                found.append(text.strip().removesuffix('"').replace('\\"', '"').replace("\\\\", "\\"))
        return tuple(found)


class Client:
    """Requests to one controller, one after the other; a stream has a connection of its own."""

    def __init__(self, socket_path: str, *, timeout: float | None = 60.0, agent: str = "workerctl") -> None:
        self.socket_path = socket_path
        self._timeout = timeout
        self._agent = agent
        self._connection: connection.Connection | None = None

    def connect(self) -> None:
        """Raises `NoController` where nothing listens."""
        if self._connection is not None and self._connection.is_stale():
            self.close()
        if self._connection is None:
            self._connection = connection.Connection(self.socket_path, self._timeout)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def request(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        body: object = None,
        content_type: str = JSON,
        accept: str = JSON,
    ) -> Response:
        """One exchange. `body` is bytes or something JSON can say. Raises `ApiError` for 400 and above."""
        was_open = self._connection is not None
        self.connect()
        message = self._encode(method, target(path, query), body, content_type, accept)
        try:
            return self._exchange(method, message)
        except errors.ConnectionLost:
            if method != "GET" or not was_open:
                raise
        self.connect()  # closed between our look and our request: reading again is harmless
        return self._exchange(method, message)

    def _exchange(self, method: str, message: bytes) -> Response:
        link = self._connection
        assert link is not None
        try:
            link.send(message)
            status, headers = connection.read_head(link)
            framing = connection.Body(link, headers, empty=method == "HEAD" or status in (204, 304))
            content = b"".join(framing.pieces())
        except BaseException:
            self.close()
            raise
        if framing.until_close or headers.get("connection", "").lower() == "close":
            self.close()
        if status >= 400:
            raise errors.ApiError(_status_of(status, content))
        return Response(status, headers, content)

    def begin(self, method: str, path: str, body: object = None) -> Pending:
        """An exchange on a connection of its own, to be waited for as long as the caller likes."""
        link = connection.Connection(self.socket_path, self._timeout)
        try:
            link.send(self._encode(method, path, body, JSON, JSON))
        except BaseException:
            link.close()
            raise
        return Pending(link)

    def stream(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        body: object = None,
        accept: str = "application/json, */*",
    ) -> connection.Stream:
        """The answer's lines as they come; close it (or use `with`) to hang up."""
        link = connection.Connection(self.socket_path, self._timeout)
        try:
            link.send(self._encode(method, target(path, query), body, JSON, accept))
            status, headers = connection.read_head(link)
            framing = connection.Body(link, headers, empty=False)
            if status >= 400:
                raise errors.ApiError(_status_of(status, b"".join(framing.pieces())))
        except BaseException:
            link.close()
            raise
        link.set_timeout(None)
        return connection.Stream(link, framing, headers)

    def _encode(self, method: str, where: str, body: object, content_type: str, accept: str) -> bytes:
        head = f"{method} {where} HTTP/1.1\r\nHost: workerset\r\nUser-Agent: {self._agent}\r\n"
        head += f"Accept: {accept}\r\n"
        if body is None:
            return f"{head}\r\n".encode("ascii")
        if isinstance(body, bytes):
            content = body
        else:
            import json

            content = json.dumps(body, separators=(",", ":")).encode("ascii")
        return (
            f"{head}Content-Type: {content_type}\r\nContent-Length: {len(content)}\r\n\r\n".encode("ascii")
            + content
        )


class Pending:
    """A request that was sent. `fileno` is readable once there is an answer; `close` hangs up."""

    def __init__(self, link: connection.Connection) -> None:
        self._link = link

    def fileno(self) -> int:
        return self._link.fileno()

    def close(self) -> None:
        self._link.close()

    def response(self) -> Response:
        """Raises `ApiError` for 400 and above."""
        try:
            status, headers = connection.read_head(self._link)
            content = b"".join(connection.Body(self._link, headers, empty=False).pieces())
        finally:
            self.close()
        if status >= 400:
            raise errors.ApiError(_status_of(status, content))
        return Response(status, headers, content)


def _status_of(code: int, content: bytes) -> dict[str, Any]:
    """The `Status` in an answer, or one made from whatever came instead."""
    import json

    try:
        status = json.loads(content)
    except ValueError:
        status = None
    if isinstance(status, dict) and status.get("kind") == "Status":
        return {"code": code, **status}
    text = content.decode("utf-8", "replace").strip() or f"HTTP status {code}"
    return {"kind": "Status", "status": "Failure", "code": code, "reason": "", "message": text[:500]}
