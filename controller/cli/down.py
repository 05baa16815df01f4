"""`down`: drain everything and end the controller. Declarations stay, unless purged."""

from __future__ import annotations

import os

from controller import places
from controller.cli import draining, errors
from controller.cli import run as signals
from controller.client import registry, waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from controller.cli.context import Context

DESCRIPTION = """
Stops every worker of the project, shows how that goes, and ends the controller. What was declared stays:
`workerctl up -d` runs it again. Ctrl-C while it goes on kills what is left at once.
"""

EXAMPLES = """
  workerctl down
  workerctl down --purge    # forget the declarations too: removes .workerset/
  workerctl down --now      # no grace: kill at once
"""

EXIT_CODES = {1: "no controller runs, or something could not be ended (it is listed)"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--purge", action="store_true", help="remove .workerset/ as well: declarations, logs, records"
    )
    parser.add_argument("--now", action="store_true", help="kill at once instead of asking first")


def run(args: argparse.Namespace, context: Context) -> int:
    is_displaced = _displace(context)
    if args.purge and (is_displaced or _is_gone(context)):
        return _purge(context)
    if is_displaced:
        return errors.OK
    context.client()
    drain = draining.Drain(context, hint=" (^C = kill now)" if context.is_terminal else "", purge=args.purge)
    with signals.Interrupts() as interrupts:
        code = drain.run(interrupts, 0.0 if args.now else None)
    if args.purge and code == errors.OK:
        remove_folders(context)
    return code


def _displace(context: Context) -> bool:
    """Workers that were left without guardian and controller are stopped by what still holds them."""
    if waiting.is_alive(f"{context.project.state}/guardian.pid"):
        return False
    from controller.shim import launch, orphaned

    owner = launch.find_owner(context.project.root)
    if owner is None or not orphaned.displace(owner, context.note):
        return False
    context.print("stopped what a killed controller had left running")
    return True


def _is_gone(context: Context) -> bool:
    return context.running_client() is None


def _purge(context: Context) -> int:
    """Without a controller there is nothing to stop; the folder goes, if nothing else owns it."""
    if waiting.is_alive(f"{context.project.state}/shim.pid"):
        raise errors.CliError(
            "workers still run without a controller", "bring one back, then try again: workerctl up -d"
        )
    if not os.path.isdir(context.project.folder):
        raise errors.CliError(f"nothing to remove: {context.project_name} has no .workerset/")
    remove_folders(context)
    context.print("Removed .workerset/.")
    return errors.OK


def remove_folders(context: Context) -> None:
    """The state, the sockets, and the record of both."""
    project = context.project
    places.remove(project)
    registry.forget(project.root, context.environ)
    if os.path.exists(project.folder):
        raise errors.CliError(f"could not remove all of {context.short_path(project.folder)}")
