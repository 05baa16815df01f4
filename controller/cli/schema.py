"""`schema`: the JSON Schema of manifests, for editors and other validators."""

from __future__ import annotations

import os

from controller.cli import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from controller.cli.context import Context

EXAMPLES = """
  workerctl schema > workerset.schema.json
  workerctl schema -o yaml | less
  workerctl schema --into schemas/           # with the names under which kubeconform looks for it
  workerctl schema --path                    # where the installed one is, for an editor's settings
"""

DESCRIPTION = """
Prints the JSON Schema (draft 2020-12) that manifests are checked against. Editors complete and explain
fields with it. It knows the shape of one document; rules between fields and between documents are
`validate`'s.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--output", choices=("json", "yaml"), default="json", help="how to print it")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--path", action="store_true", help="print the path of the installed file instead")
    instead.add_argument(
        "--into",
        metavar="DIR",
        help="write it into a folder instead, under the names that other tools expect",
    )


def run(args: argparse.Namespace, context: Context) -> int:
    from controller.manifest import source

    if args.path:
        context.print(source.path())
    elif args.into is not None:
        _write(args.into, context)
    elif args.output == "yaml":
        from controller.cli import output

        context.stdout.write(output.dump_yaml(source.load()))
    else:
        context.stdout.write(source.text())
    return errors.OK


def _write(folder: str, context: Context) -> None:
    """The file as it is, the layout of other tools, and the line that makes an editor use it."""
    from controller.manifest import source

    for name in (source.FILE, *source.LAYOUT):
        path = os.path.join(context.resolve(folder), name)
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(source.text() if name == source.FILE else source.compact())
        except OSError as error:
            raise errors.CliError(f"cannot write {path}: {error.strerror}", "name another folder") from None
        context.print(os.path.join(folder, name))
    context.note(
        "first line of a manifest, for editors (the path starts at the manifest): "
        f"# yaml-language-server: $schema={os.path.join(folder, source.FILE)}"
    )
