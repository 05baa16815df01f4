"""What the guardian runs: the controller, from the very package this file is in.

Run by path and with `-P`, because `python -m controller` would take a folder `controller/` of the
user's project for ours.
"""

import os
import sys

if __name__ == "__main__":
    _home = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    if _home not in sys.path:
        sys.path.insert(0, _home)
    from controller.cli.main import main

    raise SystemExit(main())
