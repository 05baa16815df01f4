"""`run`: one command in a set's environment, or the project's, in place of this process.

No controller is needed. One that runs is asked for a set that no manifest of the project declares: it was
applied from another folder, or through the API. What manifests say goes first, as they are newer.
"""

from __future__ import annotations

import dataclasses
import json
from http import HTTPStatus

from controller import ports, settings
from controller.cli import common, errors, manifests, objects
from controller.client import errors as client_errors
from controller.client import resources
from controller.core import parse, spec
from controller.manifest import files
from controller.runtime import envfile, environment, specs
from controller.sdk.workerset import contract
from controller.shim import finding, instead
from controller.store import db

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from typing import Any

    from controller.cli.context import Context

TAKES_COMMAND = True

DESCRIPTION = """
Runs the command behind -- once, with what processes of a set get: env, env_files, working_dir, user, umask,
nice, and the limits on memory and open files. Manifests are read from the project's files; a controller that
runs is asked only for a set that they do not declare, and none is started or needed. The command takes this
one's place: exit code, signals and the terminal are its own. Without --set it gets the project's base
environment, in the current folder. It is no worker: it has no handle, and workerset.available() is false.
"""

EXAMPLES = """
  workerctl run --set web -- python manage.py migrate
  workerctl run --set web -- sh           # a shell as `web` sees the world
  workerctl run -- env
"""

EXIT_CODES = {
    1: "the manifests are not valid, or nobody knows of such a set (else: the command's own exit code)",
    126: "the command cannot be executed, or its surroundings cannot be made",
    127: "the command was not found",
}

_TERMINAL = ("TERM", "COLORTERM", "NO_COLOR")
"""Of the terminal that this is typed on, whatever the first controller was started from."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = "workerctl run [--set NAME] [-f PATH] -- COMMAND [ARG ...]"
    parser.add_argument("--set", metavar="NAME", help="the set whose environment it gets")
    common.add_files(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    if not args.behind:
        raise errors.UsageError("no command", "put it behind --, as in workerctl run --set web -- env")
    template = _template(args, context) if args.set else spec.Template()
    base = _base(context)
    try:
        fields = _fields(template, tuple(args.behind), context, base)
        if not args.set:
            fields["cwd"] = context.cwd
        context.stdout.flush()
        instead.become(fields, base)
    except (ports.LaunchProblem, finding.StartFailed) as problem:
        text = str(problem)
        is_missing = text.startswith("command not found")
        code = instead.NOT_FOUND if is_missing else instead.NOT_EXECUTABLE
        raise errors.CliError(text, code=code) from None


def _template(args: argparse.Namespace, context: Context) -> spec.Template:
    """That of the set, from the manifests as they are now; else as the running controller has it."""
    wanted = context.namespace(args), args.set
    paths = args.files or _own_manifests(context)
    items = (
        manifests.load(
            context,
            paths,
            recursive=args.recursive or not args.files,
            namespace=args.namespace,
            undone="run",
        )
        if paths
        else []
    )
    found = [item.object for item in items if objects.key(item.object) == wanted]
    if not found and not args.files:
        found = _applied(context, *wanted)
    if found:
        return parse.parse_workerset(found[0]).template
    keys = [objects.key(item.object) for item in items]
    known = sorted(name for namespace, name in keys if namespace == wanted[0])
    raise errors.CliError(
        f"no manifest declares a set {args.set} in namespace {wanted[0]}",
        f"there are: {', '.join(known) or 'none'}",
    )


def _own_manifests(context: Context) -> list[str]:
    """None where there is nothing but the folder for them."""
    try:
        paths = manifests.default_paths(context)
    except errors.CliError:
        return []
    return [] if files.are_none(paths, context.cwd) else paths


def _applied(context: Context, namespace: str, name: str) -> list[dict[str, Any]]:
    """A set that was applied from elsewhere; none without a controller that knows it."""
    client = context.running_client()
    if client is None:
        return []
    try:
        return [client.request("GET", resources.WORKERSETS.path(namespace, name)).json()]
    except client_errors.ApiError as error:
        if error.code != HTTPStatus.NOT_FOUND:
            raise
        return []


def _base(context: Context) -> dict[str, str]:
    """S8.1: what the project's first controller was started with; before there was one, this shell's."""
    body = db.peek(context.paths.database, settings.BASE_ENVIRONMENT)
    known: Mapping[str, str] = context.environ if body is None else json.loads(body)
    base = {name: value for name, value in known.items() if name not in contract.PRIVATE}
    for name in _TERMINAL:
        base.pop(name, None)
        if name in context.environ:
            base[name] = context.environ[name]
    return base


def _fields(
    template: spec.Template, argv: tuple[str, ...], context: Context, base: Mapping[str, str]
) -> dict[str, Any]:
    """As the shim would get them. Raises `LaunchProblem`."""
    root = context.project.root
    words = tuple(word.replace("$(", "$$(") for word in argv)
    alone = dataclasses.replace(template, file=None, command=words, args=(), listen=(), probe_port=None)
    values = envfile.read(template.env_files, root)
    launch = environment.Resolver(root, base).resolve(alone, environment.Identity(""), values)
    if template.cpu_cores is not None:
        context.note("resources.cpu does not hold here: only a controller can limit it")
    fields = specs.surroundings(launch, alone)
    fields["env"] = {name: value for name, value in fields["env"].items() if name not in contract.RESERVED}
    return {**fields, "max_size": 0, "keep": 0}
