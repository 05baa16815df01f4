"""Drops a job for the next file of the library into the spool, at a steady pace.

It waits when the consumers fall behind, and clears away old results: a demo must not fill a disk.
"""

from __future__ import annotations

import json
import os
import time
from itertools import count

import worker

EVERY = float(os.environ.get("EVERY", "2"))
MOST_WAITING = 20
RESULTS_KEPT = 100


def main() -> None:
    worker.make_folders()
    handle = worker.Handle()
    for number in count():
        if len(os.listdir(worker.NEW)) < MOST_WAITING:
            drop(number)
        else:
            print("the spool is full: waiting for the consumers", flush=True)
        sweep()
        if not handle.wait(EVERY):
            break


def drop(number: int) -> None:
    shelf = sorted(path.name for path in worker.LIBRARY.iterdir() if not path.name.startswith("."))
    if not shelf:
        print("the library is empty: nothing to do yet", flush=True)
        return
    name = shelf[number % len(shelf)]
    # Names sort by time, so the consumers take the oldest first.
    worker.write(worker.NEW / f"{time.time_ns()}.json", json.dumps({"file": name}))
    print(f"job: count the words of {name}", flush=True)


def sweep() -> None:
    results = sorted(worker.DONE.glob("*.json"))
    for old in results[: max(0, len(results) - RESULTS_KEPT)]:
        old.unlink(missing_ok=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
