"""One value from YAML text, read by the manifests' own rules (S1.3, S1.6): for `patch` and `edit`."""

from __future__ import annotations

from controller.cli import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def read(text: str, what: str) -> Any:
    """The one document of `text`. Raises `CliError` with line and column."""
    from controller.manifest import values, yamltext

    trees, problems = yamltext.parse(text)
    if problems:
        first = problems[0]
        raise errors.CliError(_place(what, first.line, first.column, first.message), first.fix)
    if len(trees) != 1:
        raise errors.CliError(f"{what} should be one document, found {len(trees)}")
    constructor = values.Constructor()
    try:
        value = constructor.document(trees[0].root)
    except values.TooMany:
        raise errors.CliError(f"{what} expands beyond all bounds, or contains itself") from None
    if constructor.problems:
        problem = constructor.problems[0]
        mark = problem.node.start_mark
        raise errors.CliError(_place(what, mark.line, mark.column, problem.message), problem.fix)
    return value


def _place(what: str, line: int, column: int, message: str) -> str:
    return f"{what}, line {line + 1}, column {column + 1}: {message}"
