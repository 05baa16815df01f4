"""Fails in three different ways, then works for a while, then begins again.

Watch `workerctl describe ws flaky`: each failure is told with its exit code or signal and the last error,
the waits between the runs grow (0, 100, 400 ms), and once the worker has been well for ten seconds the
past is forgotten. Which step is next is kept in a file, as this process forgets everything each time.
"""

from __future__ import annotations

import os
import signal
import sys

import worker

WELL = float(os.environ.get("WELL_SECONDS", "45"))


def main() -> None:
    worker.DATA.mkdir(parents=True, exist_ok=True)
    handle = worker.Handle()
    step = next_step()
    print(f"run {step + 1} of 4", flush=True)
    if step == 0:
        raise KeyError("API_KEY")  # a traceback, exit 1
    if step == 1:
        print("configuration is not there yet", file=sys.stderr, flush=True)
        sys.exit(78)
    if step == 2:
        os.kill(os.getpid(), signal.SIGKILL)  # as the kernel does when memory runs out
    print(f"well again, for {WELL:g} s", flush=True)
    if handle.wait(WELL):
        print("here we go again", flush=True)
        sys.exit(1)


def next_step() -> int:
    """0, 1, 2, 3, 0, …: one further in each run."""
    path = worker.DATA / "flaky.step"
    step = int(path.read_text()) if path.exists() else 0
    worker.write(path, str((step + 1) % 4))
    return step % 4


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
