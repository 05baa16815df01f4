"""`explain`: what a field of the manifest means, without a controller."""

from __future__ import annotations

from controller.cli import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from controller.cli.context import Context

EXAMPLES = """
  workerctl explain workerset
  workerctl explain ws.spec.restart
  workerctl explain ws.spec --recursive
"""

KINDS = ("workerset", "workersets", "ws", "workerset.workerset.dev", "workersets.workerset.dev")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "field", nargs="?", default="workerset", metavar="KIND.FIELD", help="as in workerset.spec.restart"
    )
    parser.add_argument("--recursive", action="store_true", help="print the names of all fields below it")


def run(args: argparse.Namespace, context: Context) -> int:
    from controller.manifest import explain

    fields = split(args.field)
    try:
        context.print(explain.explain(fields, recursive=args.recursive))
    except explain.UnknownField as error:
        raise errors.CliError(f"{error}", error.hint) from None
    return errors.OK


def split(word: str) -> tuple[str, ...]:
    """`ws.spec.restart` → (spec, restart); the kind may be left out. Raises UsageError for another kind."""
    for kind in sorted(KINDS, key=len, reverse=True):
        if word.lower() == kind:
            return ()
        if word.lower().startswith(kind + "."):
            return tuple(word[len(kind) + 1 :].split("."))
    first = word.split(".")[0]
    if first in ("spec", "metadata", "status", "apiVersion", "kind"):
        return tuple(word.split("."))
    raise errors.UsageError(
        f"only the kind workerset can be explained: {word}", "try: workerctl explain workerset.spec"
    )
