"""`delete`: remove declarations, and wait until what they ran is gone."""

from __future__ import annotations

from controller.cli import chosen, common, errors, flags, gone, output, resources, watchstream
from controller.client import errors as client_errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

    from controller.cli.context import Context

EXAMPLES = """
  workerctl delete ws web
  workerctl delete -f manifests/10-web.yaml
  workerctl delete ws -l app=shop --timeout 1m
  workerctl delete ws --all --wait=false
"""
DESCRIPTION = """
Remove declarations and stop what they run. Waits until every process of them is gone;
--wait=false only asks. Asking again with less grace hurries it. A deleted worker (pod) is replaced
as soon as it is gone: that restarts it.
"""
_CASCADE = {"background": "Background", "foreground": "Foreground", "orphan": "Orphan"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("targets", nargs="*", metavar="OBJECT", help="as in ws web, ws/web pod/web-0")
    common.add_files(parser)
    chosen.add_arguments(parser)
    common.add_field_selector(parser)
    flags.add_switch(parser, ["--wait"], default=True, help_text="until all is gone")
    parser.add_argument(
        "--timeout",
        type=common.duration,
        default=None,
        metavar="DURATION",
        help="how long to wait (no limit)",
    )
    flags.add(
        parser,
        ["--cascade"],
        tuple(_CASCADE),
        default="background",
        bare="background",
        help_text="what becomes of the workers; orphan leaves them running",
    )
    parser.add_argument("--grace-period", type=int, metavar="SECONDS", help="instead of the sets' stop_grace")
    parser.add_argument("--now", action="store_true", help="one second of grace")
    parser.add_argument("--force", action="store_true", help="kill at once, as --grace-period 0")
    parser.add_argument("--ignore-not-found", action="store_true", help="what is missing is well")
    flags.add_dry_run(parser)
    parser.add_argument("-o", "--output", choices=("name",), metavar="name", help="print names only")


def _grace(args: argparse.Namespace) -> int | None:
    """Seconds, or None for the sets' own; words that contradict each other are refused, as kubectl does."""
    given = args.grace_period if args.grace_period is not None and args.grace_period >= 0 else None
    if args.now and given is not None:
        raise errors.UsageError("--now is --grace-period 1: give one of the two")
    if args.force and (args.now or given):
        raise errors.UsageError("--force kills at once: give it alone, or --grace-period without it")
    return 0 if args.force else 1 if args.now else given


def run(args: argparse.Namespace, context: Context) -> int:
    args.grace = _grace(args)
    targets = _targets(args, context)
    if not targets:
        chosen.note_none(context)
        return errors.OK
    report = output.Report(context, args)
    begun: list[tuple[chosen.Target, str]] = []

    def act(target: chosen.Target) -> None:
        uid = _delete(args, context, target)
        if uid is not None:
            report.say(target.kind, target.name, "deleted")
            begun.append((target, uid))

    code = chosen.each(context, targets, act)
    if args.wait == "true" and args.dry_run == "none":
        left = gone.wait(context, begun, watchstream.Deadline(args.timeout))
        if left:
            context.note(f"timed out waiting for the end of: {', '.join(target.title for target in left)}")
            context.note("it goes on without you; see workerctl get pods, or delete with --force")
            return errors.FAILED
    return code


def _targets(args: argparse.Namespace, context: Context) -> list[chosen.Target]:
    if not args.files:
        args.ignore_not_found = args.ignore_not_found or args.everything or args.selector is not None
        by_query = args.everything or args.field_selector is not None
        found = resources.parse_chosen(args.targets, args.selector, everything=by_query)
        return chosen.find(args, context, found)
    if args.targets or args.everything:
        raise errors.UsageError("give files with -f, or names, not both")
    from controller.cli import declared

    return declared.targets(args, context)


def _delete(args: argparse.Namespace, context: Context, target: chosen.Target) -> str | None:
    """Ask for the end; the object's uid (empty if it was gone at once), None if there was none."""
    client = context.client()
    options: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": _CASCADE[args.cascade],
    }
    if args.grace is not None:
        options["gracePeriodSeconds"] = args.grace
    if args.dry_run == "server":
        options["dryRun"] = ["All"]
    try:
        if args.dry_run == "client":
            return str(client.request("GET", target.path).json()["metadata"].get("uid", ""))
        answer = client.request("DELETE", target.path, None, options).json()
    except client_errors.ApiError as error:
        if error.code == 404 and args.ignore_not_found:
            return None
        raise
    details = answer.get("details") or {} if answer.get("kind") == "Status" else answer.get("metadata") or {}
    return str(details.get("uid") or "")
