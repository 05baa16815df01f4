"""`start`: lets go of what `stop` set; a set that its manifest suspends runs all the same."""

from __future__ import annotations

from controller.cli import chosen, common, errors, settled, stopping

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from controller.cli.context import Context

EXAMPLES = """
  workerctl start web
  workerctl start web --wait
  workerctl start --all
"""

EXIT_CODES = {1: "no such set, or (--wait) it failed or was not ready in time"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("targets", nargs="*", metavar="NAME", help="a set; ws/NAME is the same")
    chosen.add_arguments(parser)
    parser.add_argument("--wait", action="store_true", help="until it is ready; fail if it fails")
    common.add_timeout(parser, "2m", "how long --wait waits (2m)")


def run(args: argparse.Namespace, context: Context) -> int:
    targets = chosen.find(args, context, chosen.sets(args))
    if not targets:
        chosen.note_none(context)
    started: list[tuple[str, str]] = []

    def start(target: chosen.Target) -> None:
        was = stopping.is_suspended(stopping.read(context, target))
        if was and stopping.is_suspended(stopping.put(context, target, suspend=None)):
            stopping.put(context, target, suspend=False)
        started.append((str(target.namespace), target.name))
        context.print(f"{target.title} {'started' if was else 'was not stopped'}")
        context.stdout.flush()

    code = chosen.each(context, targets, start)
    if not args.wait or not started:
        return code
    boot = settled.Boot(context, started)
    verdict = boot.wait(args.timeout)
    lines = settled.explain(verdict, boot.objects)
    for line in lines:
        context.note(line)
    return errors.FAILED if lines else code
