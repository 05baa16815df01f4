"""A lazy worker: declared, not running, costing nothing until somebody wants a report."""

from __future__ import annotations

import json
import os
from collections import Counter

import worker

EVERY = float(os.environ.get("EVERY", "10"))


def main() -> None:
    worker.make_folders()
    handle = worker.Handle()
    while True:
        print(summary(), flush=True)
        if not handle.wait(EVERY):
            return


def summary() -> str:
    """How many results there are, who made them, and the words seen most."""
    by: Counter[int] = Counter()
    words: Counter[str] = Counter()
    for path in worker.DONE.glob("*.json"):
        try:
            result = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue  # the scheduler sweeps old results away
        by[result["by"]] += 1
        words.update(dict(result["top"]))
    shares = ", ".join(f"consumer {ordinal}: {number}" for ordinal, number in sorted(by.items()))
    most = ", ".join(word for word, _ in words.most_common(5))
    return f"{by.total()} results ({shares or 'none yet'}); most seen: {most or 'nothing'}"


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
