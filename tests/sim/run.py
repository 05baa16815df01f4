"""`python tests/sim/run.py --seeds 5000`: play many seeds, print those that fail.

`--seed N` plays one and prints its trace. A seed acts six times: many short plays find sooner what few long
ones do, and are easier to read. `--edits 25` plays it on, as the tests do.
"""

from __future__ import annotations

import argparse
import functools
import gc
import logging
import multiprocessing
import os
import resource
import sys
import time
import traceback
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[2] / "controller" / "sdk")]

from tests.sim.simulation import Simulation  # noqa: E402

EDITS = 6


def play(edits: int, seed: int) -> str:
    """What is wrong with a seed; empty if nothing is."""
    try:
        Simulation(seed).run(edits)
    except Exception as problem:
        return f"--seed {seed} --edits {edits}: {type(problem).__name__}: {problem}"
    return ""


def play_one(edits: int, seed: int) -> int:
    simulation = Simulation(seed)
    try:
        simulation.run(edits)
    except Exception:
        print("\n".join(simulation.trace))
        traceback.print_exc()
        return 1
    print("\n".join(simulation.trace))
    return 0


def prepare() -> None:
    """A refused write of each full disk is no news, and what a seed leaves behind is little."""
    logging.disable(logging.CRITICAL)
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes (one a processor)")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--edits", type=int, default=EDITS, help="how often a seed acts")
    options = parser.parse_args()
    if options.seed is not None:
        return play_one(options.edits, options.seed)
    seeds = range(options.first, options.first + options.seeds)
    failed, begun = 0, time.monotonic()
    with multiprocessing.Pool(options.jobs, prepare) as pool:
        for problem in pool.imap(functools.partial(play, options.edits), seeds, chunksize=10):
            if problem:
                failed += 1
                print(problem, flush=True)
    used = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    print(
        f"{len(seeds)} seeds in {time.monotonic() - begun:.1f} s "
        f"({used / max(1, len(seeds)) * 1000:.0f} ms of processor each), {failed or 'none'} failed"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
