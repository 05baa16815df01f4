"""`apply`: declare what manifests say, all in one request. Starts a detached controller if none runs."""

from __future__ import annotations

from controller.cli import bulk, common, errors, objects

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence
    from typing import Any

    from controller.cli.bulk import Result
    from controller.cli.context import Context
    from controller.cli.manifests import Item
    from controller.client.http import Client

DESCRIPTION = """
Declares what manifests say and lets the controller make it so. All documents are checked first; if one is
wrong nothing is sent. Where no controller runs, a detached one is started (and it says so).
"""

EXAMPLES = """
  workerctl apply -f manifests/
  workerctl apply -f web.yaml --dry-run=server
  workerctl apply -f manifests/ --prune    # and delete what is no longer in them
  workerctl apply -f web.yaml --wait --timeout 1m
  generate | workerctl apply -f -
"""

INTERMIXED = False
"""It takes no positional arguments: nothing stands between them."""

EXIT_CODES = {1: "a document is invalid or was refused, or (--wait) a set failed or was not ready in time"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    common.add_files(parser, required=True)
    parser.add_argument(
        "--dry-run",
        nargs="?",
        const="client",
        default="none",
        choices=("none", "client", "server"),
        help="say what would happen, change nothing; server asks the running controller",
    )
    parser.add_argument("--server-side", action="store_true", help="server-side apply: fields have owners")
    parser.add_argument(
        "--force-conflicts", action="store_true", help="with --server-side: take fields others own"
    )
    parser.add_argument(
        "--field-manager", default="workerctl", metavar="NAME", help="the owner of these fields"
    )
    parser.add_argument(
        "--prune", action="store_true", help="delete sets of the inventory that are not in the files"
    )
    parser.add_argument(
        "--inventory",
        metavar="NAME",
        default=bulk.DEFAULT_INVENTORY,
        help="what belongs together (default: default)",
    )
    parser.add_argument("--wait", action="store_true", help="until all is ready; fail if a set fails")
    common.add_timeout(parser, "2m", "how long --wait waits (2m)")
    parser.add_argument("--no-start", action="store_true", help="do not start a controller")
    parser.add_argument("--strict", action="store_true", help="warnings about the manifests are errors")
    common.add_output(parser, "name", "json", "yaml")


def run(args: argparse.Namespace, context: Context) -> int:
    from controller.cli import manifests

    if args.force_conflicts and not args.server_side:
        raise errors.UsageError("--force-conflicts is about --server-side", "give both, or neither")
    items = manifests.load(
        context, args.files, recursive=args.recursive, namespace=args.namespace, strict=args.strict
    )
    client = _client(args, context)
    if client is None:
        return _only_checked(items, context)
    request = bulk.Request(
        server_side=args.server_side,
        force=args.force_conflicts,
        dry_run=args.dry_run != "none",
        field_manager=args.field_manager,
        inventory=args.inventory,
        prune=args.prune,
        objects=args.output in ("json", "yaml"),
    )
    results = bulk.send(client, items, request)
    code = show(results, args, context)
    if args.wait and code == errors.OK and args.dry_run == "none":
        return _wait([result for result in results if result.operation != "pruned"], args.timeout, context)
    return code


def _client(args: argparse.Namespace, context: Context) -> Client | None:
    """The controller to send to; None for a client dry run where none runs."""
    if args.dry_run == "client":
        return context.running_client()
    if args.no_start or args.dry_run == "server":
        return context.client()
    from controller.cli import launching

    started = launching.start_or_join(context, launching.Wishes())
    project = started.client.request("GET", "/workerset/v1/project").json()
    if started.is_new:
        pid = (project.get("pids") or {}).get("controller", "")
        context.note(f"started controller {pid} for project {context.project_name} (workerctl down ends it)")
    else:
        note_environment(project, context)
    return started.client


def note_environment(project: Mapping[str, Any], context: Context) -> None:
    """S8.1: workers get the environment captured first; say where this shell differs in what matters."""
    captured = project.get("environment") or {}
    differing = [name for name in ("PATH", "VIRTUAL_ENV") if name in captured]
    differing = [name for name in differing if (captured[name] or "") != context.environ.get(name, "")]
    if differing:
        names = " and ".join(differing)
        context.note(
            f"warning: workers do not get this shell's {names} but what was captured first; "
            "to take this shell's: workerctl down, then workerctl up -d --refresh-env"
        )


def _only_checked(items: Sequence[Item], context: Context) -> int:
    for item in items:
        context.print(
            f"workerset.workerset.dev/{objects.name(item.object)} checked (dry run, no controller runs)"
        )
    return errors.OK


def show(results: Sequence[Result], args: argparse.Namespace, context: Context) -> int:
    """One line a document as kubectl prints it; failures and hints go to standard error."""
    from controller.cli import output

    suffix = {"client": " (dry run)", "server": " (server dry run)"}.get(args.dry_run, "")
    shown = [result for result in results if result.operation != "failed"]
    if args.output in ("json", "yaml"):
        whole = [output.shown(result.object) for result in shown]
        value = whole[0] if len(whole) == 1 else output.as_list(whole)
        context.stdout.write(output.dump(args.output, value))
    else:
        for result in shown:
            operation = "" if args.output == "name" else f" {result.operation}{suffix}"
            context.print(f"{result.title}{operation}")
    note_problems(results, context)
    if not suffix:
        note_introductions(results, context)
    return errors.FAILED if len(shown) < len(results) else errors.OK


def note_problems(results: Sequence[Result], context: Context) -> None:
    """Warnings, and why documents were refused."""
    for result in results:
        for warning in result.warnings:
            context.note(f"warning: {result.name}: {warning}")
        if result.operation == "failed":
            context.note(f"{result.source}: {result.error}" if result.source else result.error)


def note_introductions(results: Sequence[Result], context: Context) -> None:
    """S1.7: what a just created set is, if it runs nothing by itself."""
    for result in results:
        if result.operation in ("created", "serverside-applied") and result.before is None:
            hint = objects.introduce(result.object)
            if hint:
                context.note(hint)


def _wait(results: Sequence[Result], timeout: float, context: Context) -> int:
    from controller.cli import settled

    boot = settled.Boot(context, [objects.key(result.object) for result in results])
    verdict = boot.wait(timeout)
    lines = settled.explain(verdict, boot.objects)
    for line in lines:
        context.note(line)
    return errors.FAILED if lines else errors.OK
