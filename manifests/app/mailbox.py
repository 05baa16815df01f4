"""A catch-all worker: one program for many names. Which name it was started under is its first argument.

What it publishes others read from memory: `workerctl vars get NAME --scope mail`.
"""

from __future__ import annotations

import sys
from datetime import datetime

import worker

try:
    import workerset  # the controller puts it on the path; by hand it may be missing
except ImportError:
    workerset = None


def main() -> None:
    name = sys.argv[1] if len(sys.argv) > 1 else "nobody"
    handle = worker.Handle()
    if workerset is not None and workerset.available():
        workerset.set_vars({"owner": name, "letters": 0, "opened": datetime.now().isoformat(" ", "seconds")})
    worker.ready()
    print(f"mailbox of {name} is open", flush=True)
    handle.wait()
    print(f"mailbox of {name} is closed", flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
