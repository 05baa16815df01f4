"""One of a pool that works off a spool folder. Renaming a file is taking it: only one can.

    new/ID.json  --rename-->  work/ID.json.ORDINAL  --result written-->  done/ID.json

A consumer that is killed in the middle leaves its job in `work/`. Its successor has the same ordinal,
finds the job under its own name, and does it again: nothing is lost, whenever the kill comes.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path

import watching
import worker


def main() -> None:
    worker.make_folders()
    handle = worker.Handle()
    spool = watching.Folders(worker.NEW)
    for left in sorted(worker.WORK.glob(f"*.json.{worker.ORDINAL}")):
        print(f"picking up what a predecessor left: {left.name}", flush=True)
        work(left)
    while True:
        while (job := take()) and handle.wait(0):
            work(job)
        if job:  # told to stop with a job in hand: put it back for the others
            job.rename(worker.NEW / job.stem)
            return
        if not handle.wait(None, spool.descriptor):
            return
        spool.drain()


def take() -> Path | None:
    """The oldest job that nobody else was quicker to rename; None if there is none."""
    for job in sorted(worker.NEW.glob("*.json")):
        mine = worker.WORK / f"{job.name}.{worker.ORDINAL}"
        try:
            job.rename(mine)
        except FileNotFoundError:
            continue  # another consumer has it
        return mine
    return None


def work(job: Path) -> None:
    """Count and hash the file that the job names, write the result, and only then drop the job."""
    name = json.loads(job.read_text(encoding="utf-8"))["file"]
    try:
        data = (worker.LIBRARY / name).read_bytes()
    except FileNotFoundError:
        print(f"{name} left the library before it was read", flush=True)
        job.unlink()
        return
    words = Counter(data.decode("utf-8", "replace").lower().split())
    result = {
        "file": name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "words": words.total(),
        "top": words.most_common(5),
        "by": worker.ORDINAL,
    }
    worker.write(worker.DONE / job.stem, json.dumps(result))
    job.unlink()
    print(f"{name}: {words.total()} words, {len(words)} different ones", flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
