"""Drives the application in process: whole requests, and streams read line by line. No sockets, no sleeping.

api = Api()
answer = api.get("/version")
watch = api.stream("/api/v1/pods?watch=true"); watch.event(); watch.hang_up()
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from controller.api import application
from controller.core import kinds
from controller.engine import reserving
from controller.manifest import reader, schema
from controller.store.store import Store
from tests.fakes.clock import FakeClock
from tests.fakes.control import FakeControl
from tests.fakes.files import ScriptedFiles
from tests.fakes.gateway import FakeGateway
from tests.fakes.ids import CountingIds
from tests.fakes.logs import FakeLogs
from tests.fakes.vars import FakeVars

DEADLINE = 10.0
SECRET = "a secret"
SETS = "/apis/workerset.dev/v1/namespaces/default/workersets"
PODS = "/api/v1/namespaces/default/pods"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io, application/json"
MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"

SCHEMA = schema.WorkerSetSchema()


@dataclass
class Answer:
    code: int
    headers: list[tuple[str, str]]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")

    @property
    def warnings(self) -> list[str]:
        return [value for key, value in self.headers if key == "warning"]


class Client:
    """One connection: what it sends, what it hears, and whether it is still there."""

    def __init__(self, api: Api, method: str, target: str, body: bytes, headers: dict[str, str]) -> None:
        self._api = api
        self._sent = False
        self._body = body
        self._gone = asyncio.Event()
        self._heard = asyncio.Event()
        self._lines: deque[bytes] = deque()
        self._rest = b""
        self.code = 0
        self.headers: list[tuple[str, str]] = []
        self.chunks: list[bytes] = []
        self.complete = False
        split = urlsplit(target)
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(split.path),
            "raw_path": split.path.encode(),
            "root_path": "",
            "query_string": split.query.encode(),
            "headers": [(key.lower().encode(), value.encode()) for key, value in headers.items()],
            "client": None,
            "server": None,
        }
        self.task = api.loop.create_task(api.app(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        if not self._sent:
            self._sent = True
            return {"type": "http.request", "body": self._body, "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.code = message["status"]
            self.headers = [(key.decode(), value.decode()) for key, value in message["headers"]]
        else:
            chunk = message.get("body", b"")
            if chunk:
                self.chunks.append(chunk)
                *lines, self._rest = (self._rest + chunk).split(b"\n")
                self._lines.extend(lines)
            self.complete = not message.get("more_body", False)
        self._heard.set()

    async def _until(self, there: Any) -> None:
        async with asyncio.timeout(DEADLINE):
            while not there():
                self._heard.clear()
                await self._heard.wait()

    def started(self) -> Client:
        self._api.run(self._until(lambda: self.code))
        return self

    def line(self) -> bytes:
        """The next line of the answer."""
        self._api.run(self._until(lambda: self._lines or self.complete))
        assert self._lines, "the stream has ended"
        return self._lines.popleft()

    def event(self) -> tuple[str, Any]:
        """The next watch event."""
        found = json.loads(self.line())
        return found["type"], found["object"]

    def events(self, count: int) -> list[tuple[str, str]]:
        """Types and names of the next ones."""
        found = [self.event() for _ in range(count)]
        return [(word, obj["metadata"].get("name", "")) for word, obj in found]

    def ended(self) -> bool:
        """The answer came to its end, with nothing unread."""
        self._api.run(self._until(lambda: self.complete))
        return not self._lines

    def hang_up(self) -> None:
        """The client goes away; returns once the handler has noticed."""
        self._gone.set()
        self._api.run(asyncio.wait_for(self.task, DEADLINE))


class Api:
    """An application on a store in memory, with fakes around it."""

    def __init__(
        self,
        *,
        store: Any = None,
        bookmark_seconds: float = 60.0,
        pod_seconds: float = 0.0,
        max_processes: int | None = None,
    ) -> None:
        self.loop = asyncio.new_event_loop()
        self.store = store or Store(":memory:")
        self.logs = FakeLogs()
        self.clock = FakeClock()
        self.control = FakeControl()
        self.ids = CountingIds()
        self.vars = FakeVars()
        self.gateway = FakeGateway()
        self.files = ScriptedFiles()
        parts = application.Parts(
            store=self.store,
            schema=SCHEMA,
            logs=self.logs,
            control=self.control,
            clock=self.clock,
            ids=self.ids,
            shared=self.vars,
            files=self.files,
            secret=SECRET,
            gateway=self.gateway,
            load_yaml=reader.read_object,
            budget=reserving.follow(self.store, max_processes),
        )
        self.app = application.build(parts, bookmark_seconds=bookmark_seconds, pod_seconds=pod_seconds)

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    def close(self) -> None:
        self.app.state.streams.end_all()
        self.run(asyncio.sleep(0))
        leftover = asyncio.all_tasks(self.loop)
        for task in leftover:
            task.cancel()
        if leftover:
            self.run(asyncio.wait(leftover))
        self.run(self.loop.shutdown_asyncgens())
        self.loop.close()

    def stream(self, target: str, *, method: str = "GET", body: Any = None, accept: str = "") -> Client:
        headers = {"Accept": accept} if accept else {}
        return Client(self, method, target, _bytes(body), headers).started()

    def send(self, method: str, target: str, body: Any = None, **headers: str) -> Answer:
        """`content_type`, `accept`, `user_agent` become headers."""
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        client = Client(self, method, target, _bytes(body), named)
        self.run(asyncio.wait_for(client.task, DEADLINE))
        assert client.complete
        return Answer(client.code, client.headers, b"".join(client.chunks))

    def get(self, target: str, **headers: str) -> Answer:
        return self.send("GET", target, **headers)

    def create(self, name: str, spec: dict[str, Any] | None = None, **metadata: Any) -> kinds.Object:
        """A WorkerSet through the API."""
        answer = self.send("POST", SETS, workerset(name, spec, **metadata))
        assert answer.code == 201, answer.body
        return answer.json()

    def patch(self, target: str, change: Any, content_type: str = MERGE, **headers: str) -> Answer:
        return self.send("PATCH", target, change, content_type=content_type, **headers)

    def apply(self, target: str, config: Any, manager: str = "test", *, force: bool = False) -> Answer:
        """Server-side."""
        where = f"{target}?fieldManager={manager}&force={str(force).lower()}"
        return self.send("PATCH", where, config, content_type=APPLY)

    def pod(self, name: str, workerset: str = "web", **metadata: Any) -> kinds.Object:
        """A Pod as the engine would write it."""
        return self.store.create(kinds.PODS, pod(name, workerset, **metadata))


def _bytes(body: Any) -> bytes:
    if body is None:
        return b""
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def workerset(name: str, spec: dict[str, Any] | None = None, **metadata: Any) -> kinds.Object:
    return {
        "apiVersion": "workerset.dev/v1",
        "kind": "WorkerSet",
        "metadata": {"name": name, **metadata},
        "spec": spec if spec is not None else {"command": ["sleep", "60"]},
    }


def pod(name: str, workerset: str = "web", **metadata: Any) -> kinds.Object:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "default",
            "uid": f"uid-{name}",
            "labels": {"workerset.dev/set": workerset},
            "ownerReferences": [{"kind": "WorkerSet", "name": workerset, "uid": "u"}],
            **metadata,
        },
        "spec": {"containers": [{"name": "main", "image": "local"}], "nodeName": "local"},
        "status": {"phase": "Running", "containerStatuses": [{"name": "main", "ready": True}]},
    }
