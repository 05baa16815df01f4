"""Everything that can be said about manifests without a controller: read, check, compare, point at it."""

from __future__ import annotations

import dataclasses
import gc
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, TextIO

import yaml

from controller.core import errors, kinds, rules
from controller.manifest import check, diagnostics, locate, onpath, reader

Severity = Literal["error", "warning"]

_OF_FILES = frozenset({"Unreadable", "NoManifests"})
_OF_DOCUMENTS = frozenset({"Syntax", "Empty", "NoDocument", "Encoding"})
"""Problems that cost a whole document."""


@dataclass(frozen=True, slots=True)
class Report:
    """`documents` are all that could be read; `invalid` counts those with errors and the unreadable."""

    documents: tuple[reader.Document, ...]
    diagnostics: tuple[diagnostics.Diagnostic, ...]
    files: tuple[str, ...]
    valid: int
    invalid: int

    @property
    def ok(self) -> bool:
        return not any(diagnostic.severity == "error" for diagnostic in self.diagnostics)

    @property
    def unreadable(self) -> bool:
        """A path that was named could not be read at all."""
        return any(diagnostic.code in _OF_FILES for diagnostic in self.diagnostics)

    def summary(self) -> str:
        """`3 documents in 2 files: 2 valid, 1 invalid`."""
        total, files = self.valid + self.invalid, len(self.files)
        warnings = sum(diagnostic.severity == "warning" for diagnostic in self.diagnostics)
        counted = f"{_count(total, 'document')} in {_count(files, 'file')}"
        text = f"{counted}: {self.valid} valid, {self.invalid} invalid"
        return f"{text}, {_count(warnings, 'warning')}" if warnings else text


@dataclass(frozen=True, slots=True)
class Around:
    """Where relative paths on the command line start, and the namespace of documents without one."""

    cwd: str = ""
    namespace: str = "default"


def validate(
    paths: Sequence[str],
    *,
    recursive: bool = False,
    strict: bool = False,
    root: str | None = None,
    stdin: TextIO | None = None,
    around: Around = Around(),
) -> Report:
    """Never raises. With `root`, paths in manifests are looked for on the disk; `strict` has no warnings."""
    with _without_collector():
        manifests = reader.read_paths(paths, recursive=recursive, stdin=stdin, cwd=around.cwd)
        return _Validation(manifests, root, around.cwd, strict=strict).report(around.namespace)


def validate_text(
    text: str, name: str = "stdin", *, strict: bool = False, namespace: str = "default"
) -> Report:
    """The same for a text that is at hand, as an editor's."""
    return _Validation(reader.read_text(text, name), None, "", strict=strict).report(namespace)


class _Validation:
    def __init__(self, manifests: reader.Manifests, root: str | None, cwd: str, *, strict: bool) -> None:
        self._manifests = manifests
        self._root = root
        self._cwd = cwd
        self._strict = strict
        self._found: list[diagnostics.Diagnostic] = list(manifests.problems)
        self._wrong = {place for place, document in enumerate(manifests.documents) if document.is_flawed}

    def report(self, namespace: str) -> Report:
        checker, documents = check.Checker(), self._manifests.documents
        sound: list[kinds.Object] = []
        places: list[int] = []
        for index, document in enumerate(documents):
            checked = checker.check(document.object)
            for problem in checked.problems:
                self._add(index, problem, "error")
            self._check_beyond_schema(index, document, checked.sound)
            if checked.sound is not None:
                sound.append(checked.sound)
                places.append(index)
        self._check_between(sound, places, namespace)
        return self._finish()

    def _check_beyond_schema(self, index: int, document: reader.Document, sound: kinds.Object | None) -> None:
        for node in document.plain:
            self._add_plain(index, document, node)
        if sound is None:
            return
        if "name" not in sound["metadata"] and "generateName" in sound["metadata"]:
            detail = "generateName works only where an object is created each time"
            problem = errors.FieldProblem(
                ("metadata", "generateName"),
                "Invalid",
                detail,
                "write name instead, so that it can be applied again",
            )
            self._add(index, problem, "error")
        if self._root is not None:
            name = document.file.name
            manifest = "" if name == "stdin" else os.path.abspath(os.path.join(self._cwd, name))
            for problem, certain in onpath.problems(sound, self._root, manifest):
                self._add(index, problem, "error" if certain else "warning")

    def _check_between(self, sound: list[kinds.Object], places: list[int], namespace: str) -> None:
        for found in rules.document_set_problems(sound, namespace=namespace):
            self._add_between(found, places, "error")
        for found in rules.document_set_warnings(sound, namespace=namespace):
            self._add_between(found, places, "warning")

    def _add_between(self, found: rules.SetProblem, places: list[int], severity: Severity) -> None:
        problem = found.problem
        if found.other is not None:
            other = self._manifests.documents[places[found.other]]
            problem = dataclasses.replace(problem, detail=f"{problem.detail} ({other.source})")
        self._add(places[found.index], problem, severity)

    def _add(self, index: int, problem: errors.FieldProblem, severity: Severity) -> None:
        document = self._manifests.documents[index]
        at_key = problem.code in ("UnknownField", "NotSupported") or problem.path[-1:] == (problem.value,)
        span = document.span(problem.path, key=at_key)
        made = document.file.diagnostic(span, problem.code, problem.detail, problem.fix, problem.field)
        self._append(index, made, severity)

    def _add_plain(self, index: int, document: reader.Document, node: yaml.ScalarNode) -> None:
        """S1.6: kept as written here, changed by kubectl."""
        detail = f"other tools read this as something else than text: {node.value}"
        span = document.shifted(locate.node_span(node))
        made = document.file.diagnostic(span, "PlainScalar", detail, f'quote it: "{node.value}"')
        self._append(index, made, "warning")

    def _append(self, index: int, made: diagnostics.Diagnostic, severity: Severity) -> None:
        severity = "error" if self._strict else severity
        self._found.append(dataclasses.replace(made, severity=severity))
        if severity == "error":
            self._wrong.add(index)

    def _finish(self) -> Report:
        read = self._manifests
        order = {name: place for place, name in enumerate(read.files)}
        self._found.sort(key=lambda one: (order.get(one.file, -1), one.line, one.column))
        valid = len(read.documents) - len(self._wrong)
        lost = sum(one.code in _OF_DOCUMENTS for one in read.problems)
        return Report(read.documents, tuple(self._found), read.files, valid, len(self._wrong) + lost)


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


@contextmanager
def _without_collector() -> Iterator[None]:
    """Trees of nodes hold no garbage; collecting while they are built doubles the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
