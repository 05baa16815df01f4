"""Writing a whole database anew, after its file was deleted under a running controller."""

from __future__ import annotations

import os

from controller.core import errors
from controller.store import batch, db


def plant(path: str, everything: batch.Batch) -> db.Database:
    """A new file under its name only once it is complete. Raises `errors.StatusError`.

    Whoever had the old one open has closed it: closing removes the log by name, which must not be this one's.
    """
    fresh = f"{path}.new"
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        _remove(fresh, f"{fresh}-wal", f"{fresh}-shm", f"{path}-wal", f"{path}-shm")
        planted = db.Database(fresh)
        try:
            planted.write(everything, durable=True)
        finally:
            planted.close()
        os.replace(fresh, path)
        return db.Database(path)
    except (OSError, db.StoreProblem) as problem:
        raise errors.StatusError(f"the state was deleted and cannot be made again: {problem}") from problem


def _remove(*paths: str) -> None:
    """What is left of an earlier file would be taken for a part of the new one."""
    for path in paths:
        try:
            os.unlink(path)
        except FileNotFoundError:
            continue
