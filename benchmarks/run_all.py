"""`make bench`: every benchmark in one run, one table, and the figures as JSON in benchmarks/out/."""

from __future__ import annotations

import argparse
import sys

import api
import autoscale
import cli
import crash
import ensure
import idle
import logs
import memory
import reapply
import rollout
import sdk
import serving
import start
import stop
import validate
import vars
import watch
from common import OUT, QUICK, Measurement, Options, table, write_results

BENCHMARKS = {
    "start": start,
    "stop": stop,
    "crash": crash,
    "idle": idle,
    "memory": memory,
    "reapply": reapply,
    "cli": cli,
    "api": api,
    "logs": logs,
    "vars": vars,
    "serving": serving,
    "rollout": rollout,
    "autoscale": autoscale,
    "sdk": sdk,
    "ensure": ensure,
    "validate": validate,
    "watch": watch,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="100 workers, one run: a look, not a measurement"
    )
    parser.add_argument("only", nargs="*", metavar="NAME", help=f"of: {' '.join(BENCHMARKS)}")
    args = parser.parse_args()
    unknown = set(args.only) - BENCHMARKS.keys()
    if unknown:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    options = QUICK if args.quick else Options()
    found: list[Measurement] = []
    for name in args.only or BENCHMARKS:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        found += BENCHMARKS[name].measure(options)
    print(table(found))
    print(f"\nfigures: {write_results(found).relative_to(OUT.parent.parent)}")
    return 0 if all(one.is_met for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
