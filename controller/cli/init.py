"""`init`: looks at the folder and proposes manifests; writes them only when told to, and over nothing."""

from __future__ import annotations

import os

from controller.cli import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from controller.cli.context import Context
    from controller.cli.folder import Proposal

ERROR_CODE = 2

DESCRIPTION = """
Looks for a Procfile, supervisord.conf, circus.ini, a Caddyfile of FrankenPHP, a compose file, manage.py,
pyproject.toml and package.json, and prints the manifests that it would write into manifests/. With --write it
writes those that are not there yet. No program is run: an ecosystem.config.js is only named.
"""

EXAMPLES = """
  workerctl init
  workerctl init --write
  workerctl init -C ~/shop -d deploy/manifests --write
"""

EXIT_CODES = {
    0: "manifests were printed, or written",
    1: "nothing was recognised",
    2: "a file cannot be read, or the command line makes no sense",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--write", action="store_true", help="write the manifests that are not there yet")
    parser.add_argument(
        "-d", "--output-dir", metavar="DIR", default="manifests", help="where to (default: manifests)"
    )
    parser.add_argument("-o", "--output", choices=("yaml", "name"), default="yaml", help="how to print them")


def run(args: argparse.Namespace, context: Context) -> int:
    from controller.cli import folder
    from controller.importers import sources

    root = context.resolve(args.directory) if args.directory else context.cwd
    try:
        found = folder.look(context, root)
    except sources.NotOurs as error:
        raise errors.CliError(str(error), error.fix) from None
    for other in found.others:
        context.note(other)
    if not found.texts:
        context.note(f"nothing here that could be run: {context.short_path(root)}")
        context.note("write a manifest by hand: workerctl create web -- COMMAND > manifests/web.yaml")
        return errors.FAILED
    target = os.path.normpath(os.path.join(root, args.output_dir))
    shown = os.path.relpath(target, context.cwd)
    new = {
        name: text for name, text in found.texts.items() if not os.path.lexists(os.path.join(target, name))
    }
    _show(args, context, found, shown, new)
    if not args.write:
        if new:
            context.note(f"from {found.source}; write them: workerctl init --write")
        return errors.OK
    if new:
        from controller.cli import newfiles

        newfiles.write(context, shown, new)
        context.note("start them: workerctl up")
    return errors.OK


def _show(
    args: argparse.Namespace, context: Context, found: Proposal, folder: str, new: dict[str, str]
) -> None:
    for name in found.texts.keys() - new.keys():
        context.note(f"there already, left as it is: {os.path.join(folder, name)}")
    if args.write:
        return
    if args.output == "name":
        for name in new:
            context.print(os.path.join(folder, name))
        return
    context.stdout.write(
        "---\n".join(f"# {os.path.join(folder, name)}\n{text}" for name, text in new.items())
    )
