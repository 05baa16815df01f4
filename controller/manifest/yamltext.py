"""YAML text to trees of nodes with positions: the only place that parses YAML.

A broken document costs only itself: the rest of the file is still read. Nothing here knows what a
manifest means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml
from yaml.cyaml import CParser  # type: ignore[attr-defined]

from controller.manifest import locate, yamlerrors

MAX_DEPTH = 60
"""Deeper nesting is a mistake or an attack, and would end the parser's own stack."""

_DOCUMENT_START = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Tree:
    """A document's root node; its own line numbers lack `line_offset`."""

    root: yaml.Node
    line_offset: int = 0


class _TooDeep(Exception):
    pass


class _Composer(CParser):
    """Nodes without guessed tags: what a plain scalar means depends on its field."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def resolve(self, kind: type, value: object, implicit: object) -> None:
        """Called for every node that has no tag of its own."""

    def descend_resolver(self, *_: object) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _TooDeep

    def ascend_resolver(self) -> None:
        self._depth -= 1


def parse(text: str) -> tuple[list[Tree], list[locate.TextProblem]]:
    """Every document that can be read, and a problem for each that cannot."""
    if unprintable := _UNPRINTABLE.search(text):
        return [], [_unprintable(text, unprintable)]
    try:
        return [Tree(root) for root in _compose(text)], []
    except (yaml.YAMLError, _TooDeep, RecursionError):
        return _parse_apart(text)


def _compose(text: str) -> Iterator[yaml.Node]:
    composer = _Composer(text)
    try:
        while composer.check_node():
            if (node := composer.get_node()) is not None:
                yield node
    finally:
        composer.dispose()


def _parse_apart(text: str) -> tuple[list[Tree], list[locate.TextProblem]]:
    """Each document on its own: a line that begins with `---` always begins one."""
    trees: list[Tree] = []
    problems: list[locate.TextProblem] = []
    for offset, chunk in _chunks(text):
        try:
            trees += [Tree(root, offset) for root in _compose(chunk)]
        except _TooDeep:
            detail = f"nested deeper than {MAX_DEPTH} levels"
            problems.append(locate.TextProblem(offset, 0, detail, "look for brackets that are not closed"))
        except yaml.MarkedYAMLError as error:
            line, column, message, fix = yamlerrors.explain(error, chunk)
            problems.append(locate.TextProblem(line + offset, column, message, fix))
        except (yaml.YAMLError, RecursionError) as error:
            problems.append(locate.TextProblem(offset, 0, f"not YAML: {error}"))
    return trees, problems


def _chunks(text: str) -> Iterator[tuple[int, str]]:
    starts = [match.start() for match in _DOCUMENT_START.finditer(text)]
    if not starts or _has_content(text[: starts[0]]):
        starts.insert(0, 0)
    else:
        starts[0] = 0
    line = 0
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        yield line, text[start:end]
        line += text.count("\n", start, end)


def _has_content(text: str) -> bool:
    """Directives and comments belong to the document that follows."""
    return any(line.strip() and line[0] not in "#%" for line in text.splitlines())


def _unprintable(text: str, match: re.Match[str]) -> locate.TextProblem:
    line = text.count("\n", 0, match.start())
    column = match.start() - (text.rfind("\n", 0, match.start()) + 1)
    detail = f"a control character cannot stand here: U+{ord(match[0]):04X}"
    return locate.TextProblem(
        line, column, detail, 'is this a text file? In a value write it as an escape: "\\x1b"'
    )
