"""A watcher: keeps `index.json` true to the files in the library, and sleeps when nothing changes.

Level, not edge: a change only says "look again". What the index should be is computed from the folder,
so news that was missed (the worker was down, the queue overflowed) does no harm.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import watching
import worker

Entry = dict[str, int | str]


def main() -> None:
    worker.make_folders()
    handle = worker.Handle()
    folder = watching.Folders(worker.LIBRARY)  # first watch, then look: nothing falls in between
    index = load()
    update(index)
    worker.ready()
    while handle.wait(None, folder.descriptor):
        folder.drain()
        update(index)
    print("stopped: the index is on disk", flush=True)


def load() -> dict[str, Entry]:
    try:
        found: dict[str, Entry] = json.loads(worker.INDEX.read_text(encoding="utf-8"))
        return found
    except (FileNotFoundError, ValueError):
        return {}


def update(index: dict[str, Entry]) -> None:
    """Bring the index in line with the folder; write it, and say so, only where something changed."""
    changed = False
    for name in index.keys() - (present := files()).keys():
        del index[name]
        print(f"gone     {name}", flush=True)
        changed = True
    for name, path in sorted(present.items()):
        entry = describe(path)
        if entry is not None and index.get(name) != entry:
            word = "changed" if name in index else "new"
            print(f"{word:<8} {name}: {entry['words']} words", flush=True)
            index[name] = entry
            changed = True
    if changed:
        worker.write(worker.INDEX, json.dumps(index, indent=1, sort_keys=True) + "\n")


def files() -> dict[str, Path]:
    return {path.name: path for path in worker.LIBRARY.iterdir() if not path.name.startswith(".")}


def describe(path: Path) -> Entry | None:
    """What the index says about one file; None if it went away meanwhile or is no file."""
    try:
        data = path.read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        return None
    return {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data), "words": len(data.split())}


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
