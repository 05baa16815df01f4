"""What importers read, and where the files come from that a file refers to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Source:
    """A file's name, as a user would write it, and its text; without lines where a program made it."""

    name: str
    text: str
    has_lines: bool = True

    def at(self, line: int) -> str:
        """`Procfile:3`."""
        return f"{self.name}:{line}" if self.has_lines else self.name


class Files(Protocol):
    """How a file's references to others are followed; reading is somebody else's business.

    `processors` is what `max` means; `variant` is the environment a user asked for (`--env production`);
    `root` is the project's and `base` the folder below it that relative names start in; `environ` is what
    workers inherit anyway.
    """

    root: str
    base: str
    environ: Mapping[str, str]
    processors: int
    variant: str

    def find(self, pattern: str, beside: str) -> tuple[Source, ...]:
        """Files that fit the pattern, by name; a relative one starts in the folder of the file `beside`.

        Nothing where none fits; `NotOurs` is raised for one that cannot be read as text.
        """


class NotOurs(Exception):
    """A text that is broken, empty or of another kind; line 0 means the file as a whole."""

    def __init__(self, name: str, line: int, message: str, fix: str = "") -> None:
        where = f"{name}:{line}" if line else name
        super().__init__(f"{where}: {message}")
        self.fix = fix

    def with_fix(self, fix: str) -> NotOurs:
        """The same with another advice."""
        self.fix = fix
        return self
