"""Objects in files named with -f, for verbs that only need to know which they are."""

from __future__ import annotations

from controller.cli import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

    from controller.cli.context import Context


def objects(args: argparse.Namespace, context: Context) -> list[dict[str, Any]]:
    """Every document's object. Raises `CliError` with all that cannot be read, positions included."""
    from controller.manifest import diagnostics, reader

    found = reader.read_paths(args.files, recursive=args.recursive, stdin=context.stdin, cwd=context.cwd)
    wrong = [problem for problem in found.problems if problem.severity == "error"]
    if wrong:
        raise errors.CliError(diagnostics.render(wrong))
    return [document.object for document in found.documents]
