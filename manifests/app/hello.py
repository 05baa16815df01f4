"""The smallest worker there is: it prints, it sleeps, and it knows nothing of any controller.

SIGTERM ends it, as it ends any program; what it prints becomes a line of its log.
"""

from __future__ import annotations

import os
import time
from itertools import count


def main() -> None:
    whom = os.environ.get("WHOM", "world")
    every = float(os.environ.get("EVERY", "5"))
    for number in count(1):
        print(f"hello, {whom} ({number})", flush=True)
        time.sleep(every)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass  # Ctrl-C, when started by hand
