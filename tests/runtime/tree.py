"""A real process tree for tests: guardian, shim, log writer, and this process as the controller.

The controller that the guardian starts is a stub; the runtime under test connects in its place.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import select
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

from controller import ports, settings
from controller.core import kinds, spec
from controller.runtime import local
from controller.sdk.workerset import contract
from controller.shim import launch, proc
from tests.contracts import runtime as suite

CHILDREN = Path(__file__).parents[1] / "children"
WORKER = str(CHILDREN / "worker.py")
STUB = [sys.executable, "-I", "-S", str(CHILDREN / "stub_controller.py")]
DEADLINE_SECONDS = 20


class Tree:
    """One project's processes; `end` closes the leash and proves that nothing is left."""

    def __init__(self, root: Path, run: Path, environ: Mapping[str, str] | None = None) -> None:
        self.paths = settings.ProjectPaths(str(root), f"{root}/.workerset", str(run))
        self.environ = dict(environ or {"PATH": os.environ["PATH"], "HOME": str(root)})
        self.tag = contract.project_tag(str(root))
        self.launched: launch.Launched | None = None
        self._guardian = 0

    def start(self, *stub_arguments: str, leash: bool = True) -> Mapping[str, object]:
        places = launch.Places(self.paths.root, self.paths.state, self.paths.run)
        argv = [*STUB, *stub_arguments]
        launched = launch.launch(places, argv, leash=leash, environ=self.environ)
        try:
            ready = launch.wait_ready(launched, DEADLINE_SECONDS)
        except BaseException:
            if launched.leash_fd is not None:
                os.close(launched.leash_fd)
            os.waitpid(launched.pid, 0)
            raise
        self.launched = launched
        return ready

    def start_with_files(self, limit: int) -> None:
        """Start under a hard limit on open files; by way of a child, which alone is limited."""
        child = os.fork()
        if child == 0:
            code = 1
            try:
                os.closerange(3, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
                os.closerange(3, resource.getrlimit(resource.RLIMIT_NOFILE)[0])  # what the suite has open
                resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
                self.start(leash=False)
                code = 0
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        assert status == 0
        self._guardian = self.pid_of("guardian")

    def pid_of(self, part: str) -> int:
        return int(Path(f"{self.paths.state}/{part}.pid").read_text())

    def log_writer(self) -> int:
        for pid in proc.children(self.pid_of("shim")):
            if "logwriter.py" in proc.command(pid):
                return pid
        raise AssertionError("no log writer")

    def kill(self, *parts: str) -> None:
        """SIGKILL and wait for the end of each."""
        for pid in [self.pid_of(part) for part in parts]:
            os.kill(pid, signal.SIGKILL)
            self.wait_gone(pid)

    def wait_gone(self, pid: int) -> None:
        if self.launched is not None and pid == self.launched.pid:
            os.waitpid(pid, 0)
            if self.launched.leash_fd is not None:
                os.close(self.launched.leash_fd)
            self.launched = None
        wait_gone(pid)

    def log(self, worker: str) -> str:
        return Path(f"{self.paths.logs}/default/{worker}.log").read_text()

    def own_log(self) -> str:
        return Path(self.paths.own_log).read_text()

    def tagged(self) -> list[int]:
        """Everything alive that carries the project's tag."""
        return [pid for pid in proc.pids() if proc.variable(pid, contract.PROJECT) == self.tag]

    def end(self) -> None:
        if self._guardian:
            proc.send(self._guardian, signal.SIGTERM)
            wait_gone(self._guardian)
            self._guardian = 0
        if self.launched is not None:
            if self.launched.leash_fd is not None:
                os.close(self.launched.leash_fd)
            else:
                os.kill(self.launched.pid, signal.SIGTERM)
            os.waitpid(self.launched.pid, 0)
            self.launched = None

    def clean_up(self) -> list[int]:
        """Kill what a failed test left; what should not have been there."""
        left = self.tagged()
        for pid in left:
            proc.send(pid, signal.SIGKILL)
        for pid in left:
            wait_gone(pid)
        return left


def wait_gone(pid: int) -> None:
    """Until a process that may be anybody's child has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    ended = poller.poll(DEADLINE_SECONDS * 1000)
    os.close(descriptor)
    assert ended, f"process {pid} still runs: {proc.command(pid)}"


class Controller:
    """The runtime under test and a way to wait for it; a `contracts.runtime.Subject`."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.runtime = local.LocalRuntime(tree.paths, tree.environ)
        self.keys: list[kinds.Key] = []
        self.facts: list[str] = []
        self._changed = asyncio.Event()
        self.runtime.on_change = self._note
        self.runtime.on_fact = self._note_fact

    def _note(self, key: kinds.Key) -> None:
        self.keys.append(key)
        self._changed.set()

    def _note_fact(self, fact: str) -> None:
        self.facts.append(fact)
        self._changed.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not holds():
                self._changed.clear()
                await self._changed.wait()

    def template(self, behaviour: str) -> spec.Template:
        programs = {
            "sleep": ("sleep", "1000"),
            "fail": ("sh", "-c", "echo it went wrong; exit 3"),
            "succeed": ("true",),
            "missing": ("no-such-program",),
        }
        return spec.Template(command=programs.get(behaviour) or worker(behaviour))

    async def started(self, run: str, *command: str, worker: str = "web-0") -> ports.Process:
        """A run of a command, once it has a pid or has failed to start."""
        self.runtime.submit([start_run(run, spec.Template(command=command), worker)])
        await self.until(lambda: bool((one := suite.by_run(self, run)) and (one.pid or one.exit)))
        return self.get(run)

    async def ended(self, run: str) -> ports.Process:
        return await suite.ended(self, run)

    def get(self, run: str) -> ports.Process:
        found = suite.by_run(self, run)
        assert found is not None, f"no run {run}"
        return found


def worker(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-I", "-S", WORKER, *arguments)


def start_run(run: str, template: spec.Template, worker: str = "web-0", **more: object) -> ports.StartRun:
    values: dict[str, object] = {"scope": "", "background": False, "log": spec.LogRules(), **more}
    return ports.StartRun(
        ref=suite.ref(worker),
        run=run,
        template_hash="1-a-b",
        ordinal=int(worker.rpartition("-")[2]),
        worker_name="web",
        template=template,
        **values,  # type: ignore[arg-type]
    )


@contextlib.asynccontextmanager
async def controlling(tree: Tree) -> AsyncIterator[Controller]:
    controller = Controller(tree)
    await controller.runtime.connect()
    try:
        yield controller
    finally:
        await controller.runtime.close()
