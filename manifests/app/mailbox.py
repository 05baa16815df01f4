"""A catch-all worker: one program for many names. Which name it was started under is its first argument."""

from __future__ import annotations

import sys

import worker


def main() -> None:
    name = sys.argv[1] if len(sys.argv) > 1 else "nobody"
    handle = worker.Handle()
    worker.ready()
    print(f"mailbox of {name} is open", flush=True)
    handle.wait()
    print(f"mailbox of {name} is closed", flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
