"""`restart`: a level, not a command (S4.10): a stamp in the set's annotations, part of its template."""

from __future__ import annotations

from datetime import UTC

from controller import clock
from controller.cli import chosen, common, errors, flags, output
from controller.client import http
from controller.client import resources as kinds

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from controller.cli.context import Context

EXAMPLES = """
  workerctl restart web
  workerctl restart ws/web ws/job --wait
  workerctl restart worker/web-1
  workerctl restart -l app=shop
"""
ANNOTATION = "workerset.dev/restarted-at"
CAUSE = "workerset.dev/restarted-by"
_MANAGER = "workerctl-restart"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "targets", nargs="*", metavar="NAME", help="sets (web, ws/web) or workers (worker/web-1)"
    )
    chosen.add_arguments(parser)
    parser.add_argument("--wait", action="store_true", help="until the new processes are ready")
    common.add_timeout(parser, "2m", "how long --wait waits (2m)")
    flags.add_dry_run(parser)
    output.add_argument(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    targets = chosen.find(args, context, chosen.sets(args))
    if not targets:
        chosen.note_none(context)
    report = output.Report(context, args)
    stamp = now()
    restarted: list[chosen.Target] = []

    def act(target: chosen.Target) -> None:
        restart(args, context, target, report, stamp)
        if target.kind is kinds.WORKERSETS:
            restarted.append(target)

    code = chosen.each(context, targets, act)
    if args.wait and args.dry_run == "none":
        from controller.cli import settling

        code = max(code, settling.wait_all(context, restarted, args.timeout))
    return code


def restart(
    args: argparse.Namespace, context: Context, target: chosen.Target, report: output.Report, stamp: str
) -> None:
    """One set by its annotation, or one worker by deleting its Pod (the engine replaces it)."""
    client = context.client()
    query = {"fieldManager": _MANAGER, "dryRun": "All" if args.dry_run == "server" else None}
    if target.kind is kinds.PODS:
        if args.dry_run == "client":
            obj = client.request("GET", target.path).json()
        else:
            options = {"apiVersion": "v1", "kind": "DeleteOptions"}
            obj = client.request("DELETE", target.path, {"dryRun": query["dryRun"]}, options).json()
    elif target.kind is kinds.WORKERSETS:
        body = {"metadata": {"annotations": {ANNOTATION: stamp, CAUSE: None}}}
        if args.dry_run == "client":
            from controller.core import patch

            obj = patch.merge(client.request("GET", target.path).json(), body)
        else:
            obj = client.request("PATCH", target.path, query, body, http.MERGE_PATCH).json()
            if (obj.get("spec") or {}).get("suspend"):
                context.note(f"{target.name} is stopped, nothing runs: workerctl start {target.name}")
    else:
        raise errors.UsageError(
            f"only sets and workers can be restarted, not {target.kind.plural}: {target.name}"
        )
    report.say(target.kind, target.name, "restarted", obj)


def now() -> str:
    """RFC 3339 UTC, to the microsecond: two restarts in one second are two."""
    from datetime import datetime

    at = datetime.fromtimestamp(clock.SystemClock().wall(), UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
