"""A saved file to the first statement of the new Python process, 500 files; and watching 5,000 at rest.

The peers watch the same folder in turn: nodemon where it is installed (`npm install -g nodemon`), and the
command line of watchfiles, which is.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common import Measurement, Options, Project, compare, project, run_alone
from idle import sample

BUDGET = 1.0
BUDGET_MS = 30.0
BUDGET_IDLE = 0.005
FILES, MANY_FILES = 500, 5000
SETTLE_SECONDS = 3.0
SCRIPT = """import os, signal, time
out = os.open({out!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
os.write(out, b"%d\\n" % time.monotonic_ns())
signal.pause()
"""


def measure(options: Options) -> list[Measurement]:
    with project() as mine:
        script, out = lay_out(mine, FILES)
        with ours(mine, script):
            own = saves(script, out, options.trials)
        floor = time_of_a_start(script, out, options.trials)
        peers = {name: peer(argv, mine, script, out, options.trials) for name, argv in found(script).items()}
    name = "saved file to first statement"
    notes: dict[str, object] = {"starting Python alone (ms)": floor}
    measured = [Measurement(name, sorted(own)[len(own) // 2], "ms", BUDGET_MS, notes=notes)]
    measured += [
        compare(name, own, theirs, unit="ms", budget=BUDGET, against=which) for which, theirs in peers.items()
    ]
    return [*measured, rest(options)]


def rest(options: Options) -> Measurement:
    """The part of a core that the controller takes while nothing changes."""
    with project() as mine:
        script, _ = lay_out(mine, MANY_FILES)
        with ours(mine, script):
            controller = mine.pid_of("controller")
            before = sample(controller)
            time.sleep(options.idle_seconds)
            seconds = sample(controller)[1] - before[1]
    name = f"watching {MANY_FILES:,} files at rest: part of a core"
    return Measurement(name, seconds / options.idle_seconds, "", BUDGET_IDLE)


def lay_out(mine: Project, count: int) -> tuple[Path, Path]:
    for number in range(count):
        path = mine.root / f"src/d{number // 25}/f{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1\n")
    out = mine.home / "out"
    script = mine.root / "app.py"
    script.write_text(SCRIPT.format(out=str(out)))
    return script, out


@contextmanager
def ours(mine: Project, script: Path) -> Iterator[None]:
    mine.declare("load", 1, command=[sys.executable, str(script)], watch=["**/*.py"])
    mine.ctl("up", "-d", "-f", "load/")
    time.sleep(SETTLE_SECONDS)
    try:
        yield
    finally:
        mine.ctl("down", "--purge", check=False)
        shutil.rmtree(mine.root / "load")


def time_of_a_start(script: Path, out: Path, trials: int) -> float:
    """What starting the process takes by itself."""
    taken = []
    for _ in range(trials):
        before, began = lines(out), time.monotonic_ns()
        with subprocess.Popen([sys.executable, script]) as process:
            taken.append(until_more(out, before, began))
            process.kill()
    return sorted(taken)[len(taken) // 2]


def found(script: Path) -> dict[str, list[str]]:
    """The peers there are, by name, with their command lines."""
    command = f"{sys.executable} {script}"
    folder = str(script.parent)
    peers = {"watchfiles": [str(Path(sys.executable).parent / "watchfiles"), command, folder]}
    if nodemon := shutil.which("nodemon"):
        peers["nodemon"] = [nodemon, "--watch", folder, "--ext", "py", "--exec", command]
    return peers


def peer(argv: list[str], mine: Project, script: Path, out: Path, trials: int) -> list[float]:
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        argv, cwd=mine.root, env=mine.environ, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True
    )
    try:
        time.sleep(SETTLE_SECONDS)
        return saves(script, out, trials)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def saves(script: Path, out: Path, trials: int) -> list[float]:
    """Milliseconds from the close of the saved file on; pauses differ, as a typist's do."""
    pick = random.Random(7)
    taken = []
    for _ in range(trials):
        time.sleep(1.5 + pick.random())
        before = lines(out)
        with script.open("a") as file:
            file.write("#\n")
        taken.append(until_more(out, before, time.monotonic_ns()))
    return taken


def until_more(out: Path, before: int, began: int) -> float:
    deadline = time.monotonic() + 20
    while lines(out) <= before:
        if time.monotonic() > deadline:
            raise SystemExit("nothing was started within 20 s")
        time.sleep(0.001)
    return (int(out.read_text().split()[-1]) - began) / 1e6


def lines(out: Path) -> int:
    return out.read_bytes().count(b"\n") if out.exists() else 0


if __name__ == "__main__":
    sys.exit(run_alone(measure, __doc__ or ""))
