"""What validation finds, as values: a verdict a document, and the report of them all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from controller.manifest import diagnostics, reader

Status = Literal["valid", "invalid", "skipped", "unreadable"]

_OF_FILES = frozenset({"Unreadable", "NoManifests"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one document, or of a file or piece of one that is none. Line 0 = the file as a whole.

    What was skipped keeps the one diagnostic that says why.
    """

    file: str
    line: int
    status: Status
    kind: str = ""
    namespace: str = ""
    name: str = ""
    diagnostics: tuple[diagnostics.Diagnostic, ...] = ()

    @property
    def title(self) -> str:
        """`WorkerSet shop/web`, as far as it is known."""
        name = f"{self.namespace}/{self.name}" if self.namespace and self.name else self.name
        return " ".join(word for word in (self.kind, name) if word)


@dataclass(frozen=True, slots=True)
class Report:
    """`documents` are all that could be read, where they were read in this process.

    `diagnostics` are those of every verdict but the skipped, by place; `ignored` counts the files left out.
    """

    verdicts: tuple[Verdict, ...]
    diagnostics: tuple[diagnostics.Diagnostic, ...]
    documents: tuple[reader.Document, ...]
    files: tuple[str, ...]
    ignored: int = 0

    @property
    def ok(self) -> bool:
        return not any(diagnostic.severity == "error" for diagnostic in self.diagnostics)

    @property
    def unreadable(self) -> bool:
        """A path that was named could not be read at all."""
        return any(diagnostic.code in _OF_FILES for diagnostic in self.diagnostics)

    @property
    def counts(self) -> dict[str, int]:
        """Documents by their status, files, and warnings."""
        of_status = dict.fromkeys(("valid", "invalid", "skipped"), 0)
        for verdict in self.verdicts:
            if verdict.status != "unreadable":
                of_status[verdict.status] += 1
        warnings = sum(diagnostic.severity == "warning" for diagnostic in self.diagnostics)
        return {**of_status, "warnings": warnings, "files": len(self.files), "ignored": self.ignored}

    def summary(self) -> str:
        """`3 documents in 2 files: 2 valid, 1 invalid`, and what else there is."""
        found = self.counts
        total = found["valid"] + found["invalid"] + found["skipped"]
        text = f"{_count(total, 'document')} in {_count(found['files'], 'file')}: "
        text += f"{found['valid']} valid, {found['invalid']} invalid"
        if found["skipped"]:
            text += f", {found['skipped']} skipped"
        if found["warnings"]:
            text += f", {_count(found['warnings'], 'warning')}"
        return f"{text}; {_count(self.ignored, 'file')} ignored" if self.ignored else text


def status_of(found: tuple[diagnostics.Diagnostic, ...], *, skip_others: bool) -> Status:
    """What diagnostics make of a document."""
    if any(one.code in _OF_FILES for one in found):
        return "unreadable"
    if skip_others and any(one.code in diagnostics.OTHERS for one in found):
        return "skipped"
    return "invalid" if any(one.severity == "error" for one in found) else "valid"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
