"""As much of a Redis server as an example needs: HSET, HGETALL, SUBSCRIBE and PUBLISH, in a thread."""

from __future__ import annotations

import socket
import socketserver
import threading
from typing import Any, BinaryIO


class Redis:
    """Use with `with`; `address` is where it listens."""

    def __init__(self) -> None:
        self.hashes: dict[str, dict[str, str]] = {}
        self._server = _Server(("127.0.0.1", 0), _Client)
        self._server.redis = self
        self.clients: list[_Client] = []
        self._heard: list[_Client] = []
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Redis:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        for client in self.clients:
            client.connection.shutdown(socket.SHUT_RDWR)
        self._server.server_close()
        self._thread.join()

    def hset(self, key: str, field: str, value: str) -> None:
        self.hashes.setdefault(key, {})[field] = value

    def publish(self, channel: str) -> None:
        for client in self._heard:
            client.send(["message", channel, "x"])

    def answer(self, client: _Client, words: list[str]) -> Any:
        match words:
            case ["HGETALL", key]:
                return [word for pair in self.hashes.get(key, {}).items() for word in pair]
            case ["SUBSCRIBE", channel]:
                self._heard.append(client)
                return ["subscribe", channel, 1]
        raise ValueError(words)


class _Client(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        self.server.redis.clients.append(self)
        while line := self.rfile.readline():
            words = [_bulk(self.rfile) for _ in range(int(line[1:]))]
            self.send(self.server.redis.answer(self, words))

    def send(self, value: Any) -> None:
        self.wfile.write(_encoded(value))


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    redis: Redis


def _bulk(stream: BinaryIO) -> str:
    length = int(stream.readline()[1:])
    return stream.read(length + 2)[:-2].decode()


def _encoded(value: Any) -> bytes:
    if isinstance(value, list):
        return b"*%d\r\n" % len(value) + b"".join(map(_encoded, value))
    if isinstance(value, int):
        return b":%d\r\n" % value
    return b"$%d\r\n%s\r\n" % (len(value.encode()), value.encode())
