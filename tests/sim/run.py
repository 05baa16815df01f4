"""`python tests/sim/run.py --seeds 5000`: play many seeds, print those that fail.

`--seed N` plays one and prints its trace.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[2] / "controller" / "sdk")]

from tests.sim.simulation import Simulation  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int)
    options = parser.parse_args()
    seeds = (
        [options.seed] if options.seed is not None else range(options.first, options.first + options.seeds)
    )
    failed, begun = [], time.monotonic()
    for seed in seeds:
        simulation = Simulation(seed)
        try:
            simulation.run()
        except Exception as problem:
            failed.append(seed)
            print(f"seed {seed}: {type(problem).__name__}: {problem}")
            if options.seed is not None:
                print("\n".join(simulation.trace))
                traceback.print_exc()
    print(f"{len(seeds)} seeds in {time.monotonic() - begun:.1f} s, failed: {failed or 'none'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
