"""The seam to files that change."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from controller.core import watching


@dataclass(frozen=True, slots=True)
class FileChange:
    """The content of a file is another one, or the file came or went. Paths are relative to the root."""

    path: str
    how: watching.How
    ignored: bool = False


@dataclass(frozen=True, slots=True)
class FileBatch:
    """What changed at once. `started` = all files are known from now on, `matched` are those there are then;
    told again whenever folders have come or gone.
    `trouble` says in a sentence what is not as it should be, and what to do."""

    changes: tuple[FileChange, ...] = ()
    started: bool = False
    matched: tuple[FileChange, ...] = ()
    trouble: str = ""


class Follower(Protocol):
    """Follows the files below one root, and remembers what they held."""

    def follow(self, wanted: watching.Wanted) -> AsyncIterator[FileBatch]:
        """Changes of content, for ever; the first batch has `started`. To want something else, close this
        and follow again: what changes in between is told then."""
        ...


class Files(Protocol):
    """Waits for files. Editors' ways of saving, renames, links and folders made anew are its business."""

    def follower(self, root: str) -> Follower: ...

    def nearest(self, root: str, path: str) -> tuple[str, str]:
        """The deepest folder of a relative path that is there; and in it what is called nearly as the next
        part of the path is, or nothing."""
        ...
