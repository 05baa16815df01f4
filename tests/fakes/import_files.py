"""Files in memory that importers look up; `find` answers as the disk would."""

from __future__ import annotations

import fnmatch
import posixpath

from controller.importers import sources


class ImportFiles:
    def __init__(self, texts: dict[str, str] | None = None, *, variant: str = "", base: str = "") -> None:
        self.texts = texts or {}
        self.processors = 4
        self.variant = variant
        self.root = "/srv/project"
        self.base = base
        self.environ = {"HOME": "/home/me", "LANG": "C.UTF-8"}

    def find(self, pattern: str, beside: str) -> tuple[sources.Source, ...]:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(beside), pattern))
        return tuple(
            sources.Source(name, self.texts[name])
            for name in sorted(self.texts)
            if name == path or fnmatch.fnmatchcase(name, path)
        )
