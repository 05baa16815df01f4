"""The controller's side of the worker socket as a script: answers what a test tells it to, and can go away.

It speaks the protocol of docs/worker-contract.md and makes slots of shared memory; it starts nothing.
"""

from __future__ import annotations

import json
import mmap
import queue
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from controller.sdk.workerset import layout

Message = dict[str, Any]
DEADLINE_SECONDS = 20
SEED = 1_000_000


class Header:
    """The words of one slot, as the controller writes them."""

    def __init__(self, path: Path, ready: bool = True) -> None:
        path.write_bytes(layout.MAGIC.ljust(layout.HEADER_SIZE, b"\0"))
        self.path = path
        with path.open("r+b") as file:
            self.words = memoryview(mmap.mmap(file.fileno(), layout.HEADER_SIZE)).cast("Q")
        self.words[layout.GENERATION] = SEED
        self.words[layout.READY] = int(ready)
        self.words[layout.EPOCH] = 1

    def look_again(self) -> None:
        self.words[layout.EPOCH] += 1


class WorkerSocket:
    """`answer` is asked for each message; None keeps the caller waiting."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "workers.sock"
        self.heard: queue.Queue[Message] = queue.Queue()
        self.answer: Callable[[Message], Message | None] = self.willing
        self.headers: dict[str, Header] = {}
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._connections: list[socket.socket] = []
        self._listener: socket.socket | None = None
        self.listen()

    # ------------------------------------------------------------------ answers

    def willing(self, message: Message) -> Message:
        """Everything is declared, ensured and ready."""
        if message["op"] == "ensure":
            return {"ok": True, "instances": [self.instance(name, message) for name in message["names"]]}
        if message["op"] == "resolve":
            instance = self.instance(message["name"], message)
            return {"ok": True, "instance": {**instance, "ensured": True, "declared": True, "num": 1}}
        return {"ok": True, "released": message["names"]}

    def instance(self, name: str, message: Message, gate: str = "started") -> Message:
        scope = message["scope"] or ""
        header = self.header(name, scope)
        return {
            "name": name,
            "scope": scope,
            "set": "jobs",
            "worker": f"jobs-{name}",
            "vars": str(header.path),
            "epoch": header.words[layout.EPOCH],
            "ready": bool(header.words[layout.READY]),
            "pid": 4711,
            "gate": gate,
        }

    def header(self, name: str, scope: str = "") -> Header:
        key = f"{scope}:{name}".encode("utf-8", "surrogateescape").hex()[:60]
        with self._lock:
            if key not in self.headers:
                self.headers[key] = Header(self.folder / f"slot-{key}")
            return self.headers[key]

    @staticmethod
    def error(kind: str, message: str, **details: Any) -> Message:
        return {"ok": False, "error": {"type": kind, "message": message, "details": details}}

    # ------------------------------------------------------------------ what was asked

    def next(self) -> Message:
        return self.heard.get(timeout=DEADLINE_SECONDS)

    def is_quiet(self) -> bool:
        """Nobody asked anything that was not taken with `next`."""
        return self.heard.empty()

    # ------------------------------------------------------------------ coming and going

    def listen(self) -> None:
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.path.unlink(missing_ok=True)
        self._listener.bind(str(self.path))
        self._listener.listen(128)
        self._start(self._accept, self._listener)

    def go_away(self) -> None:
        """As a killed controller: every connection ends, nobody listens."""
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        with self._lock:
            for connection in self._connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
            self._connections.clear()

    def close(self) -> None:
        self.go_away()
        for thread in self._threads:
            thread.join(DEADLINE_SECONDS)
            assert not thread.is_alive()

    def _start(self, target: Callable[[socket.socket], None], argument: socket.socket) -> None:
        thread = threading.Thread(target=target, args=(argument,))
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                self._connections.append(connection)
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rwb") as stream:
            try:
                for line in stream:
                    message = json.loads(line)
                    self.heard.put(message)
                    reply = self.answer(message)
                    if reply is not None:
                        stream.write(json.dumps({"id": message["id"], **reply}).encode() + b"\n")
                        stream.flush()
            except OSError:
                pass
