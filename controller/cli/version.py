"""`version`: this command's and the controller's, and what to do where they differ."""

from __future__ import annotations

import controller
from controller.cli import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from controller.cli.context import Context

EXAMPLES = """
  workerctl version
  workerctl version --client -o json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--client", action="store_true", help="only this command's version; asks no controller"
    )
    parser.add_argument("-o", "--output", choices=("json",), help="print JSON")


def run(args: argparse.Namespace, context: Context) -> int:
    client = None if args.client else context.running_client()
    theirs = None
    if client is not None:
        theirs = str(client.request("GET", "/version").json().get("gitVersion", "")).partition("+workerset-")[
            2
        ]
    if args.output == "json":
        import json

        versions = {"clientVersion": controller.__version__, "controllerVersion": theirs}
        context.print(json.dumps(versions, indent=2))
    else:
        context.print(f"workerctl   {controller.__version__}")
        if not args.client:
            context.print(f"controller  {theirs or 'none runs for ' + context.project_name}")
    if theirs and theirs != controller.__version__:
        context.note(replace_hint(theirs))
    return errors.OK


def replace_hint(theirs: str) -> str:
    """How to bring a controller to this version without touching a worker (a new one adopts them)."""
    return (
        f"the controller runs version {theirs}, this command is {controller.__version__}\n"
        "replace it, workers keep running: kill -TERM $(cat .workerset/controller.pid)"
    )
