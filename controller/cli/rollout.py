"""`rollout status|history|undo|restart|pause|resume`: how a change of a set goes, and back."""

from __future__ import annotations

from controller.cli import chosen, common, errors, flags, output
from controller.client import resources as kinds

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

    from controller.cli.context import Context

EXAMPLES = """
  workerctl rollout status web
  workerctl rollout history ws/web
  workerctl rollout history web --revision 2
  workerctl rollout undo web --to-revision 1
  workerctl rollout restart web
  workerctl rollout pause web
  workerctl rollout resume web
"""
DESCRIPTION = """
Status waits until the processes of a set run its newest template and are ready (exit 1: it failed, or the
timeout passed). History lists the templates it had, undo goes back to one, restart runs new processes.
Pause keeps an HTTP set on what it runs, whatever is changed, until resume.
"""
CHANGE_CAUSE = "kubernetes.io/change-cause"
_LABEL_SET = "workerset.dev/set"
_PAUSES = ("pause", "resume")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "action",
        choices=("status", "history", "undo", "restart", *_PAUSES),
        metavar="status|history|undo|restart|pause|resume",
        help="what to do",
    )
    parser.add_argument("targets", nargs="*", metavar="NAME", help="sets, as in web or ws/web")
    chosen.add_arguments(parser)
    flags.add_switch(parser, ["--watch", "-w"], default=True, help_text="status: wait")
    parser.add_argument(
        "--timeout",
        type=common.duration,
        default=None,
        metavar="DURATION",
        help="status: how long (no limit)",
    )
    parser.add_argument("--revision", type=int, metavar="N", help="history: show this one in full")
    parser.add_argument("--to-revision", type=int, metavar="N", help="undo: this one, not the one before")
    flags.add_dry_run(parser)
    output.add_argument(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    targets = chosen.find(args, context, chosen.sets(args))
    if not targets:
        chosen.note_none(context)
    for target in targets:
        if target.kind is not kinds.WORKERSETS:
            raise errors.UsageError(f"rollouts are of sets, not {target.kind.plural}: {target.name}")
    if args.action in _PAUSES:
        from controller.cli import pausing

        return pausing.run(args, context, targets)
    if args.action == "restart":
        return _restart(args, context, targets)
    if args.action == "undo":
        report = output.Report(context, args)
        return chosen.each(context, targets, lambda target: _undo(args, context, target, report))
    if args.action == "history":
        return chosen.each(context, targets, lambda target: _history(args, context, target))
    return _status(args, context, targets)


def _status(args: argparse.Namespace, context: Context, targets: list[chosen.Target]) -> int:
    from controller.cli import settling

    if args.watch == "true":
        return settling.wait_all(context, targets, args.timeout)
    for target in targets:
        verdict, sentence = settling.judge(context.client().request("GET", target.path).json())
        context.print(sentence or f"{target.title} successfully rolled out")
        if verdict == settling.FAILED:
            return errors.FAILED
    return errors.OK


def _restart(args: argparse.Namespace, context: Context, targets: list[chosen.Target]) -> int:
    from controller.cli import restart

    report, stamp = output.Report(context, args), restart.now()
    return chosen.each(context, targets, lambda target: restart.restart(args, context, target, report, stamp))


def _undo(args: argparse.Namespace, context: Context, target: chosen.Target, report: output.Report) -> None:
    client = context.client()
    before = client.request("GET", target.path).json()
    if args.dry_run != "none":
        revision = _pick(context, target, before, args.to_revision)
        report.say(target.kind, target.name, f"rolled back to revision {revision['revision']}")
        return
    body = {"toRevision": args.to_revision or None}
    path = f"/workerset/v1/rollback/{target.namespace}/{target.name}"
    after = client.request("POST", path, None, body).json()
    changed = before["metadata"].get("generation") != after["metadata"].get("generation")
    done = "rolled back" if changed else "not rolled back, it runs that revision already"
    report.say(target.kind, target.name, done, after)


def _pick(context: Context, target: chosen.Target, obj: dict[str, Any], number: int | None) -> dict[str, Any]:
    """The revision an undo would go to."""
    found = revisions(context, target, obj)
    if not number and len(found) > 1:
        return found[-2]
    for revision in found:
        if number and revision["revision"] == number:
            return revision
    there = ", ".join(str(revision["revision"]) for revision in found) or "none"
    raise errors.CliError(f"{target.title} has no such earlier revision", f"revisions: {there}")


def revisions(context: Context, target: chosen.Target, obj: dict[str, Any]) -> list[dict[str, Any]]:
    """The set's ControllerRevisions, oldest first (S1.11)."""
    uid = obj["metadata"].get("uid")
    items = common.list_objects(context.client(), kinds.REVISIONS, target.namespace)
    own: list[dict[str, Any]] = [item for item in items if _belongs(item, uid, target.name)]
    return sorted(own, key=lambda item: int(item["revision"]))


def _belongs(item: dict[str, Any], uid: str | None, name: str) -> bool:
    metadata = item["metadata"]
    owners = metadata.get("ownerReferences")
    if owners:
        return any(owner.get("uid") == uid for owner in owners)
    return bool((metadata.get("labels") or {}).get(_LABEL_SET) == name)


def _history(args: argparse.Namespace, context: Context, target: chosen.Target) -> None:
    obj = context.client().request("GET", target.path).json()
    found = revisions(context, target, obj)
    form = output.parse(args.output, context)
    if args.revision is not None:
        found = [_pick(context, target, obj, args.revision)]
    if not form.is_table:
        pairs = [(kinds.REVISIONS, output.shown(item)) for item in found]
        output.write(context, form, pairs, single=args.revision is not None)
        return
    context.print(target.title)
    if args.revision is not None:
        context.print(f"revision {args.revision}, {_cause(found[0])}")
        context.stdout.write(output.dump_yaml(found[0].get("data") or {}))
        return
    from controller.cli import tables

    printer = tables.Printer(context, ["REVISION", "CREATED", "CHANGE-CAUSE"])
    printer.rows(
        [[item["revision"], item["metadata"].get("creationTimestamp"), _cause(item)] for item in found]
    )


def _cause(item: dict[str, Any]) -> str:
    return str((item["metadata"].get("annotations") or {}).get(CHANGE_CAUSE) or "<none>")
