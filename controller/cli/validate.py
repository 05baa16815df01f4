"""`validate`: everything that is wrong with manifests, without a controller."""

from __future__ import annotations

import os

from controller.cli import errors
from controller.client import errors as client_errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from controller.cli.context import Context
    from controller.manifest import validate as validation

EXAMPLES = """
  workerctl validate -f manifests/
  workerctl validate -f manifests/ -R --strict
  workerctl get ws web -o yaml | workerctl validate -f -
"""

DESCRIPTION = (
    "Checks every document of every file and prints all problems at once, each with its place and a fix. "
    "Without -f it reads the project's workerset.yaml, else its manifests/."
)

EXIT_CODES = {1: "a document is invalid", 2: "a file cannot be read, or the command line makes no sense"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from controller.cli import common

    parser.add_argument("paths", nargs="*", metavar="PATH", help="the same as -f PATH")
    common.add_files(parser)
    parser.add_argument("--strict", action="store_true", help="warnings are errors")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="how to print it")
    parser.add_argument("--summary", action="store_true", help="print only the summary")


def run(args: argparse.Namespace, context: Context) -> int:
    from controller.manifest import validate

    root = _root(context)
    paths, recursive = [*args.paths, *args.files], args.recursive
    if not paths:
        paths, recursive = _defaults(root or context.cwd, context.cwd), True
    report = validate.validate(
        paths,
        recursive=recursive,
        strict=args.strict,
        root=root,
        stdin=context.stdin,
        around=validate.Around(context.cwd, context.namespace(args)),
    )
    _print(report, args, context)
    if report.unreadable:
        return errors.USAGE
    return errors.OK if report.ok else errors.FAILED


def _root(context: Context) -> str | None:
    """Paths in manifests are only checked where there is a project to check them in."""
    try:
        return context.project.root
    except client_errors.ProjectError:
        return None


def _defaults(root: str, cwd: str) -> list[str]:
    for name in ("workerset.yaml", "manifests"):
        path = os.path.join(root, name)
        if os.path.exists(path):
            return [os.path.relpath(path, cwd)]
    raise errors.UsageError(
        f"nothing to validate: no workerset.yaml and no manifests/ in {root}", "name a file or folder with -f"
    )


def _print(report: validation.Report, args: argparse.Namespace, context: Context) -> None:
    from controller.manifest import diagnostics

    if args.output == "json":
        import json

        found = [] if args.summary else [diagnostics.as_json(one) for one in report.diagnostics]
        counts = {"valid": report.valid, "invalid": report.invalid, "files": len(report.files)}
        context.print(json.dumps({"summary": counts, "diagnostics": found}, indent=2, ensure_ascii=False))
        return
    if report.diagnostics and not args.summary:
        context.print(diagnostics.render(report.diagnostics))
    context.print(report.summary())
