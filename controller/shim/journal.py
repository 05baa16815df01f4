"""What guardian, shim and log writer have to say: one line an event in the project's `controller.log`."""

from __future__ import annotations

import os
import sys
import time


def say(who: str, text: str) -> None:
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    try:
        print(f"{stamp} {who}[{os.getpid()}] {text}", file=sys.stderr, flush=True)
    except OSError:
        pass  # a full disk is no reason to stop
