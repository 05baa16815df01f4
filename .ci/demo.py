"""`make demo`: `workerctl up` in this very process, so that every signal reaches it.

Ctrl-C is how a demo ends, so it is no error here (exit code 130 elsewhere, docs/exit-codes.md).
"""

from __future__ import annotations

import sys

from controller.cli import errors, main

if __name__ == "__main__":
    code = main.main(["up", *sys.argv[1:]])
    sys.exit(errors.OK if code == errors.INTERRUPTED else code)
