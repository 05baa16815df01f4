"""A server that sends what was recorded and does nothing else: what a client takes then is its own.

It speaks TLS with the certificate of the project, a thread a connection, and knows a few paths by heart.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_TOKEN = re.compile(rb'"continue":"([^"]+)"')


def record(line: http.client.HTTPConnection, collection: str) -> Mapping[str, bytes]:
    """What kubectl asks for a list, by path and query: discovery, and every page."""
    found = {path: _answer(line, path, DISCOVERY) for path in ("/api?timeout=32s", "/apis?timeout=32s")}
    path = f"{collection}?limit=500"
    while path:
        found[path] = _answer(line, path, TABLE)
        more = _TOKEN.search(found[path])
        path = f"{collection}?continue={more[1].decode()}&limit=500" if more else ""
    return found


def _answer(line: http.client.HTTPConnection, path: str, accept: str) -> bytes:
    line.request("GET", path, headers={"Accept": accept})
    got = line.getresponse()
    body = got.read()
    head = "".join(f"{name}: {value}\r\n" for name, value in got.getheaders())
    return f"HTTP/1.1 200 OK\r\n{head}\r\n".encode() + body


@contextlib.contextmanager
def replaying(answers: Mapping[str, bytes], tls: Path) -> Iterator[int]:
    """The port it listens on."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls / "server.crt", tls / "server.key")
    context.set_alpn_protocols(["http/1.1"])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener, context, answers), daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)  # or the thread would hold the port


def _accept(listener: socket.socket, context: ssl.SSLContext, answers: Mapping[str, bytes]) -> None:
    with contextlib.suppress(OSError):
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_serve, args=(client, context, answers), daemon=True).start()


def _serve(client: socket.socket, context: ssl.SSLContext, answers: Mapping[str, bytes]) -> None:
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with contextlib.suppress(OSError), context.wrap_socket(client, server_side=True) as line:
        heard = b""
        while more := line.recv(65536):
            heard += more
            while b"\r\n\r\n" in heard:
                head, _, heard = heard.partition(b"\r\n\r\n")
                path = head.split(b" ", 2)[1].decode()
                line.sendall(answers.get(path, b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"))
