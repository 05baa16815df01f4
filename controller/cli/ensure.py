"""`ensure`: have background workers run and wait until they are ready (S3), for people and for scripts."""

from __future__ import annotations

from controller.cli import asking, common, errors, tables, watchstream

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

    from controller.cli.context import Context

EXAMPLES = """
  workerctl ensure redis-watcher
  workerctl ensure cache:warm mail:watch --timeout 10s   # both at once, one deadline
  workerctl ensure ada --scope mail --no-wait
  workerctl ensure report -o name                        # pod/report-0, for logs and describe
"""
DESCRIPTION = """
Has the named background workers run, whichever set answers to each name, and returns when every one is ready.
All names are looked up first: if one cannot be had, none is started. They stay wanted, also when a manifest
is applied again or the controller is restarted, until `workerctl release` or their set's idle_timeout.
Called by a worker, it asks for that worker's set, in its namespace and scope, as the libraries do.
"""
EXIT_CODES = {
    **asking.EXIT_CODES,
    errors.CAP: "a catch-all runs as many names as it may; the message lists them",
    errors.GIVEN_UP: "a worker was given up; its captured failure is printed",
    errors.TIMED_OUT: "not all were ready in time; they go on starting",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="+", metavar="NAME", help="names of background workers")
    asking.add_scope(parser)
    common.add_timeout(parser, "30s", "how long to wait for all of them together (30s)")
    parser.add_argument("--no-wait", action="store_true", help="only until each has a process")
    common.add_output(parser, "json", "yaml", "name")


def run(args: argparse.Namespace, context: Context) -> int:
    from controller.cli import awaited

    deadline = watchstream.Deadline(args.timeout)
    asked = {"names": args.names, "wait": not args.no_wait, "timeout": args.timeout}
    body = {**asking.asker(context, args), **asked}
    shows = context.is_terminal and not asking.is_inside(context)
    line = awaited.Line(context, context.namespace(args), args.names, deadline) if shows else None
    found = asking.post(context, "/workerset/v1/ensure", body, deadline, line)["instances"]
    if args.output in ("json", "yaml"):
        from controller.cli import output

        context.stdout.write(output.dump(args.output, {"instances": found}))
        return errors.OK
    for instance in found:
        context.print(f"pod/{instance['worker']}" if args.output == "name" else _said(instance))
    return errors.OK


def _said(instance: dict[str, Any]) -> str:
    """`ada ready: mailbox-ada-1f0c9a2b, process 4711`."""
    state = "ready" if instance["ready"] else "started"
    process = f", process {instance['pid']}" if instance["pid"] else ""
    return f"{tables.cell(instance['name'])} {state}: {instance['worker']}{process}"
