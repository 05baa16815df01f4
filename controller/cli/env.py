"""`env`: the environment a worker of a set gets, with the source of each variable (S8.1), secrets masked."""

from __future__ import annotations

from controller.cli import common, errors, output, tables
from controller.client import resources as kinds

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from controller.cli.context import Context

EXAMPLES = """
  workerctl env web
  workerctl env ws/web -o json
"""
DESCRIPTION = """
The environment a worker of a set gets, and where each variable comes from. What looks like a secret is
masked by the controller and never leaves it.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", metavar="NAME", help="a set, as in web or ws/web")
    parser.add_argument("--no-headers", action="store_true", help="without the line of column names")
    parser.add_argument(
        "-o", "--output", choices=("json", "yaml"), metavar="json|yaml", help="how to print it"
    )


def run(args: argparse.Namespace, context: Context) -> int:
    kind, name = common.split_target(args.target)
    if kind is not kinds.WORKERSETS:
        raise errors.UsageError(
            f"the environment is declared by sets: {args.target}", "as in workerctl env web"
        )
    path = f"/workerset/v1/env/{context.namespace(args)}/{name}"
    answer = context.client().request("GET", path).json()
    found = answer if isinstance(answer, list) else answer.get("items") or []
    found = sorted(found, key=lambda item: str(item["name"]))
    if args.output:
        context.stdout.write(output.dump(args.output, found))
        return errors.OK
    printer = tables.Printer(context, ["NAME", "VALUE", "SOURCE"], with_header=not args.no_headers)
    printer.rows([[item["name"], item.get("value", ""), item.get("source", "")] for item in found])
    return errors.OK
