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

    paths = [path if path == "-" else context.resolve(path) for path in args.files]
    found = reader.read_paths(paths, recursive=args.recursive, stdin=context.stdin)
    if found.problems:
        raise errors.CliError(diagnostics.render(found.problems))
    return [document.object for document in found.documents]
