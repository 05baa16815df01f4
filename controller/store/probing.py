"""Whether the state can live in a folder: by the type of its file system, and by trying."""

from __future__ import annotations

import os

from controller.store import db, filesystem


def unsuitable(folder: str) -> str:
    """The type of the file system if the state cannot live in `folder`, which exists; else empty."""
    kind = filesystem.unsuitable(folder)
    if kind or os.path.exists(f"{folder}/store.db"):
        return kind
    trial = f"{folder}/trial-{os.getpid()}.db"
    try:
        db.Database(trial).close()
    except db.UnsuitableFilesystem:
        return filesystem.kind(folder) or "an unknown file system"
    except db.StoreProblem:
        return ""  # no verdict on its type; whoever opens the store says what it is
    finally:
        _remove(trial, f"{trial}-wal", f"{trial}-shm", f"{trial}-journal")
    return ""


def _remove(*paths: str) -> None:
    for path in paths:
        try:
            os.unlink(path)
        except OSError:
            continue
