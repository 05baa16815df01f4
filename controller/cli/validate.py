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
  workerctl validate                         # what `up` would read
  workerctl validate -f manifests/ -R --strict
  workerctl validate -o github               # annotations on a pull request
  workerctl validate -o junit > report.xml
  workerctl validate . -R --ignore-filename 'templates/*'
  workerctl get ws web -o yaml | workerctl validate -f -
"""

DESCRIPTION = """
Checks every document of every file and prints all problems at once, each with its place and a fix.
Without -f it reads the project's workerset.yaml, else its manifests/. Documents of other kinds, and named
files that are no manifests, are skipped and counted; --strict refuses them.
"""

EXIT_CODES = {1: "a document is invalid", 2: "a file cannot be read, or the command line makes no sense"}

FORMATS = ("text", "json", "junit", "sarif", "github", "tap")

_BOLD, _RED, _YELLOW, _GREEN, _DIM = "1", "1;31", "1;33", "32", "2"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from controller.cli import common

    parser.add_argument("paths", nargs="*", metavar="PATH", help="the same as -f PATH")
    common.add_files(parser)
    parser.add_argument("--strict", action="store_true", help="warnings, and what is skipped, are errors")
    parser.add_argument("-o", "--output", choices=FORMATS, default="text", help="how to print it")
    parser.add_argument("--summary", action="store_true", help="print only the summary (text and json)")
    parser.add_argument(
        "--ignore-filename",
        dest="ignored",
        metavar="PATTERN",
        action="append",
        default=[],
        help="leave out files whose path, or the end of it, matches, as in 'templates/*'; may be repeated",
    )
    parser.add_argument(
        "-j",
        "--jobs",
        type=_positive,
        metavar="N",
        help="at most so many processes (default: one a processor)",
    )


def run(args: argparse.Namespace, context: Context) -> int:
    from controller.cli import programs
    from controller.manifest import spreading, validate

    if args.summary and args.output not in ("text", "json"):
        raise errors.UsageError(
            f"--summary is about text and json, not {args.output}", "leave out one of the two"
        )
    root = _root(context)
    paths, recursive = [*args.paths, *args.files], args.recursive
    if not paths:
        paths, recursive = _defaults(root or context.cwd, context.cwd), True
    options = validate.Options(
        recursive=recursive,
        strict=args.strict,
        skip_others=True,
        root=root,
        cwd=context.cwd,
        namespace=context.namespace(args),
        ignore=args.ignored,
        spread=spreading.Spread(args.jobs or programs.processors(), programs.side_by_side),
    )
    report = validate.validate(paths, options, context.stdin)
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
    """Data on standard output; where it is a document of its own the summary is for people."""
    if args.output == "text":
        _print_text(report, context, summary_only=args.summary)
        return
    text = _rendered(report, args, context)
    if text:
        context.print(text)
    if args.output == "github":
        context.print(report.summary())
    elif args.output != "json":
        context.note(report.summary())


def _rendered(report: validation.Report, args: argparse.Namespace, context: Context) -> str:
    from controller import __version__ as version
    from controller.cli import findings, github, junit, sarif, tap

    base = findings.repository(context.cwd, context.environ)
    match args.output:
        case "sarif":
            return sarif.render(report, version, context.cwd, base)
        case "github":
            return github.render(report, context.cwd, base)
        case "junit":
            return junit.render(report)
        case "tap":
            return tap.render(report)
    return _as_json(report, summary_only=args.summary)


def _as_json(report: validation.Report, *, summary_only: bool) -> str:
    from controller.cli import findings
    from controller.manifest import diagnostics

    found: dict[str, object] = {"summary": report.counts}
    if not summary_only:
        found["documents"] = [
            {
                "file": one.file,
                "line": one.line,
                "kind": one.kind,
                "namespace": one.namespace,
                "name": one.name,
                "status": one.status,
            }
            for one in report.verdicts
        ]
        found["diagnostics"] = [diagnostics.as_json(one) for one in report.diagnostics]
    return findings.as_json(found)


def _print_text(report: validation.Report, context: Context, *, summary_only: bool) -> None:
    from controller.manifest import diagnostics

    style = context.style
    paints = {
        "place": _BOLD,
        "error": _RED,
        "warning": _YELLOW,
        "gutter": _DIM,
        "fix": _GREEN,
    }
    if report.diagnostics and not summary_only:
        context.print(
            diagnostics.render(report.diagnostics, lambda part, text: style.paint(text, paints[part]))
        )
    summary = report.summary()
    context.print(summary if report.ok else style.paint(summary, _BOLD))


def _positive(text: str) -> int:
    import argparse

    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"not a number of processes: {text}")
    return int(text)
