"""Waiting until a change of a set has arrived: `rollout status`, `restart --wait`."""

from __future__ import annotations

from controller.cli import errors, objects, progress, watchstream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from controller.cli.chosen import Target
    from controller.cli.context import Context

DONE = "done"
FAILED = "failed"
GOING_ON = "going on"


def judge(obj: Mapping[str, Any]) -> tuple[str, str]:
    """Where a set is on its way, and the sentence for it. Pure."""
    name = objects.name(obj)
    if obj["metadata"].get("deletionTimestamp"):
        return FAILED, f"{name} is being deleted"
    if not objects.is_observed(obj):
        return GOING_ON, f"waiting for {name}: the controller has not seen the change yet"
    word, why = objects.state(obj), objects.why(obj)
    if word == "Failed":
        return FAILED, f"{name} failed: {why}" if why else f"{name} failed"
    if word == "Suspended":
        return DONE, f"{name} is stopped: workerctl start {name}"
    if word in objects.WELL:
        return DONE, ""
    status = obj.get("status") or {}
    counts = (
        f"{status.get('updatedReplicas') or 0} of {objects.wanted_num(obj)} updated, "
        f"{status.get('readyReplicas') or 0} ready"
    )
    return GOING_ON, f"waiting for {name}: {word}, {counts}" + (f": {why}" if why else "")


def wait_all(context: Context, targets: Iterable[Target], seconds: float) -> int:
    """All of them against one deadline; the worst exit code."""
    deadline = watchstream.Deadline(seconds)
    return max((wait(context, target, deadline) for target in targets), default=errors.OK)


def wait(context: Context, target: Target, deadline: watchstream.Deadline) -> int:
    """Show progress until it is done; the exit code says whether it went well."""
    query = watchstream.by_name(target.name)
    ticker = progress.Ticker(context)
    last = ""
    with watchstream.Mirror(context, target.kind, target.namespace, query) as mirror:
        while True:
            obj = next(iter(mirror.objects.values()), None)
            if obj is None:
                ticker.clear()
                if not last:
                    context.client().request("GET", target.path)  # raises NotFound
                context.note(f"{target.name} was deleted")
                return errors.FAILED
            verdict, last = judge(obj)
            if verdict == FAILED:
                ticker.clear()
                context.note(last)
                context.note(f"see workerctl describe ws {target.name}")
                return errors.FAILED
            if verdict == DONE:
                ticker.clear()
                if last:
                    context.note(last)
                context.print(f"{target.title} successfully rolled out")
                return errors.OK
            ticker.show(last)
            if not mirror.wait(deadline):
                ticker.clear()
                context.note(f"timed out {last}")
                return errors.FAILED
