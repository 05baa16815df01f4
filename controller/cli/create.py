"""`create NAME -- COMMAND`: prints the manifest of one set, checked."""

from __future__ import annotations

from controller.cli import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

    from controller.cli.context import Context

TAKES_COMMAND = True

DESCRIPTION = """
Prints a manifest; it declares nothing. What stands behind -- is the command: one word is split as a shell
would, several are taken as they are.
"""

EXAMPLES = """
  workerctl create web --num 2 --port 8000 -- gunicorn app:app
  workerctl create api --listen 127.0.0.1:8000 --watch 'src/**/*.py' -- uvicorn app:app --fd 3
  workerctl create mailer --background --name mailer --file bin/mailer.py --env-file .env
  workerctl create worker --env QUEUE=high -- python worker.py > manifests/worker.yaml
"""

EXIT_CODES = {2: "the manifest would not be valid, or the command line makes no sense"}
ERROR_CODE = 2

_TEXTS = (
    ("name", "NAME", "the worker name that a background set answers to"),
    ("scope", "NAME", "where worker names are looked up"),
    ("file", "PATH", "a script to run, with the interpreter that fits it"),
    ("working_dir", "DIR", "the folder that processes start in"),
    ("restart", "always|on_failure|never", "when a worker that ends is run again"),
    ("ready_when", "WHAT", "what makes a worker ready"),
    ("stop_signal", "SIGNAL", "the signal that asks a process to end"),
    ("stop_grace", "DURATION", "time before a process that was asked to end is killed"),
    ("user", "NAME", "run the processes as this user"),
)
_NUMBERS = (
    ("num", "how many processes run"),
    ("max_threads", "a limit on num; for a catch-all, on its names"),
    ("port", "the port that the program binds by itself"),
)
_LISTS = (
    ("listen", "ADDRESS", "an address that the controller binds and hands over; may be repeated"),
    ("env_files", "PATH", "a file of KEY=value lines; may be repeated"),
    ("watch", "PATTERN", "restart when files change that fit; may be repeated"),
    ("depends_on", "NAME", "what must be ready first; may be repeated"),
)
_OPTION = {"env_files": "--env-file"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("set", metavar="NAME", help="the set's name")
    parser.add_argument("--background", action="store_true", help="a worker that runs for its own sake")
    parser.add_argument(
        "--env", action="append", default=[], metavar="KEY=VALUE", help="a variable; may be repeated"
    )
    for field, help_text in _NUMBERS:
        parser.add_argument(_option(field), dest=field, type=int, metavar="N", help=help_text)
    for field, metavar, help_text in _TEXTS:
        parser.add_argument(_option(field), dest=field, metavar=metavar, help=help_text)
    for field, metavar, help_text in _LISTS:
        parser.add_argument(_option(field), dest=field, action="append", metavar=metavar, help=help_text)
    parser.add_argument("-o", "--output", choices=("yaml", "json"), default="yaml", help="how to print it")


def _option(field: str) -> str:
    return _OPTION.get(field, f"--{field.replace('_', '-')}")


def run(args: argparse.Namespace, context: Context) -> int:
    from controller.cli import manifesttext, output
    from controller.manifest import check

    metadata = {"name": args.set}
    if args.namespace:
        metadata["namespace"] = args.namespace
    document = {
        "apiVersion": "workerset.dev/v1",
        "kind": "WorkerSet",
        "metadata": metadata,
        "spec": _spec(args),
    }
    problems = check.Checker().check(document).problems
    if problems:
        said = [f"{one.field}: {one.detail}" for one in problems]
        raise errors.CliError("\n".join(said), next((one.fix for one in problems if one.fix), ""))
    if args.output == "json":
        context.stdout.write(output.dump("json", document))
    else:
        context.stdout.write(manifesttext.text(document))
    return errors.OK


def _spec(args: argparse.Namespace) -> dict[str, Any]:
    """In the order in which people read it."""
    from controller.importers import shell

    spec: dict[str, Any] = {}
    if args.background:
        spec["background"] = True
    given = vars(args)
    if args.behind:
        spec["command"] = args.behind[0] if len(args.behind) == 1 else shell.simplest(args.behind)
    for field in (*(row[0] for row in _NUMBERS), *(row[0] for row in _TEXTS), *(row[0] for row in _LISTS)):
        if given[field] is not None:
            spec[field] = given[field]
    for pair in args.env:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise errors.UsageError(f"a variable is KEY=VALUE, not: {pair}", "see workerctl create --help")
        spec.setdefault("env", {})[key] = value
    return spec
