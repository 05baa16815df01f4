"""Publishes the hash `settings` of a Redis server, and again whenever somebody says `PUBLISH settings x`.

Redis' protocol is simple enough to be spoken with a socket and nothing else. If the connection breaks, the
worker ends and is started again, with growing pauses; readers keep the last settings meanwhile.
"""

import os
import select
import socket

import workerset

HOST, _, PORT = os.environ["REDIS"].rpartition(":")


class Redis:
    def __init__(self):
        self.socket = socket.create_connection((HOST, int(PORT)), timeout=10)
        self.stream = self.socket.makefile("rb")

    def ask(self, *words):
        """One command in, one reply out (RESP)."""
        parts = [f"*{len(words)}\r\n".encode()]
        parts += [f"${len(word.encode())}\r\n{word}\r\n".encode() for word in words]
        self.socket.sendall(b"".join(parts))
        return self.reply()

    def reply(self):
        line = self.stream.readline()
        if not line:
            raise ConnectionError("Redis hung up")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise RuntimeError(rest.decode())
        if kind == b"*":
            return [self.reply() for _ in range(int(rest))]
        if kind == b"$":
            return None if rest == b"-1" else self.stream.read(int(rest) + 2)[:-2].decode()
        return int(rest) if kind == b":" else rest.decode()


reading, listening = Redis(), Redis()
listening.ask("SUBSCRIBE", "settings")
with workerset.handle() as handle:
    while not handle.stopping:
        flat = reading.ask("HGETALL", "settings")
        workerset.set_vars(dict(zip(flat[::2], flat[1::2], strict=True)))
        print("published", len(flat) // 2, "settings", flush=True)
        woken, _, _ = select.select([handle, listening.socket], [], [])
        if listening.socket in woken:
            listening.reply()
