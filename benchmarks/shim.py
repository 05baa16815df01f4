"""What the process tree costs, as ratios to bare loops in the same run (arguments: N ROUNDS).

Starts, stops and crashes go through `LocalRuntime`; idle cost and memory are those of guardian, shim and
log writer. The run-time folder is on /dev/shm, as $XDG_RUNTIME_DIR is on a desktop.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from controller import ports, settings  # noqa: E402
from controller.core import kinds, spec  # noqa: E402
from controller.runtime import local  # noqa: E402
from controller.shim import launch, proc  # noqa: E402

KEY = kinds.Key("default", "web")
SLEEP = spec.Template(command=("sleep", "100000"))
STUB = [sys.executable, "-I", "-S", str(ROOT / "tests/children/stub_controller.py")]


class Tree:
    def __init__(self) -> None:
        self.root = tempfile.mkdtemp(prefix="wsb-")
        self.run = tempfile.mkdtemp(prefix="wsb-", dir="/dev/shm")
        self.paths = settings.ProjectPaths(self.root, f"{self.root}/.workerset", self.run)
        self.environ = dict(os.environ)
        places = launch.Places(self.root, self.paths.state, self.run)
        self.launched = launch.launch(places, STUB, leash=True, environ=self.environ)
        launch.wait_ready(self.launched, 20)

    def ours(self) -> dict[str, int]:
        shim = int(Path(self.paths.shim_pid).read_text())
        writer = next(pid for pid in proc.children(shim) if "logwriter.py" in proc.command(pid))
        return {"guardian": self.launched.pid, "shim": shim, "log writer": writer}

    def close(self) -> None:
        assert self.launched.leash_fd is not None
        os.close(self.launched.leash_fd)
        os.waitpid(self.launched.pid, 0)
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.rmtree(self.run, ignore_errors=True)


class Runner:
    def __init__(self, tree: Tree) -> None:
        self.runtime = local.LocalRuntime(tree.paths, tree.environ)
        self._changed = asyncio.Event()
        self.runtime.on_change = lambda _key: self._changed.set()
        self._number = 0

    async def until(self, holds: Callable[[tuple[ports.Process, ...]], bool]) -> tuple[ports.Process, ...]:
        while not holds(self.runtime.processes(KEY)):
            self._changed.clear()
            await asyncio.wait_for(self._changed.wait(), 60)
        return self.runtime.processes(KEY)

    def start(self, worker: int) -> ports.StartRun:
        self._number += 1
        ref = ports.WorkerRef("default", "web", f"web-{worker}")
        return ports.StartRun(
            ref, f"{self._number:012x}", "h", worker, "web", "", False, SLEEP, spec.LogRules()
        )

    async def start_all(self, count: int) -> float:
        begun = time.perf_counter()
        self.runtime.submit([self.start(worker) for worker in range(count)])
        await self.until(lambda found: len(found) == count and all(one.pid for one in found))
        return time.perf_counter() - begun

    async def stop_all(self) -> float:
        found = self.runtime.processes(KEY)
        begun = time.perf_counter()
        self.runtime.submit([ports.CloseHandle(one.ref, one.run, signal.SIGTERM) for one in found])
        found = await self.until(lambda found: all(one.exit for one in found))
        taken = time.perf_counter() - begun
        self.runtime.submit([ports.Acknowledge(one.ref, one.run) for one in found])
        await self.until(lambda found: not found)
        return taken

    async def crash(self, victim: ports.Process) -> float:
        """From the signal to the start of the replacement, both on the monotonic clock."""
        self.runtime.submit([ports.PlaceTicket(victim.ref, victim.run, f"t{victim.run}", on_success=False)])
        await asyncio.sleep(0.02)
        begun = time.monotonic()
        os.kill(victim.pid, signal.SIGKILL)
        found = await self.until(lambda found: any(one.run == f"t{victim.run}" and one.pid for one in found))
        new = next(one for one in found if one.run == f"t{victim.run}")
        self.runtime.submit([ports.Acknowledge(victim.ref, victim.run)])
        return new.started_at - begun


def bare_start(count: int) -> tuple[float, list[subprocess.Popen[bytes]]]:
    begun = time.perf_counter()
    found = [subprocess.Popen(["sleep", "100000"], start_new_session=True) for _ in range(count)]
    return time.perf_counter() - begun, found


def bare_stop(found: list[subprocess.Popen[bytes]]) -> float:
    begun = time.perf_counter()
    for one in found:
        one.kill()
    for one in found:
        one.wait()
    return time.perf_counter() - begun


def bare_replace(rounds: int) -> float:
    """Kill, blocking wait, Popen: the shortest way there is in Python."""
    taken = []
    for _ in range(rounds):
        one = subprocess.Popen(["sleep", "100000"], start_new_session=True)
        begun = time.perf_counter()
        one.kill()
        one.wait()
        two = subprocess.Popen(["sleep", "100000"], start_new_session=True)
        taken.append(time.perf_counter() - begun)
        bare_stop([two])
    return statistics.median(taken)


def pss(pid: int) -> int:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))


def voluntary_switches(pid: int) -> int:
    text = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("voluntary"))


def show(what: str, ours: float, bare: float, unit: str = "ms") -> None:
    print(f"{what:34} {ours * 1e3:9.2f} {unit}   bare {bare * 1e3:9.2f} {unit}   ratio {ours / bare:5.2f}")


def memory(tree: Tree, when: str) -> None:
    found = {name: pss(pid) for name, pid in tree.ours().items()}
    parts = ", ".join(f"{name} {size / 1024:.1f}" for name, size in found.items())
    print(f"PSS {when:30} {sum(found.values()) / 1024:9.1f} MiB  ({parts})")


async def measure(tree: Tree, count: int, rounds: int) -> None:
    runner = Runner(tree)
    await runner.runtime.connect()
    memory(tree, "without workers")
    starts, stops = [], []
    for _ in range(rounds):
        bare, found = bare_start(count)
        bare_end = bare_stop(found)
        ours = await runner.start_all(count)
        ours_end = await runner.stop_all()
        starts.append((ours / bare, ours, bare))
        stops.append((ours_end / bare_end, ours_end, bare_end))
    for name, taken in (("start", starts), ("stop", stops)):
        _, ours, bare = sorted(taken)[len(taken) // 2]
        show(f"{name} {count} (median of {rounds})", ours, bare)
    for alive in (1, count):
        await runner.start_all(alive)
        victims = list(runner.runtime.processes(KEY))
        bare = bare_replace(30)
        taken = []
        for number in range(30):
            victim = victims[number % len(victims)] if alive > 1 else runner.runtime.processes(KEY)[-1]
            taken.append(await runner.crash(victim))
        show(f"crash -> replacement, {alive} alive", statistics.median(taken), bare)
        if alive == count:
            memory(tree, f"with {count} workers")
            await idle(tree)
        await runner.stop_all()
    await runner.runtime.close()


async def idle(tree: Tree) -> None:
    await asyncio.sleep(1)
    before = {name: voluntary_switches(pid) for name, pid in tree.ours().items()}
    await asyncio.sleep(10)
    after = {name: voluntary_switches(pid) for name, pid in tree.ours().items()}
    parts = ", ".join(f"{name} {after[name] - before[name]}" for name in before)
    print(f"voluntary switches, idle 10 s       {parts}")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    tree = Tree()
    try:
        asyncio.run(measure(tree, count, rounds))
    finally:
        tree.close()


if __name__ == "__main__":
    main()
