"""Paths to documents: files, YAML or JSON, several documents, lists; with every position kept.

Says what is wrong with the text; whether an object is a valid WorkerSet is `check.py`'s business.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from controller.core import errors, kinds
from controller.manifest import diagnostics, files, jsontext, locate

TYPE_CHECKING = False
if TYPE_CHECKING:
    import yaml

    from controller.manifest import values


class SourceFile:
    """A file's name and text; lines are split only when something has to be shown."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self._lines: list[str] | None = None

    def diagnostic(
        self, span: locate.Span, code: str, message: str, fix: str = "", path: str = ""
    ) -> diagnostics.Diagnostic:
        if self._lines is None:
            self._lines = diagnostics.split_lines(self.text)
        shown = diagnostics.excerpt(self._lines, span.line, span.column, span.length)
        return diagnostics.Diagnostic(
            self.name, span.line + 1, span.column + 1, path, code, message, fix, excerpt=shown
        )


@dataclass(frozen=True, slots=True)
class Document:
    """One object. `root` makes its tree of nodes, `line_offset` is what their lines lack.

    `begins` is its first line where that is known without the tree. `plain` are the scalars that other
    readers would change, `problems` those of its text.
    """

    object: kinds.Object
    file: SourceFile
    root: Callable[[], yaml.Node]
    line_offset: int = 0
    plain: tuple[yaml.ScalarNode, ...] = ()
    problems: tuple[diagnostics.Diagnostic, ...] = ()
    begins: int | None = None

    @property
    def line(self) -> int:
        """Where it begins, counted from 1."""
        begins = self.root().start_mark.line if self.begins is None else self.begins
        return begins + self.line_offset + 1

    @property
    def source(self) -> str:
        """`manifests/10-web.yaml:1`."""
        return f"{self.file.name}:{self.line}"

    def position(self, path: errors.Path) -> tuple[int, int]:
        """Line and column of a value, counted from 1."""
        span = self.span(path)
        return span.line + 1, span.column + 1

    def span(self, path: errors.Path, *, key: bool = False) -> locate.Span:
        return self.shifted(locate.find(self.root(), path, key=key))

    def shifted(self, span: locate.Span) -> locate.Span:
        return locate.Span(span.line + self.line_offset, span.column, span.length)


@dataclass(frozen=True, slots=True)
class Manifests:
    """What was read. `lost` tells of files and documents of which nothing could be."""

    documents: tuple[Document, ...]
    lost: tuple[diagnostics.Diagnostic, ...]

    @property
    def problems(self) -> tuple[diagnostics.Diagnostic, ...]:
        """All that is wrong with the texts."""
        of_documents = (problem for document in self.documents for problem in document.problems)
        return (*self.lost, *of_documents)


_GROUP = "workerset.dev/"


class _Reading:
    def __init__(self) -> None:
        self.documents: list[Document] = []
        self.problems: list[diagnostics.Diagnostic] = []


def read(text: files.FileText) -> Manifests:
    """Every document of a file, and a problem for each that could not be read. Never raises."""
    reading = _Reading()
    if text.message:
        reading.problems.append(_file_problem(text))
    else:
        _read_text(reading, SourceFile(text.name, text.text))
    if not text.is_expected and not _has_manifests(text, reading):
        return Manifests((), (_other_file(text),))
    return Manifests(tuple(reading.documents), tuple(reading.problems))


def read_paths(
    paths: Sequence[str], *, recursive: bool = False, stdin: TextIO | None = None, cwd: str = ""
) -> Manifests:
    """Every document of every file."""
    parts = [read(text) for text in files.read(paths, recursive=recursive, stdin=stdin, cwd=cwd or os.curdir)]
    return Manifests(
        tuple(document for part in parts for document in part.documents),
        tuple(problem for part in parts for problem in part.lost),
    )


def read_text(text: str, name: str = files.STANDARD_INPUT) -> Manifests:
    """The documents of one text."""
    return read(files.FileText(name, text))


def read_object(body: bytes) -> kinds.Object:
    """The one document of a text as JSON values; ValueError says what is wrong with it, and where."""
    found = read_text(body.decode())
    if found.problems:
        first = found.problems[0]
        raise ValueError(f"line {first.line} column {first.column}: {first.message}")
    if len(found.documents) != 1:
        raise ValueError(f"one document is expected here, not {len(found.documents)}")
    return found.documents[0].object


def lost(name: str, line: int) -> Document:
    """A stand-in for a document that was there a moment ago: only its line can be pointed at."""
    from controller.manifest import jsonnodes

    return Document({}, SourceFile(name, ""), functools.partial(jsonnodes.nodes, "{}"), line - 1)


def _has_manifests(text: files.FileText, reading: _Reading) -> bool:
    """Whether a file with some other suffix is one of ours all the same, be it a broken one."""
    return _GROUP in text.text or bool(reading.documents and not reading.problems)


def _other_file(text: files.FileText) -> diagnostics.Diagnostic:
    suffixes = ", ".join(f"*{suffix}" for suffix in files.SUFFIXES)
    fix = f"leave it out; manifests are {suffixes}"
    return diagnostics.Diagnostic(
        text.name, 0, 0, "", diagnostics.OTHER_FILE, "not a manifest: this file holds no WorkerSet", fix
    )


def _file_problem(text: files.FileText) -> diagnostics.Diagnostic:
    if text.line < 0:
        return diagnostics.Diagnostic(text.name, 0, 0, "", text.code, text.message, text.fix)
    span = locate.Span(text.line, text.column)
    return SourceFile(text.name, text.text).diagnostic(span, text.code, text.message, text.fix)


def _read_text(reading: _Reading, file: SourceFile) -> None:
    if not file.text.strip():
        fix = "was it saved? Remove it if it is not needed"
        reading.problems.append(file.diagnostic(locate.Span(0, 0), "Empty", "the file is empty", fix))
        return
    if file.name.endswith(".json") or (file.name == files.STANDARD_INPUT and file.text.lstrip()[0] == "{"):
        value, problem = jsontext.parse(file.text)
        if problem is None:
            _add_json(reading, file, value)
            return
        if file.name.endswith(".json"):
            _add_text_problem(reading, file, problem)
            return
    _read_yaml(reading, file)


def _read_yaml(reading: _Reading, file: SourceFile) -> None:
    from controller.manifest import yamldocuments  # PyYAML: what JSON does without

    found, problems = yamldocuments.read(file.text)
    for problem in problems:
        _add_text_problem(reading, file, problem)
    for one in found:
        of_text = tuple(_node_problem(file, problem, one.line_offset) for problem in one.problems)
        root = functools.partial(_same, one.root)
        _add_document(
            reading, one.value, Document(one.value, file, root, one.line_offset, one.plain, of_text)
        )


def _add_text_problem(reading: _Reading, file: SourceFile, problem: locate.TextProblem) -> None:
    span = locate.Span(problem.line, problem.column)
    reading.problems.append(file.diagnostic(span, "Syntax", problem.message, problem.fix))


def _node_problem(file: SourceFile, found: values.NodeProblem, shift: int) -> diagnostics.Diagnostic:
    span = locate.node_span(found.node)
    span = locate.Span(span.line + shift, span.column, span.length)
    return file.diagnostic(span, found.code, found.message, found.fix)


def _same(node: yaml.Node) -> yaml.Node:
    return node


class _JsonTree:
    """The nodes of a JSON text, made when first asked for."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._root: yaml.Node | None = None

    def node(self, path: errors.Path) -> yaml.Node:
        """What stands at `path`, which leads to an object."""
        if self._root is None:
            from controller.manifest import jsonnodes  # PyYAML's nodes: only where one is pointed at

            self._root = jsonnodes.nodes(self._text)
        node = self._root
        for part in path:
            children = node.value
            node = children[part] if isinstance(part, int) else {k.value: v for k, v in children}[part]
        return node


def _add_json(reading: _Reading, file: SourceFile, value: Any) -> None:
    tree = _JsonTree(file.text)
    blank = file.text[: len(file.text) - len(file.text.lstrip())]
    pending: list[tuple[Any, errors.Path]] = [(value, ())]
    while pending:
        item, path = pending.pop()
        items = item.get("items") if isinstance(item, dict) else None
        if isinstance(items, list) and str(item.get("kind")).endswith("List"):
            inner = [(one, (*path, "items", place)) for place, one in enumerate(items)]
            pending += reversed(inner)
        else:
            begins = None if path else blank.count("\n")
            root = functools.partial(tree.node, path)
            _add_document(reading, item, Document(item, file, root, begins=begins))


def _add_document(reading: _Reading, value: Any, document: Document) -> None:
    if isinstance(value, dict):
        reading.documents.append(document)
        return
    reading.problems += document.problems
    fix = "begin with apiVersion: workerset.dev/v1"
    problem = document.file.diagnostic(document.span(()), "NoDocument", "a document must be a map", fix)
    reading.problems.append(problem)
