"""Objects in files named with -f, for verbs that only need to know which they are."""

from __future__ import annotations

from controller.cli import chosen, errors, resources
from controller.client import resources as kinds

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


def targets(args: argparse.Namespace, context: Context) -> list[chosen.Target]:
    """Where these objects are: their kinds, namespaces and names. Raises `CliError` for an unknown kind."""
    found = []
    for obj in objects(args, context):
        kind = next((one for one in kinds.KINDS if one.kind == obj.get("kind")), None)
        if kind is None:
            raise errors.CliError(f'there is no kind "{obj.get("kind")}"', f"kinds: {resources.known()}")
        metadata = obj.get("metadata") or {}
        where = args.namespace or metadata.get("namespace") or context.namespace(args)
        found.append(chosen.Target(kind, where if kind.namespaced else None, str(metadata.get("name"))))
    return found
