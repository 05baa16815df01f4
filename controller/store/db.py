"""The only user of sqlite3: one file in WAL mode, written in whole batches.

A batch is all or nothing. Commits are synchronous=NORMAL (a crash of ours loses nothing, a power cut may lose
the last moments) or FULL for what a user was promised (sqlite.org/pragma.html#pragma_synchronous).
Must not know objects: values are bytes here.
"""

from __future__ import annotations

import os
import pathlib
import sqlite3

from controller.core import errors
from controller.store import batch, filesystem

FORMAT = 2
"""`PRAGMA user_version` of a current file."""

_MIGRATIONS: dict[int, tuple[str, ...]] = {
    0: (
        "CREATE TABLE objects (resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,"
        " version INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (resource, namespace, name))",
        "CREATE TABLE records (namespace TEXT NOT NULL, workerset TEXT NOT NULL, worker TEXT NOT NULL,"
        " body BLOB NOT NULL, PRIMARY KEY (namespace, workerset, worker)) WITHOUT ROWID",
        "CREATE TABLE settings (name TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID",
        "CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
    ),
    1: (
        "CREATE TABLE ensures (namespace TEXT NOT NULL, workerset TEXT NOT NULL, name BLOB NOT NULL,"
        " body BLOB NOT NULL, PRIMARY KEY (namespace, workerset, name)) WITHOUT ROWID",
    ),
}
"""From each format to the next; a file of format n runs n, n+1, … in one transaction."""

_FULL = frozenset({"SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_FSYNC", "SQLITE_IOERR_TRUNCATE"})
"""ENOSPC is SQLITE_FULL; a quota or a file size limit comes as a failed write."""

_NO_WAL = ("SQLITE_IOERR_SHM", "SQLITE_IOERR_LOCK", "SQLITE_IOERR_RDLOCK", "SQLITE_PROTOCOL", "SQLITE_NOLFS")
_CORRUPT = ("SQLITE_CORRUPT", "SQLITE_NOTADB")


class StoreProblem(Exception):
    """The state cannot be opened; the text says why and what to do."""


class UnsuitableFilesystem(StoreProblem):
    """The folder's file system cannot hold a write-ahead log: the state must live elsewhere."""


class NewerFormat(StoreProblem):
    """A newer version wrote this file."""


class Damaged(StoreProblem):
    """The file is no intact database."""


class Database:
    """One open file, or `:memory:`. Raises StoreProblem here, `errors.StatusError` later."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._full = False
        in_memory = path == ":memory:"
        if not in_memory and (kind := filesystem.unsuitable(os.path.dirname(path))):
            raise UnsuitableFilesystem(
                f"the state cannot live on a file system of type {kind}, use a local disk: {path}"
            )
        unclean = not in_memory and os.path.exists(f"{path}-wal")
        try:
            if not in_memory:
                _create(path)
            self._connection = sqlite3.connect(path, isolation_level=None, timeout=0.25)
        except (sqlite3.Error, OSError) as problem:
            raise _opening(problem, path) from problem
        try:
            self._prepare(check=unclean)
            self._identity = None if in_memory else _identity(path)
        except sqlite3.Error as problem:
            self._connection.close()
            raise _opening(problem, path) from problem
        except StoreProblem:
            self._connection.close()
            raise

    def _prepare(self, *, check: bool) -> None:
        run = self._connection.execute
        if self.path != ":memory:":
            mode = run("PRAGMA journal_mode=WAL").fetchone()[0]
            if mode != "wal":
                raise UnsuitableFilesystem(
                    f"the file system allows no write-ahead log ({mode}), use a local disk: {self.path}"
                )
        run("PRAGMA synchronous=NORMAL")
        run("PRAGMA journal_size_limit=8388608")
        if check and (found := run("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise Damaged(f"{found}: {self.path}")
        held = run("PRAGMA user_version").fetchone()[0]
        if held > FORMAT:
            raise NewerFormat(
                f"a newer workerset wrote this state (format {held}, known up to {FORMAT}); "
                f"use that version or move the file aside: {self.path}"
            )
        if held < FORMAT:
            self._migrate(held)

    def _migrate(self, held: int) -> None:
        run = self._connection.execute
        run("BEGIN IMMEDIATE")
        for number in range(held, FORMAT):
            for statement in _MIGRATIONS[number]:
                run(statement)
        run(f"PRAGMA user_version={FORMAT}")
        run("COMMIT")

    def contents(self) -> batch.Contents:
        """All there is; raises Damaged."""
        run = self._connection.execute
        try:
            return batch.Contents(
                run("SELECT resource, namespace, name, version, body FROM objects").fetchall(),
                run("SELECT namespace, workerset, worker, body FROM records").fetchall(),
                run("SELECT namespace, workerset, name, body FROM ensures").fetchall(),
                run("SELECT name, body FROM settings").fetchall(),
                dict(run("SELECT name, value FROM counters").fetchall()),
            )
        except sqlite3.Error as problem:
            raise _opening(problem, self.path) from problem

    def write(self, changes: batch.Batch, *, durable: bool) -> None:
        """Commit all of `changes` or none; raises StorageFull, Unavailable or a plain StatusError."""
        try:
            if durable is not self._full:
                self._connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
                self._full = durable
            self._connection.execute("BEGIN IMMEDIATE")
            self._statements(changes)
            self._connection.execute("COMMIT")
        except sqlite3.Error as problem:
            self._abandon()
            raise _writing(problem, self.path) from problem
        except BaseException:
            self._abandon()
            raise

    def _statements(self, changes: batch.Batch) -> None:
        many = self._connection.executemany
        if changes.objects:
            put = [(*key, *row) for key, row in changes.objects.items() if row is not None]
            if put:
                many(
                    "INSERT INTO objects VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
                    " SET version = excluded.version, body = excluded.body",
                    put,
                )
            gone = [key for key, row in changes.objects.items() if row is None]
            if gone:
                many("DELETE FROM objects WHERE resource = ? AND namespace = ? AND name = ?", gone)
        if changes.records:
            kept = [(*key, body) for key, body in changes.records.items() if body is not None]
            many("INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?)", kept)
            lost = [key for key, body in changes.records.items() if body is None]
            many("DELETE FROM records WHERE namespace = ? AND workerset = ? AND worker = ?", lost)
        if changes.ensures:
            asked = [(*key[:2], _bytes(key[2]), body) for key, body in changes.ensures.items() if body]
            many("INSERT OR REPLACE INTO ensures VALUES (?, ?, ?, ?)", asked)
            dropped = [(*key[:2], _bytes(key[2])) for key, body in changes.ensures.items() if body is None]
            many("DELETE FROM ensures WHERE namespace = ? AND workerset = ? AND name = ?", dropped)
        if changes.settings:
            many("INSERT OR REPLACE INTO settings VALUES (?, ?)", changes.settings.items())
        if changes.counters:
            many("INSERT OR REPLACE INTO counters VALUES (?, ?)", changes.counters.items())

    def _abandon(self) -> None:
        if self._connection.in_transaction:
            try:
                self._connection.execute("ROLLBACK")
            except sqlite3.Error:  # a failed write may have rolled back already; nothing is left to undo
                pass

    def lost(self) -> bool:
        """File or log were removed or replaced under us; what is written now would go nowhere."""
        return self._identity is not None and _identity(self.path) != self._identity

    def close(self) -> None:
        """Checkpoint and close; an error here costs only the next start a check."""
        try:
            self._connection.close()
        except sqlite3.Error:
            pass


def peek(path: str, name: str) -> bytes | None:
    """One setting as it was last written, of a store that is not opened here and may be in use."""
    try:
        connection = sqlite3.connect(f"{pathlib.Path(path).as_uri()}?mode=ro", uri=True, timeout=0.25)
    except sqlite3.Error:
        return None
    try:
        found = connection.execute("SELECT body FROM settings WHERE name = ?", (name,)).fetchone()
        return None if found is None else found[0]
    except sqlite3.Error:
        return None
    finally:
        connection.close()


def _create(path: str) -> None:
    """Make the file private before SQLite makes it by the umask; its log takes over the mode."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def _identity(path: str) -> tuple[int, ...]:
    """Of the file and of its log, which are one thing; never equal to another if one of them is missing."""
    try:
        found = [os.stat(path), os.stat(f"{path}-wal")]
    except OSError:
        return ()
    return tuple(number for one in found for number in (one.st_dev, one.st_ino))


def _bytes(name: str) -> bytes:
    """A worker's name may hold bytes that are no text, as lone surrogates."""
    return name.encode("utf-8", "surrogatepass")


def _name(problem: Exception) -> str:
    return str(getattr(problem, "sqlite_errorname", ""))


def _opening(problem: Exception, path: str) -> StoreProblem:
    name = _name(problem)
    if name.startswith(_CORRUPT):
        return Damaged(f"{problem}: {path}")
    if name.startswith(_NO_WAL):
        return UnsuitableFilesystem(
            f"a write-ahead log does not work here ({problem}), use a local disk: {path}"
        )
    if name in _FULL:
        return StoreProblem(f"no space left to open the state, free some and start again: {path}")
    if name.startswith("SQLITE_BUSY"):
        return StoreProblem(f"another program holds the state locked, end it and start again: {path}")
    return StoreProblem(f"the state cannot be opened ({problem}), check the folder's permissions: {path}")


def _writing(problem: sqlite3.Error, path: str) -> errors.StatusError:
    name = _name(problem)
    if name in _FULL:
        return errors.StorageFull(f"no space left for the state, nothing was written; free some: {path}")
    if name.startswith("SQLITE_BUSY"):
        return errors.Unavailable(
            f"another program holds the state locked, nothing was written: {path}", retry_after_seconds=1
        )
    return errors.StatusError(f"the state could not be written ({problem}), nothing was changed: {path}")
