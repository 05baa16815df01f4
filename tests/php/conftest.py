"""Real PHP with the prepended file, a shared-memory slot made by hand, and a scripted worker socket."""

from __future__ import annotations

import json
import os
import shutil
import socket
import struct
import subprocess
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.runtime import interpreters
from controller.sdk.workerset import layout, memory

Object = dict[str, Any]
Answer = Callable[[Object], Object]
DEADLINE_SECONDS = 20


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if shutil.which("php"):
        return
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason="there is no php on PATH (apt-get install php-cli)"))


class Slot:
    """A header file and its payloads, seen from outside."""

    def __init__(self, path: Path, seed: int = 1000) -> None:
        self.path = path
        header = bytearray(layout.HEADER_SIZE)
        header[: len(layout.MAGIC)] = layout.MAGIC
        struct.pack_into("<Q", header, 8 * layout.GENERATION, seed)
        path.write_bytes(header)
        path.chmod(0o600)

    def __getitem__(self, word: int) -> int:
        with self.path.open("rb") as header:
            header.seek(8 * word)
            return int.from_bytes(header.read(8), "little")

    def __setitem__(self, word: int, value: int) -> None:
        with self.path.open("r+b") as header:
            header.seek(8 * word)
            header.write(value.to_bytes(8, "little"))

    def payload(self, generation: int | None = None) -> Path:
        return Path(layout.payload_file(str(self.path), generation or self[layout.GENERATION]))

    def body(self) -> str:
        return self.payload().read_bytes()[layout.PREAMBLE_SIZE :].decode()

    def put(self, body: str) -> None:
        """Publish a body as any writer would."""
        data, generation = body.encode(), self[layout.GENERATION] + 1
        start = (layout.PAYLOAD_MAGIC, generation, len(data), zlib.crc32(data), 0)
        self.payload(generation).write_bytes(struct.pack(layout.PREAMBLE, *start) + data)
        self[layout.PUBLISHED] = generation
        self[layout.GENERATION] = generation

    def files(self) -> set[str]:
        """Names of what lies beside the header."""
        found = self.path.parent.glob(f"{self.path.name}.*")
        return {one.name.removeprefix(f"{self.path.name}.") for one in found}


class Server:
    """A worker socket that answers as `answer` says and keeps what it was asked."""

    def __init__(self, path: Path, answer: Answer) -> None:
        self.path, self.answer = path, answer
        self.asked: list[Object] = []
        self.connections = 0
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(path))
        self._listening.listen()
        self._closing = threading.Event()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listening.accept()
            if self._closing.is_set():
                connection.close()
                return
            self._threads.append(threading.Thread(target=self._serve, args=(connection,), daemon=True))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        self.connections += 1
        with connection, connection.makefile("rwb") as lines:
            for line in lines:
                request = json.loads(line)
                self.asked.append(request)
                reply = self.answer(request)
                if reply.get("hang_up"):
                    return
                bye = reply.pop("good_bye", False)
                lines.write(json.dumps({"id": request["id"], **reply}).encode() + b"\n")
                lines.flush()
                if bye:
                    return

    def close(self) -> None:
        self._closing.set()
        with socket.socket(socket.AF_UNIX) as last:
            last.connect(str(self.path))
        for thread in self._threads:
            thread.join(DEADLINE_SECONDS)
        self._listening.close()


class Php:
    """Runs scripts as a background worker would be run; `server` answers what they ask."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.slot = Slot(folder / "slot")
        self.server: Server | None = None
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(str(folder / "notify"))
        self.notify.setblocking(False)
        self.environ = {
            "PATH": os.environ["PATH"],
            "WORKERSET_NAME": "me",
            "WORKERSET_SCOPE": "",
            "WORKERSET_BACKGROUND": "1",
            "WORKERSET_HANDLE_FD": "3",
            "WORKERSET_SOCKET": str(folder / "workers"),
            "WORKERSET_TOKEN": "token",
            "WORKERSET_RUN": "run-1",
            "WORKERSET_VARS": str(self.slot.path),
            "NOTIFY_SOCKET": str(folder / "notify"),
            "FRANKENPHP_WORKER": "me",
            "FRANKENPHP_WORKER_NAME": "me",
            "FRANKENPHP_WORKER_BACKGROUND": "1",
        }

    def command(self, code: str, *options: str) -> list[str]:
        script = self.folder / "script.php"
        script.write_text(f"<?php\n{code}")
        prepended = f"auto_prepend_file={interpreters.PREPENDED}"
        return ["php", "-d", prepended, "-d", "display_errors=stderr", *options, str(script), "me", "x"]

    def run(self, code: str, *options: str, **environ: str | None) -> subprocess.CompletedProcess[str]:
        env = {name: value for name, value in {**self.environ, **environ}.items() if value is not None}
        return subprocess.run(
            self.command(code, *options),
            env=env,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=DEADLINE_SECONDS,
        )

    def says(self, code: str, *options: str, **environ: str | None) -> str:
        """What the script prints; it must end well."""
        done = self.run(code, *options, **environ)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
        return done.stdout

    def throws(self, call: str, before: str = "", **environ: str | None) -> tuple[str, str]:
        """Class and message of what `call` throws."""
        caught = "catch (Throwable $e) { echo $e::class, '|', $e->getMessage(); }"
        said = self.says(f"{before} try {{ {call}; echo 'nothing|'; }} {caught}", **environ)
        kind, _, message = said.partition("|")
        return kind, message

    def serve(self, answer: Answer) -> Server:
        self.server = Server(self.folder / "workers", answer)
        return self.server

    def running(self) -> None:
        """Whatever is asked for is ensured, and has the one slot."""

        def answer(request: Object) -> Object:
            names = request.get("names") or [request.get("name")]
            instances = [self.instance(name, ensured=True, num=0) for name in names]
            return {"ok": True, "instance": instances[0], "instances": instances}

        self.serve(answer)

    def published(self) -> Any:
        """What Python reads of the slot."""
        return memory.Slot(str(self.slot.path)).read()[1]

    def publish(self, value: dict[Any, Any]) -> None:
        """As a worker in Python does."""
        memory.Slot(str(self.slot.path)).publish(value)

    def heard(self) -> list[bytes]:
        """What was said to `NOTIFY_SOCKET` so far."""
        found = []
        while True:
            try:
                found.append(self.notify.recv(65536))
            except BlockingIOError:
                return found

    def instance(self, name: str = "job", **more: Any) -> Object:
        return {"name": name, "vars": str(self.slot.path), "ready": True, "gate": "vars", **more}

    def close(self) -> None:
        self.notify.close()
        if self.server is not None:
            self.server.close()


@pytest.fixture
def php(tmp_path: Path) -> Iterator[Php]:
    found = Php(tmp_path)
    yield found
    found.close()
