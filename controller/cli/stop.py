"""`stop`: a set runs nothing until it is started again, whatever is applied meanwhile."""

from __future__ import annotations

from controller.cli import chosen, common, errors, objects, progress, stopping, text, watchstream

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from controller.cli.context import Context

    Key = tuple[str, str]

DESCRIPTION = """
Stops the workers of a set, and keeps them stopped until `workerctl start`: a re-apply does not undo it.
Returns once they are gone.
"""

EXAMPLES = """
  workerctl stop web
  workerctl stop -l tier=back
  workerctl stop --all --no-wait
"""

EXIT_CODES = {1: "no such set, or its workers were not gone in time"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("targets", nargs="*", metavar="NAME", help="a set; ws/NAME is the same")
    chosen.add_arguments(parser)
    parser.add_argument("--no-wait", action="store_true", help="do not wait until they are gone")
    common.add_timeout(parser, "2m", "how long to wait (2m)")


def run(args: argparse.Namespace, context: Context) -> int:
    targets = chosen.find(args, context, chosen.sets(args))
    if not targets:
        chosen.note_none(context)
    stopped: list[chosen.Target] = []

    def stop(target: chosen.Target) -> None:
        if stopping.is_suspended(stopping.read(context, target)):
            context.print(f"{target.title} was stopped already")
            return
        stopping.put(context, target, suspend=True)
        stopped.append(target)
        if args.no_wait:
            context.print(f"{target.title} stopping")

    code = chosen.each(context, targets, stop)
    if args.no_wait or not stopped:
        return code
    return _wait(context, stopped, args.timeout) or code


def _wait(context: Context, targets: list[chosen.Target], timeout: float) -> int:
    """Until no worker of them is left; each is said as it gets there."""
    left = {(str(target.namespace), target.name): target for target in targets}
    deadline = watchstream.Deadline(timeout)
    ticker = progress.Ticker(context) if context.is_terminal else None
    kind = targets[0].kind
    with watchstream.Mirror(context, kind, None, {}) as mirror:
        while True:
            for key in [key for key in left if _is_gone(mirror.objects.get(key))]:
                if ticker:
                    ticker.clear()
                context.print(f"{left.pop(key).title} stopped")
                context.stdout.flush()
            if not left:
                return errors.OK
            names = [name for _, name in left]
            if ticker:
                ticker.show(f"stopping {text.some_of(names, 3)}")
            if not mirror.wait(deadline):
                break
    if ticker:
        ticker.clear()
    context.note(f"not stopped in time: {text.some_of(names, 10)}")
    context.note(f"see workerctl describe ws {names[0]}")
    return errors.FAILED


def _is_gone(obj: stopping.Object | None) -> bool:
    """No process is left of it, and the status speaks of the stop."""
    if obj is None:
        return True
    return objects.is_observed(obj) and not (obj.get("status") or {}).get("replicas")
