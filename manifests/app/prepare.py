"""A one-shot: fill the library that the other workers read, then end with 0.

It may run twice and changes nothing the second time, which is what makes a retry harmless.
"""

from __future__ import annotations

from pathlib import Path

import worker

SOURCES = Path(__file__).resolve().parents[1]
"""This demo's own folder: real files that are there wherever the demo is."""

KINDS = {".md", ".py", ".yaml"}


def main() -> None:
    worker.make_folders()
    copied = sum(copy(source) for source in sorted(SOURCES.rglob("*")) if source.suffix in KINDS)
    print(f"the library is ready: {copied} files copied, {len(list(worker.LIBRARY.iterdir()))} in all")


def copy(source: Path) -> bool:
    """Put one file on the shelf as plain text; True if it was not there, or was another."""
    target = worker.LIBRARY / f"{source.name}.txt"
    text = source.read_text(encoding="utf-8")
    if target.exists() and target.read_text(encoding="utf-8") == text:
        return False
    worker.write(target, text)
    return True


if __name__ == "__main__":
    main()
