"""What every benchmark shares: a project of its own, what the kernel knows about processes, results.

Only the public command line is used, in a temporary project; nothing is left running, whatever happens.
Figures of one machine mean little: every claim is a ratio, measured in one run, with ours and the
yardstick taking turns.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from kernel import born, carrying, children, descendants, read, wait_until

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
OUT = HERE / "out"

WORKER = ("sleep", "100000")
MARK = b"\0".join(word.encode() for word in WORKER) + b"\0"


# ----------------------------------------------------------------------------------------- results


@dataclass(frozen=True)
class Measurement:
    """One claim. `ours` and `yardstick` are medians; without a yardstick the budget is absolute."""

    name: str
    ours: float
    unit: str
    budget: float
    yardstick: float | None = None
    against: str = ""
    at_least: bool = False
    samples: dict[str, list[float]] = field(default_factory=dict)
    notes: dict[str, object] = field(default_factory=dict)

    @property
    def value(self) -> float:
        """What the budget is about: the ratio, or the figure itself."""
        return self.ours if self.yardstick is None else self.ours / self.yardstick

    @property
    def is_met(self) -> bool:
        return self.value >= self.budget if self.at_least else self.value <= self.budget


def compare(
    name: str, ours: Sequence[float], yardstick: Sequence[float], *, unit: str, budget: float, against: str
) -> Measurement:
    """A ratio of medians."""
    return Measurement(
        name=name,
        ours=statistics.median(ours),
        yardstick=statistics.median(yardstick),
        unit=unit,
        budget=budget,
        against=against,
        samples={"ours": list(ours), "yardstick": list(yardstick)},
    )


def table(measurements: Sequence[Measurement]) -> str:
    rows = [("what", "ours", "yardstick", "ratio", "budget", "")]
    for one in measurements:
        limit = f"{'≥' if one.at_least else '≤'} {one.budget:g}"
        if one.yardstick is None:
            rows.append(
                (one.name, show(one.ours, one.unit), "", "", f"{limit} {one.unit}".rstrip(), verdict(one))
            )
        else:
            yardstick = f"{show(one.yardstick, one.unit)} ({one.against})"
            rows.append(
                (one.name, show(one.ours, one.unit), yardstick, f"{one.value:.2f}", limit, verdict(one))
            )
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def show(value: float, unit: str) -> str:
    return f"{value:.3g} {unit}".rstrip()


def verdict(one: Measurement) -> str:
    return "ok" if one.is_met else "OVER" if not one.at_least else "UNDER"


def write_results(measurements: Sequence[Measurement]) -> Path:
    OUT.mkdir(exist_ok=True)
    path = OUT / f"{time.strftime('%Y%m%d-%H%M%S')}.json"
    found = {
        "when": time.strftime("%F %T"),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "load": os.getloadavg(),
        "measurements": [asdict(one) | {"value": one.value, "met": one.is_met} for one in measurements],
    }
    path.write_text(json.dumps(found, indent=1) + "\n")
    return path


# ----------------------------------------------------------------------------------------- options


@dataclass(frozen=True)
class Options:
    """How much to measure."""

    workers: int = 1000
    runs: int = 3
    idle_seconds: float = 30.0
    trials: int = 40


QUICK = Options(workers=100, runs=1, idle_seconds=5.0, trials=10)


def run_alone(measure: Callable[[Options], list[Measurement]], description: str) -> int:
    """The main function of each benchmark."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--workers", type=int, default=Options.workers)
    parser.add_argument("--runs", type=int, default=Options.runs)
    parser.add_argument("--idle-seconds", type=float, default=Options.idle_seconds)
    parser.add_argument("--trials", type=int, default=Options.trials)
    args = parser.parse_args()
    found = measure(Options(args.workers, args.runs, args.idle_seconds, args.trials))
    print(table(found))
    return 0 if all(one.is_met for one in found) else 1


# ----------------------------------------------------------------------------------------- a project


class Project:
    """A project in a temporary folder and the processes that belong to it."""

    def __init__(self, folder: Path, run: Path) -> None:
        self.root = folder / "project"
        self.root.mkdir()
        self.home = folder / "home"
        self.home.mkdir()
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "XDG_RUNTIME_DIR": str(run),
            "XDG_STATE_HOME": str(self.home / "state"),
            "LANG": "C.UTF-8",
        }

    def ctl(self, *words: str, check: bool = True, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [workerctl(), *words],
            cwd=self.root,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        if check and done.returncode != 0:
            raise SystemExit(
                f"workerctl {' '.join(words)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
            )
        return done

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        quiet = subprocess.DEVNULL
        return subprocess.Popen(
            [workerctl(), *words], cwd=self.root, env=self.environ, stdin=quiet, stdout=quiet, stderr=quiet
        )

    def declare(self, folder: str, count: int, **spec: object) -> Path:
        """`folder/` with one manifest for each of `count` sets."""
        path = self.root / folder
        path.mkdir()
        for number in range(count):
            declared = {
                "apiVersion": "workerset.dev/v1",
                "kind": "WorkerSet",
                "metadata": {"name": f"{folder}-{number:04}"},
                "spec": {"command": list(WORKER), **spec},
            }
            (path / f"{number:04}.json").write_text(json.dumps(declared))
        return path

    def wake_controller(self) -> None:
        """Start a detached controller that has nothing to run yet."""
        self.declare("seed", 1, background=True, name="seed")
        self.ctl("apply", "-f", "seed/")

    def pid_of(self, part: str) -> int:
        return int((self.root / ".workerset" / f"{part}.pid").read_text().split()[0])

    def tree(self) -> tuple[list[int], list[int]]:
        """Our own processes, and the workers."""
        top = [self.pid_of(part) for part in ("guardian", "controller", "shim")]
        everyone = list(dict.fromkeys([*top, *(pid for one in top for pid in descendants(one))]))
        workers = [pid for pid in everyone if read(f"/proc/{pid}/cmdline") == MARK]
        return [pid for pid in everyone if pid not in set(workers)], workers

    def close(self) -> None:
        try:
            self.ctl("down", check=False, timeout=60)
        except subprocess.TimeoutExpired:
            print("workerctl down did not end within 60 s", file=sys.stderr)
        for pid in carrying(f"HOME={self.home}"):
            print(f"left behind, killed now: {pid} {read(f'/proc/{pid}/cmdline')!r}", file=sys.stderr)
            os.kill(pid, signal.SIGKILL)


def workerctl() -> str:
    beside = Path(sys.executable).with_name("workerctl")
    found = str(beside) if beside.exists() else shutil.which("workerctl")
    if found is None:
        raise SystemExit("workerctl is not installed here: make setup")
    return found


@contextmanager
def project() -> Iterator[Project]:
    # Where a user has a run-time folder it is in memory; making sockets on a disk costs ten times as much.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with (
        tempfile.TemporaryDirectory(prefix="ws-bench-") as folder,
        tempfile.TemporaryDirectory(prefix="ws-bench-", dir=memory) as run,
    ):
        made = Project(Path(folder), Path(run))
        try:
            yield made
        finally:
            made.close()


def wait_workers(project: Project, count: int) -> float:
    """The moment `count` workers run (monotonic): the last of them was forked, and all have exec'ed.

    Looked at rarely, and told by when the kernel says they were born: listing a thousand children again and
    again would hold up the forks that are measured.
    """
    shim = project.pid_of("shim")
    wait_until(lambda: len(children(shim)) >= count, f"{count} children of the shim", pause=0.05)
    wait_until(lambda: len(project.tree()[1]) >= count, f"{count} workers", pause=0.05)
    return max(born(pid) for pid in project.tree()[1])
