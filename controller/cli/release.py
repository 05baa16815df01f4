"""`release`: nobody asks for these names any more (S3.2)."""

from __future__ import annotations

from controller.cli import asking, errors, tables, watchstream

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from controller.cli.context import Context

EXAMPLES = """
  workerctl release ada --scope mail
  workerctl release cache:warm mail:watch
"""
DESCRIPTION = """
Takes back every ensure of these names, whoever asked for them: they are stopped, their vars go, and their
places in a catch-all are free. What a manifest itself declares goes on. Called by a worker, it takes back
what that worker's set has asked for, and no more.
"""
EXIT_CODES = asking.EXIT_CODES
_PATIENCE_SECONDS = 30.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="+", metavar="NAME", help="names of background workers")
    asking.add_scope(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    body = {**asking.asker(context, args), "names": args.names}
    answer = asking.post(context, "/workerset/v1/release", body, watchstream.Deadline(_PATIENCE_SECONDS))
    for name in answer["released"]:
        context.print(f"{tables.cell(name)} released")
    for name in args.names:
        if name not in answer["released"]:
            who = "this worker's set has not" if asking.is_inside(context) else "nobody has"
            context.note(f"nothing to release, {who} ensured it: {tables.cell(name)}")
    return errors.OK
