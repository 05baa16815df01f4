"""The console scripts, and what the guardian runs: our `controller`, whatever else has that name.

A folder or file `controller` of the user's own project comes first where that project is on PYTHONPATH, or
with `python -m controller`. So scripts import this module, whose name nobody else has, and the guardian runs
it by path; it imports the package from where it stands itself.
"""

import os
import sys


def _load() -> None:
    """Import `controller` from the nearest folder above that holds it. Its parts then come from there too."""
    home = os.path.dirname(os.path.abspath(__file__))
    while not os.path.exists(f"{home}/controller/cli/main.py"):
        home = os.path.dirname(home)
    sys.path.insert(0, home)
    import controller.cli.main

    assert controller.__file__ is not None
    sys.path.remove(home)


def main() -> int:
    """`workerctl` and `workerset`."""
    _load()
    from controller.cli.main import main

    return main()


def plugin() -> int:
    """`kubectl ws`."""
    _load()
    from controller.cli.main import plugin

    return plugin()


if __name__ == "__main__":
    raise SystemExit(main())
