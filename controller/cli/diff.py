"""`diff`: what an apply would change, as a unified diff of YAML, and what it would do to each worker."""

from __future__ import annotations

from controller.cli import bulk, common, errors, flags, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from controller.cli.bulk import Action, Result
    from controller.cli.context import Context

ERROR_CODE = 2

DESCRIPTION = """
Shows what `apply` would change: every field, and for each worker whether it is kept, started, stopped or
restarted, and why. Values of variables whose names look secret are masked. KUBECTL_EXTERNAL_DIFF names
another program that compares two folders.
"""

EXAMPLES = """
  workerctl diff -f manifests/
  workerctl diff -f manifests/ --prune             # with what would be deleted
  workerctl diff -f manifests/ --exit-code         # a gate: 0 only if nothing would change
  KUBECTL_EXTERNAL_DIFF="diff -ruN" workerctl diff -f web.yaml
"""

EXIT_CODES = {
    0: "no differences",
    1: "differences (0 with --exit-code=false)",
    2: "it could not be found out (and above: the external program)",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    common.add_files(parser, required=True)
    parser.add_argument("--server-side", action="store_true", help="as a server-side apply would")
    parser.add_argument(
        "--force-conflicts", action="store_true", help="with --server-side: take fields others own"
    )
    parser.add_argument(
        "--field-manager", default="workerctl", metavar="NAME", help="the owner of these fields"
    )
    parser.add_argument("--prune", action="store_true", help="with what an apply --prune would delete")
    parser.add_argument(
        "--inventory", metavar="NAME", default=bulk.DEFAULT_INVENTORY, help="what belongs together"
    )
    parser.add_argument("--no-workers", action="store_true", help="fields only")
    flags.add_switch(
        parser,
        ["--exit-code"],
        default=True,
        help_text="differences are exit code 1; with =false they are 0, and only failures are not",
    )


def run(args: argparse.Namespace, context: Context) -> int:
    from controller.cli import comparing, manifests

    items = manifests.load(context, args.files, recursive=args.recursive, namespace=args.namespace)
    request = bulk.Request(
        server_side=args.server_side,
        force=args.force_conflicts,
        dry_run=True,
        field_manager=args.field_manager,
        inventory=args.inventory,
        prune=args.prune,
    )
    results = bulk.send(context.client(), items, request)
    refused = [result for result in results if result.operation == "failed"]
    for result in refused:
        context.note(f"{result.source}: {result.error}" if result.source else result.error)
    shown = [comparing.Pair(result) for result in results if result.operation != "failed"]
    external = context.environ.get("KUBECTL_EXTERNAL_DIFF")
    if external:
        code = comparing.run_external(external, shown, context)
    else:
        code = comparing.print_unified(shown, context)
    if not args.no_workers:
        _print_workers([result for result in results if result.operation != "failed"], context)
    if code == errors.FAILED and args.exit_code == "false":
        code = errors.OK
    return ERROR_CODE if refused else code


def _print_workers(results: Sequence[Result], context: Context) -> None:
    """One line for all workers of a set that share an action and its reason."""
    rows = []
    for result in results:
        for action, reason, workers in grouped(result.actions):
            if action != "keep":
                rows.append((f"  {action}", text.some_of(workers, 3), reason))
    kept = sum(action.action == "keep" for result in results for action in result.actions)
    if rows:
        context.print("workers:")
        for line in text.columns(rows):
            context.print(line)
        if kept:
            context.print(f"  keep      {text.plural(kept, 'other')}")


def grouped(actions: Sequence[Action]) -> list[tuple[str, str, list[str]]]:
    """Pure: action, reason, names; in order of appearance."""
    found: dict[tuple[str, str], list[str]] = {}
    for action in actions:
        found.setdefault((action.action, action.reason), []).append(action.worker)
    return [(action, reason, workers) for (action, reason), workers in found.items()]
