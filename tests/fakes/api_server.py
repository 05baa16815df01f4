"""A controller's API as far as a command line sees it: canned answers on a Unix socket, requests recorded.

    with ApiServer(path) as server:
        server.on("GET", "/version", {"gitVersion": "v1.32.0+workerset-0.1.0"})
        server.on("GET", PATH, lambda request: Answer(404, status(404, "NotFound", "…")))

Answers: JSON (dict or list), text, an `Answer`, an iterator of bytes (sent chunk by chunk), or a
function of the `Request` that returns one of these. A list of answers given with `then=` is used up
one by one, the last one for ever.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingMixIn, UnixStreamServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Answer:
    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


def status(code: int, reason: str, message: str, **details: Any) -> Answer:
    """A failed `Status`."""
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason}
    return Answer(code, {**body, "message": message, "details": details})


def json_lines(*values: Any) -> Iterator[bytes]:
    """The body of a watch or of a progress stream."""
    return iter([json.dumps(value).encode() + b"\n" for value in values])


class ApiServer:
    """Serves in a thread until closed."""

    def __init__(self, socket_path: str) -> None:
        self.requests: list[Request] = []
        self.socket_path = socket_path
        self._routes: dict[tuple[str, str], list[Any]] = {}
        self._server = _Server(socket_path, _Handler)
        self._server.fake = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def on(self, method: str, path: str, *answers: Any) -> None:
        """The answers to give, in turn; the last one stays."""
        self._routes[method, path] = list(answers)

    def asked(self, method: str, path: str) -> list[Request]:
        return [request for request in self.requests if (request.method, request.path) == (method, path)]

    def __enter__(self) -> ApiServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.close_connections()
        self._server.server_close()
        self._thread.join()

    def answer(self, request: Request) -> Answer:
        self.requests.append(request)
        answers = self._routes.get((request.method, request.path))
        if not answers:
            return status(404, "NotFound", f"no answer prepared for {request.method} {request.path}")
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(found, Callable):
            found = found(request)
        return found if isinstance(found, Answer) else Answer(200, found)


class _Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True
    block_on_close = True
    request_queue_size = 64
    fake: ApiServer

    def __init__(self, *args: Any) -> None:
        self._open: set[Any] = set()
        super().__init__(*args)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        for connection in list(self._open):
            try:
                connection.shutdown(2)
            except OSError:
                pass

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no error."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("content-length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        request = Request(self.command, parts.path, query, headers, self.rfile.read(length))
        answer = self.server.fake.answer(request)  # type: ignore[attr-defined]
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if hasattr(answer.body, "__next__"):
            self._send_chunks(answer.body)
        else:
            self._send_whole(answer.body)

    def _send_whole(self, body: Any) -> None:
        content = (
            body
            if isinstance(body, bytes)
            else body.encode()
            if isinstance(body, str)
            else json.dumps(body).encode()
        )
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _send_chunks(self, pieces: Iterator[bytes]) -> None:
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in pieces:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 http.server's names
