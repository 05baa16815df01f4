"""`status`: one screen that answers "is everything well?", and if not, why."""

from __future__ import annotations

from controller import clock
from controller.cli import common, errors, facts, objects, overview, text
from controller.client import resources

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from controller.cli.context import Context

DESCRIPTION = """
Says whether everything that is declared is as declared, and for what is not, why, and when it is tried again.
What was stopped on purpose is well.
"""

EXAMPLES = """
  workerctl status
  workerctl status -o json
"""

EXIT_CODES = {
    0: "nothing has failed",
    1: "a set was given up, the project is in trouble, or no controller runs",
}

_EVENTS = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    common.add_output(parser, "json", "yaml")


def run(args: argparse.Namespace, context: Context) -> int:
    client = context.client()
    project = client.request("GET", "/workerset/v1/project").json()
    sets = common.list_objects(client, resources.WORKERSETS, None)
    pods = common.list_objects(client, resources.PODS, None)
    found = facts.gather(project, sets, pods)
    if args.output:
        from controller.cli import output

        context.stdout.write(output.dump(args.output, found.as_json()))
    else:
        _print(found, context)
    return errors.FAILED if found.has_failed else errors.OK


def _print(found: facts.Facts, context: Context) -> None:
    style = context.style
    context.print(style.bold(_head(found, context)))
    headline = found.headline()
    if not found.sets:
        context.print(headline)
        return
    bad = found.has_failed
    context.print(style.bad(headline) if bad else style.good(headline) if not found.unwell else headline)
    for trouble in found.troubles:
        context.print(f"  {style.bad(trouble)}")
    for group in (found.unwell, found.well):
        if group:
            context.print()
            overview.show(group, context)
    _print_warnings(found, context)


def _head(found: facts.Facts, context: Context) -> str:
    project = found.project
    pid = (project.get("pids") or {}).get("controller", "?")
    up = text.age_of(str(project.get("startedAt") or ""), clock.SystemClock().wall())
    since = "" if up.startswith("<") else f" up {up}"
    running = f"{found.running} of {text.plural(found.workers, 'worker')} running"
    sets = text.plural(len(found.sets), "set")
    return f"project {context.project_name}   controller {pid}{since}   {sets}, {running}"


def _print_warnings(found: facts.Facts, context: Context) -> None:
    """The last few warnings about sets that are not well."""
    names = {objects.key(obj) for obj in found.unwell}
    if not names:
        return
    events = common.list_objects(context.client(), resources.EVENTS, None)
    rows = []
    now = clock.SystemClock().wall()
    for event in sorted(events, key=lambda event: str(event.get("lastTimestamp") or "")):
        about = event.get("involvedObject") or {}
        owner = str(about.get("name") or "")
        if event.get("type") == "Warning" and (str(about.get("namespace") or ""), owner) in names:
            age = text.age_of(str(event.get("lastTimestamp") or ""), now)
            said = " ".join(str(event.get("message") or "").split())
            count = int(event.get("count") or 1)
            rows.append((f"  {age} ago", owner, said + (f" (x{count})" if count > 1 else "")))
    if rows:
        context.print()
        context.print("last warnings:")
        for line in text.columns(rows[-_EVENTS:]):
            context.print(line)
