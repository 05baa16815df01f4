"""`rollout pause|resume`: `spec.rollout.paused` under a field owner of its own, which no apply undoes."""

from __future__ import annotations

from controller.cli import chosen, errors, output, watchstream
from controller.client import http

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

    from controller.cli.context import Context

MANAGER = "workerctl-rollout"


def run(args: argparse.Namespace, context: Context, targets: list[chosen.Target]) -> int:
    report = output.Report(context, args)
    return chosen.each(context, targets, lambda target: _set(args, context, target, report))


def _set(args: argparse.Namespace, context: Context, target: chosen.Target, report: output.Report) -> None:
    pause = args.action == "pause"
    before: dict[str, Any] = context.client().request("GET", target.path).json()
    if not before["spec"].get("listen"):
        raise errors.CliError(
            f"only HTTP sets roll, this one is restarted in place: {target.name}",
            f"hold it with workerctl stop {target.name}",
        )
    done = "paused" if pause else "resumed"
    if bool((before["spec"].get("rollout") or {}).get("paused")) is pause:
        report.say(target.kind, target.name, f"was {done} already" if pause else "was not paused", before)
        return
    after = before if args.dry_run == "client" else _apply(args, context, target, pause)
    report.say(target.kind, target.name, done, after)


def _apply(args: argparse.Namespace, context: Context, target: chosen.Target, pause: bool) -> dict[str, Any]:
    """Server-side apply of this one field; resuming lets go of it, and overrides a manifest that pauses."""
    query: watchstream.Query = {
        "fieldManager": MANAGER,
        "force": True,
        "dryRun": "All" if args.dry_run == "server" else None,
    }
    body: dict[str, Any] = {
        "apiVersion": target.kind.api_version,
        "kind": target.kind.kind,
        "metadata": {"name": target.name, "namespace": target.namespace},
    }
    if pause:
        body["spec"] = {"rollout": {"paused": True}}
    after: dict[str, Any] = (
        context.client().request("PATCH", target.path, query, body, http.APPLY_PATCH).json()
    )
    if not pause and (after["spec"].get("rollout") or {}).get("paused"):
        body["spec"] = {"rollout": {"paused": False}}
        after = context.client().request("PATCH", target.path, query, body, http.APPLY_PATCH).json()
    return after
