"""A project in a temporary folder, driven as a user would: through `workerctl` and its API socket.

Nothing here sleeps: it watches the API until what is expected is true, with the server ending the
watch at the deadline.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from controller import inotify
from controller.client import http, resources

Object = dict[str, Any]
DEADLINE_SECONDS = 30


class Project:
    """One project; `close` ends its controller and checks that nothing of it is left."""

    def __init__(self, root: Path, home: Path) -> None:
        self.root = root
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(home / "run"),
            "XDG_STATE_HOME": str(home / "state"),
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "PYTHONWARNINGS": "error",
            "LANG": "C.UTF-8",
        }
        (home / "run").mkdir(mode=0o700)

    @property
    def folder(self) -> Path:
        """Where it is written down where the rest is."""
        return self.root / ".workerset"

    @property
    def state(self) -> Path:
        """Where store, logs and pid files are."""
        return self.folder

    # ------------------------------------------------------------------ as a user types

    def ctl(
        self, *words: str, code: int | None = 0, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run `workerctl WORDS` to its end; `code` None accepts any."""
        done = subprocess.run(
            self.command(*words),
            cwd=self.root,
            env=self.environ,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=50,
        )
        if code is not None and done.returncode != code:
            raise AssertionError(
                f"workerctl {' '.join(words)}: exit {done.returncode}, not {code}\n"
                f"{done.stdout}\n{done.stderr}\n{self.own_log()}"
            )
        return done

    def popen(self, *words: str) -> subprocess.Popen[str]:
        """Start `workerctl WORDS` and leave it running."""
        return subprocess.Popen(
            self.command(*words),
            cwd=self.root,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "controller", *words]

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def declare(self, name: str, /, **spec: Any) -> Path:
        """A manifest `manifests/NAME.yaml` (JSON is YAML)."""
        obj = {
            "apiVersion": "workerset.dev/v1",
            "kind": "WorkerSet",
            "metadata": {"name": name},
            "spec": spec,
        }
        return self.write(f"manifests/{name}.yaml", json.dumps(obj))

    def apply(self) -> None:
        self.ctl("apply", "-f", "manifests/")

    # ------------------------------------------------------------------ what is

    def client(self) -> http.Client:
        return http.Client(f"{self.run_dir}/api.sock")

    def ask(self, path: str, query: http.Query | None = None) -> Any:
        """The JSON answer to one GET."""
        client = self.client()
        try:
            return client.request("GET", path, query).json()
        finally:
            client.close()

    @property
    def run_dir(self) -> str:
        return (self.folder / "run").read_text().strip()

    def pid_of(self, part: str) -> int:
        """The process of `controller`, `shim` or `guardian`."""
        return int((self.state / f"{part}.pid").read_text().split()[0])

    def troubles(self) -> dict[str, str]:
        """The project's conditions that do not hold, with what they say."""
        found = self.ask("/workerset/v1/project")["conditions"]
        return {one["type"]: one["message"] for one in found if one["status"] == "False"}

    def workers(self, name: str) -> list[Object]:
        found = self.ask(resources.PODS.path("default"), {"labelSelector": f"workerset.dev/set={name}"})
        items: list[Object] = found["items"]
        return items

    def pids(self, name: str) -> list[int]:
        return [pid for pod in self.workers(name) if (pid := pid_of(pod))]

    def workerset(self, name: str) -> Object:
        found: Object = self.ask(resources.WORKERSETS.path("default", name))
        return found

    def declared(self) -> list[Object]:
        """Every set as it was declared."""
        items = self.ask(resources.WORKERSETS.path("default"))["items"]
        return [{"metadata": one["metadata"]["uid"], "spec": one["spec"]} for one in items]

    def events(self, name: str) -> list[Object]:
        found = self.ask(resources.EVENTS.path("default"))
        return [one for one in found["items"] if one["involvedObject"]["name"] == name]

    def own_log(self) -> str:
        """The end of what the controller said, and what it could not make sense of itself."""
        path = self.state / "controller.log"
        said = path.read_text()[-4000:] if path.exists() else "(no controller.log)"
        traces = Path(self.environ["XDG_STATE_HOME"], "workerset").glob("trace-*")
        return "\n".join([said, *(trace.read_text() for trace in traces)])

    # ------------------------------------------------------------------ waiting for it

    def wait(self, kind: resources.Kind, name: str, holds: Callable[[Object], bool]) -> Object:
        """The object once `holds` is true of it."""
        last: Object = {}
        for last in self.watch(kind, name):
            if holds(last):
                return last
        raise AssertionError(
            f"{kind.singular}/{name} did not get there in {DEADLINE_SECONDS} s:\n"
            f"{json.dumps(last, indent=1)}\n{self.own_log()}"
        )

    @contextlib.contextmanager
    def lines(self, *command: str) -> Iterator[Iterator[str]]:
        """What a command prints, as it prints it; killed afterwards, or when it takes too long."""
        with subprocess.Popen(
            command, cwd=self.root, env=self.environ, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            too_long = threading.Timer(DEADLINE_SECONDS, process.kill)
            too_long.start()
            try:
                yield iter(process.stdout)
            finally:
                too_long.cancel()
                process.kill()

    def wait_troubles(self, *expected: str) -> dict[str, str]:
        """Until just these conditions do not hold; nothing tells of them, so each look is an exchange."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while set(found := self.troubles()) != set(expected):
            assert time.monotonic() < deadline, f"{found}, expected {expected}\n{self.own_log()}"
        return found

    def watch(self, kind: resources.Kind, name: str) -> Iterator[Object]:
        query = {"watch": True, "fieldSelector": f"metadata.name={name}", "timeoutSeconds": DEADLINE_SECONDS}
        with self.client().stream("GET", kind.path("default"), query) as lines:
            for line in lines:
                yield json.loads(line)["object"]

    def wait_state(self, name: str, *states: str) -> Object:
        """The set once its STATUS is one of `states` and speaks of its newest generation."""
        return self.wait(
            resources.WORKERSETS,
            name,
            lambda obj: (
                obj.get("status", {}).get("state") in states
                and obj["status"]["observedGeneration"] == obj["metadata"]["generation"]
            ),
        )

    def wait_pid(self, worker: str, other_than: int = 0) -> int:
        """The worker's process id once it runs as another process than `other_than`."""
        pod = self.wait(resources.PODS, worker, lambda pod: pid_of(pod) not in (0, other_than))
        return pid_of(pod)

    # ------------------------------------------------------------------ ending

    def close(self) -> None:
        self.ctl("down", code=None)
        left = self.leftovers()
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        assert not left, f"left running: {left}\n{self.own_log()}"

    def leftovers(self) -> list[int]:
        """Processes that carry this project's home in their environment."""
        mark = f"HOME={self.environ['HOME']}".encode()
        found = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit() or int(entry) == os.getpid():
                continue
            try:
                environ = Path(f"/proc/{entry}/environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if mark in environ:
                found.append(int(entry))
        return found


def pid_of(pod: Object) -> int:
    return int((pod["metadata"].get("annotations") or {}).get("workerset.dev/pid") or 0)


def wait_exists(path: Path) -> None:
    """Until something of that name is there (inotify(7) on its folder, or on the next one above)."""

    async def wait() -> None:
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not path.exists():
                watcher = inotify.Watcher()
                try:
                    folder = next(above for above in path.parents if above.is_dir())
                    watcher.add(str(folder), inotify.CREATE | inotify.MOVED_TO | inotify.GONE)
                    if not path.exists():
                        await watcher.changes()
                finally:
                    watcher.close()

    asyncio.run(wait())


def wait_gone(pid: int) -> None:
    """Until the process has ended."""
    assert has_ended(pid, DEADLINE_SECONDS), f"process {pid} still runs"


def has_ended(pid: int, deadline_seconds: float) -> bool:
    """Whether the process ends within the deadline (pidfd_open(2)); at once if it has already."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([fd], [], [], deadline_seconds)[0])
    finally:
        os.close(fd)
