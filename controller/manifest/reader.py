"""Paths to documents: files, YAML or JSON, several documents, lists; with every position kept.

Says what is wrong with the text; whether an object is a valid WorkerSet is `check.py`'s business.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

import yaml

from controller.core import errors, kinds
from controller.manifest import diagnostics, files, jsontext, locate, scalars, values, yamltext


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

    `plain` are the scalars that other readers would change, `is_flawed` says that its text has a problem.
    """

    object: kinds.Object
    file: SourceFile
    root: Callable[[], yaml.Node]
    line_offset: int = 0
    plain: tuple[yaml.ScalarNode, ...] = ()
    is_flawed: bool = False

    @property
    def source(self) -> str:
        """`manifests/10-web.yaml:1`."""
        return f"{self.file.name}:{self.root().start_mark.line + self.line_offset + 1}"

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
    """What was read. `files` are the names of those that could be opened."""

    documents: tuple[Document, ...]
    problems: tuple[diagnostics.Diagnostic, ...]
    files: tuple[str, ...]


class _Reading:
    def __init__(self) -> None:
        self.documents: list[Document] = []
        self.problems: list[diagnostics.Diagnostic] = []


def read_paths(
    paths: Sequence[str], *, recursive: bool = False, stdin: TextIO | None = None, cwd: str = ""
) -> Manifests:
    """Every document of every file, and a problem for each that could not be read. Never raises."""
    reading = _Reading()
    names = []
    for text in files.read(paths, recursive=recursive, stdin=stdin, cwd=cwd or os.curdir):
        if text.message:
            reading.problems.append(_file_problem(text))
        if text.code == "Encoding" or not text.message:
            names.append(text.name)
        if not text.message:
            _read_text(reading, SourceFile(text.name, text.text))
    return Manifests(tuple(reading.documents), tuple(reading.problems), tuple(names))


def read_text(text: str, name: str = files.STANDARD_INPUT) -> Manifests:
    """The documents of one text."""
    reading = _Reading()
    _read_text(reading, SourceFile(name, text))
    return Manifests(tuple(reading.documents), tuple(reading.problems), (name,))


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
    trees, problems = yamltext.parse(file.text)
    for problem in problems:
        _add_text_problem(reading, file, problem)
    for tree in trees:
        _yaml_document(reading, file, tree)


def _add_text_problem(reading: _Reading, file: SourceFile, problem: yamltext.TextProblem) -> None:
    span = locate.Span(problem.line, problem.column)
    reading.problems.append(file.diagnostic(span, "Syntax", problem.message, problem.fix))


def _yaml_document(reading: _Reading, file: SourceFile, tree: yamltext.Tree) -> None:
    root = tree.root
    if isinstance(root, yaml.ScalarNode) and not root.style and scalars.is_null(root.value):
        return
    for item in _items_of_list(root):
        constructor = values.Constructor()
        shift = tree.line_offset
        try:
            value = constructor.document(item)
        except values.TooMany:
            span = locate.Span(item.start_mark.line + shift, item.start_mark.column)
            detail = f"aliases expand to more than {values.MAX_NODES} values, or to themselves"
            reading.problems.append(file.diagnostic(span, "Syntax", detail, "write the values out"))
            continue
        for found in constructor.problems:
            span = locate.node_span(found.node)
            span = locate.Span(span.line + shift, span.column, span.length)
            reading.problems.append(file.diagnostic(span, found.code, found.message, found.fix))
        made = Document(
            value,
            file,
            functools.partial(_same, item),
            shift,
            tuple(constructor.plain),
            bool(constructor.problems),
        )
        _add_document(reading, value, made)


def _same(node: yaml.Node) -> yaml.Node:
    return node


def _items_of_list(root: yaml.Node) -> Iterator[yaml.Node]:
    """The items of a `List` (or `WorkerSetList`), lists in lists included; any other document as it is."""
    pending, seen = [root], set[int]()
    while pending:
        node = pending.pop()
        items = _list_items(node)
        if items is None:
            yield node
        elif id(node) not in seen:
            seen.add(id(node))
            pending += reversed(items)


def _list_items(node: yaml.Node) -> list[yaml.Node] | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    kind = items = None
    for key, value in node.value:
        if key.value == "kind":
            kind = value
        elif key.value == "items":
            items = value
    is_list = isinstance(kind, yaml.ScalarNode) and kind.value.endswith("List")
    return items.value if is_list and isinstance(items, yaml.SequenceNode) else None


class _JsonTree:
    """The nodes of a JSON text, made when first asked for."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._root: yaml.Node | None = None

    def node(self, path: errors.Path) -> yaml.Node:
        if self._root is None:
            self._root = jsontext.nodes(self._text)
        node = self._root
        for part in path:
            children = node.value
            node = children[part] if isinstance(part, int) else {k.value: v for k, v in children}[part]
        return node


def _add_json(reading: _Reading, file: SourceFile, value: Any) -> None:
    tree = _JsonTree(file.text)
    pending: list[tuple[Any, errors.Path]] = [(value, ())]
    while pending:
        item, path = pending.pop()
        items = item.get("items") if isinstance(item, dict) else None
        if isinstance(items, list) and str(item.get("kind")).endswith("List"):
            inner = [(one, (*path, "items", place)) for place, one in enumerate(items)]
            pending += reversed(inner)
        else:
            _add_document(reading, item, Document(item, file, functools.partial(tree.node, path)))


def _add_document(reading: _Reading, value: Any, document: Document) -> None:
    if isinstance(value, dict):
        reading.documents.append(document)
        return
    fix = "begin with apiVersion: workerset.dev/v1"
    problem = document.file.diagnostic(document.span(()), "NoDocument", "a document must be a map", fix)
    reading.problems.append(problem)
