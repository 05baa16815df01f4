"""Everything that can be said about manifests without a controller: read, check, compare, point at it."""

from __future__ import annotations

import dataclasses
import fnmatch
import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

from controller.core import rules
from controller.manifest import diagnostics, examine, files, reader, spreading, verdicts

Report = verdicts.Report


@dataclass(frozen=True, slots=True)
class Options:
    """How to validate.

    Relative paths start at `cwd`; paths in manifests at `root`, where one is known. `strict` has no warnings.
    `skip_others` counts documents of other kinds instead of refusing them. Files that match one of `ignore`
    are left out. `spread` runs shares of the work side by side.
    """

    recursive: bool = False
    strict: bool = False
    skip_others: bool = False
    root: str | None = None
    cwd: str = ""
    namespace: str = "default"
    ignore: Sequence[str] = ()
    spread: spreading.Spread | None = None


def validate(paths: Sequence[str], options: Options = Options(), stdin: TextIO | None = None) -> Report:
    """Never raises."""
    found = list(files.find(paths, recursive=options.recursive, cwd=options.cwd or "."))
    kept = [one for one in found if not _is_ignored(one.name, options.ignore)]
    examiner = examine.Examiner(options.root, options.cwd, strict=options.strict)
    with _without_collector():
        results = spreading.examine_all(kept, examiner, stdin, options.spread)
        return _Comparison(results, kept, examiner, options).report(len(found) - len(kept))


def validate_text(
    text: str, name: str = "stdin", *, strict: bool = False, namespace: str = "default"
) -> Report:
    """The same for a text that is at hand, as an editor's."""
    options = Options(strict=strict, namespace=namespace)
    examiner = examine.Examiner(None, "", strict=strict)
    found = files.FileText(name, text)
    return _Comparison([examiner.file(found)], [found], examiner, options).report(0)


def _is_ignored(name: str, patterns: Sequence[str]) -> bool:
    """A pattern is a shell's; it matches the path as it was written, or the end of it from a folder on."""
    return any(
        fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(name, f"*/{pattern}")
        for pattern in patterns
    )


class _Comparison:
    """The rules between documents (S1.2), and the report."""

    def __init__(
        self,
        results: Sequence[examine.FileResult],
        found: Sequence[files.Found],
        examiner: examine.Examiner,
        options: Options,
    ) -> None:
        self._results = results
        self._found = found
        self._examiner = examiner
        self._options = options
        self._all = [(place, one) for place, result in enumerate(results) for one in result.examined]
        self._more: dict[int, list[diagnostics.Diagnostic]] = {}
        self._again: dict[int, tuple[reader.Document, ...]] = {}

    def report(self, ignored: int) -> Report:
        self._compare()
        judged = [self._verdict(index, one) for index, (_, one) in enumerate(self._all)]
        told = [
            (place, diagnostic)
            for (place, _), verdict in zip(self._all, judged, strict=True)
            if verdict.status != "skipped"
            for diagnostic in verdict.diagnostics
        ]
        told.sort(key=lambda one: (one[0], one[1].line, one[1].column))
        documents = tuple(one.document for _, one in self._all if one.document is not None)
        names = tuple(result.name for result in self._results if result.was_read)
        return Report(tuple(judged), tuple(one for _, one in told), documents, names, ignored)

    def _verdict(self, index: int, one: examine.Examined) -> verdicts.Verdict:
        found = (*one.diagnostics, *self._more.get(index, ()))
        status = verdicts.status_of(found, skip_others=self._options.skip_others and not self._options.strict)
        return verdicts.Verdict(one.file, one.line, status, one.kind, one.namespace, one.name, found)

    def _compare(self) -> None:
        places = [index for index, (_, one) in enumerate(self._all) if one.sound is not None]
        sound = [one.sound for _, one in self._all if one.sound is not None]
        namespace = self._options.namespace
        for found in rules.document_set_problems(sound, namespace=namespace):
            self._add(found, places, certain=True)
        for found in rules.document_set_warnings(sound, namespace=namespace):
            self._add(found, places, certain=False)

    def _add(self, found: rules.SetProblem, places: list[int], *, certain: bool) -> None:
        problem, index = found.problem, places[found.index]
        if found.other is not None:
            other = self._all[places[found.other]][1]
            problem = dataclasses.replace(problem, detail=f"{problem.detail} ({other.file}:{other.line})")
        made = self._examiner.diagnostic(self._document(index), problem, certain=certain)
        self._more.setdefault(index, []).append(made)

    def _document(self, index: int) -> reader.Document:
        """Read again where another process read it; as it was told of where it is no longer there."""
        place, one = self._all[index]
        if one.document is not None:
            return one.document
        if place not in self._again:
            self._again[place] = reader.read(files.read_one(self._found[place])).documents
        read = self._again[place]
        return read[one.index] if one.index < len(read) else reader.lost(one.file, one.line)


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
