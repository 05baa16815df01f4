"""`scale`: how many processes a set runs (the `scale` subresource, S1: `scale` maps `spec.num`)."""

from __future__ import annotations

from controller.cli import chosen, common, errors, flags, output
from controller.client import http
from controller.client import resources as kinds

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

    from controller.cli.context import Context

EXAMPLES = """
  workerctl scale web --num 3
  workerctl scale ws/web ws/job --num 0
  workerctl scale web --num 3 --timeout 1m   # until three are ready
  workerctl scale web --current-replicas 2 --num 3
"""
_MANAGER = "workerctl-scale"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("targets", nargs="*", metavar="NAME", help="sets, as in web or ws/web")
    parser.add_argument(
        "--num", "--replicas", dest="num", type=_count, required=True, metavar="N", help="how many"
    )
    parser.add_argument("--current-replicas", type=_count, metavar="N", help="only if it runs this many now")
    parser.add_argument(
        "--timeout",
        type=common.duration,
        default=0.0,
        metavar="DURATION",
        help="wait this long until that many run and are ready (0: do not wait)",
    )
    chosen.add_arguments(parser)
    flags.add_dry_run(parser)
    output.add_argument(parser)


def _count(text: str) -> int:
    import argparse

    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"not a number of processes: {text}")
    return int(text)


def run(args: argparse.Namespace, context: Context) -> int:
    targets = chosen.find(args, context, chosen.sets(args))
    if not targets:
        chosen.note_none(context)
    report = output.Report(context, args)
    scaled: list[chosen.Target] = []

    def act(target: chosen.Target) -> None:
        if target.kind is not kinds.WORKERSETS:
            raise errors.UsageError(f"only sets can be scaled, not {target.kind.plural}: {target.name}")
        report.say(target.kind, target.name, "scaled", _scale(args, context, target))
        scaled.append(target)

    code = chosen.each(context, targets, act)
    if args.timeout and args.dry_run == "none":
        from controller.cli import settling

        code = max(code, settling.wait_all(context, scaled, args.timeout))
    return code


def _scale(args: argparse.Namespace, context: Context, target: chosen.Target) -> dict[str, Any]:
    client = context.client()
    path = target.kind.path(target.namespace, target.name, "scale")
    query = {"fieldManager": _MANAGER, "dryRun": "All" if args.dry_run == "server" else None}
    body: dict[str, Any] = {"spec": {"replicas": args.num}}
    if args.current_replicas is not None or args.dry_run == "client":
        scale = client.request("GET", path).json()
        now = int((scale.get("spec") or {}).get("replicas") or 0)
        if args.current_replicas not in (None, now):
            raise errors.CliError(f"{target.title} runs {now}, not {args.current_replicas}: not scaled")
        body["metadata"] = {"resourceVersion": scale["metadata"]["resourceVersion"]}
        if args.dry_run == "client":
            return {**scale, "spec": {**(scale.get("spec") or {}), "replicas": args.num}}
    answer: dict[str, Any] = client.request("PATCH", path, query, body, http.MERGE_PATCH).json()
    return answer
